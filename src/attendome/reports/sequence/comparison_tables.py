"""The tables of a comparison of sequence models, as texts."""

import pandas as pd

from attendome.evaluation.sequence.comparison import SequenceComparison
from attendome.reports.comparison_tables import UNKNOWN, interval, number

STRUCTURE = ("dilated", "attention_layers", "heads", "position")


def summary_cells(comparison: SequenceComparison, results: pd.DataFrame) -> pd.DataFrame:
    """Give the paper's table: a row per model, best first.

    Args:
        comparison: what was found.
        results: a row per run.
    """
    done = results[results["status"] == "done"]
    runs = done.groupby("model").agg(dict.fromkeys(STRUCTURE, "first") | {"step_seconds": "mean"})
    runs = runs.reindex(comparison.summary["model"])
    every = comparison.by_dataset["dataset"].nunique()
    rows = [
        {**_names(model, run, every), **_scores(model), **_costs(model, run)}
        for (_, model), (_, run) in zip(comparison.summary.iterrows(), runs.iterrows(), strict=True)
    ]
    return pd.DataFrame(rows).drop(columns=[] if every > 1 else "Datasets")


def _names(model: pd.Series, run: pd.Series, every: int) -> dict[str, str]:
    attends = bool(run["attention_layers"] > 0)
    return {
        "Model": model["model"] + ("†" if model["datasets"] < every else ""),
        "Dilated": {True: "yes", False: "no"}.get(run["dilated"], UNKNOWN),
        "Attention layers": f"{run['attention_layers']:.0f}" if attends else UNKNOWN,
        "Heads": f"{run['heads']:.0f}" if attends else UNKNOWN,
        "f": run["position"] if attends else UNKNOWN,
    }


def _scores(model: pd.Series) -> dict[str, str]:
    r, r2 = (
        interval(pd.Series({end: model[f"{metric}_{end}"] for end in ("low", "high")}))
        for metric in ("pearson", "r2")
    )
    return {
        "Mean r": number(model["pearson"]),
        "95% interval": r,
        "SD over seeds": number(model["pearson_seed_sd"]),
        "Mean R²": number(model["r2"]),
        "95% interval of R²": r2,
    }


def _costs(model: pd.Series, run: pd.Series) -> dict[str, str]:
    return {
        "Datasets": str(model["datasets"]),
        "Parameters": UNKNOWN if pd.isna(model["parameters"]) else f"{model['parameters']:,}",
        "Seconds a step": number(run["step_seconds"], ".3g"),
    }


def assay_cells(comparison: SequenceComparison, metric: str) -> pd.DataFrame:
    """Give the values of a score as model × assay, as texts."""
    table = comparison.by_assay[comparison.by_assay["metric"] == metric]
    order = dict.fromkeys(table["assay"])
    values = table.pivot_table(index="model", columns="assay", values="value", sort=False)
    return values[list(order)].map(number).rename_axis(index="Model", columns=None).reset_index()


def notes(comparison: SequenceComparison, results: pd.DataFrame) -> list[str]:
    """Say how to read the table of models, a text each."""
    machines = ", ".join(dict.fromkeys(results["machine"].dropna()))
    texts = [
        "Scores of a track are over all bins of the test regions; the table gives means over "
        "tracks, then over seeds. r is Pearson's (the paper's ρ); R² is 1 − SS_res / SS_tot (the "
        "paper's r²). Intervals: 95%, by a bootstrap of the regions; how r depends on the training "
        "is said by its SD over seeds.",
        "f: how the distance of two bins enters the score of their attention.",
        "Seconds a step: those of training, validation included, over the steps of the optimiser, "
        f"each run on {machines}; a run that was resumed does not count.",
        *comparison.notes,
    ]
    every = comparison.by_dataset["dataset"].nunique()
    if (comparison.summary["datasets"] < every).any():
        texts.append("† Mean over fewer datasets.")
    return texts
