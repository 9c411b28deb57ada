"""Sequence models compared over tracks, assays and datasets, with intervals and tests."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float64

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError
from attendome.evaluation.paired_tests import Draws, interval, pair_differences
from attendome.evaluation.sequence.resampling import ALL_TRACKS, METRICS, Metric
from attendome.evaluation.sequence.run_scores import Load, score_runs

_GROUP = ["assay", "metric"]
_WILCOXON = ["p_wilcoxon", "p_wilcoxon_holm"]  # over datasets, of which there are few


@dataclass(frozen=True)
class SequenceComparison:
    """What a comparison of sequence models found.

    A model's value in a dataset is the mean over its seeds of the mean over tracks. All intervals
    are of 95%, from 1,000 bootstrap resamples of the regions scored, the same for all models: they
    say how the scores depend on these regions, not on the choice of tracks, which are not
    independent of each other, nor on the training.

    Attributes:
        baseline: the model that the others are held against.
        summary: a row per model, best mean r first: model; pearson, pearson_low, pearson_high,
            pearson_seed_sd, and the same of r2 (means over all tracks, then over datasets; standard
            deviation over seeds); datasets (how many), seconds (mean of a run), parameters (the
            most in a dataset).
        by_assay: a row per model, assay and score, in the order of the summary: model, assay (``all
            tracks`` first), metric (``pearson`` or ``r2``), value, low, high, seed_sd, datasets.
        by_dataset: a row per model, dataset, assay and score: model, dataset, assay, metric, value,
            low, high, seeds, seed_sd.
        differences: a row per assay, score and pair of models that share datasets: assay, metric,
            model, other, datasets (shared), difference, low, high, p_bootstrap, p_bootstrap_holm
            (corrected for the number of pairs), as ``pair_differences`` gives them.
        notes: what must be known to read the tables rightly, a text each.
    """

    baseline: str
    summary: pd.DataFrame
    by_assay: pd.DataFrame
    by_dataset: pd.DataFrame
    differences: pd.DataFrame
    notes: tuple[str, ...]

    def against_baseline(self, metric: Metric = "pearson", assay: str = ALL_TRACKS) -> pd.DataFrame:
        """Select the pairs with the baseline, with the difference of the model to it."""
        table = _chosen(self.differences, metric, assay)
        turned = table[table["model"] == self.baseline].copy()
        turned["model"] = turned["other"]
        turned[["difference", "low", "high"]] = -turned[["difference", "high", "low"]].to_numpy()
        pairs = pd.concat([table[table["other"] == self.baseline], turned])
        return pairs.drop(columns="other").reset_index(drop=True)


def compare_sequence_models(
    results: pd.DataFrame, load: Load, *, baseline: str, seed: int = 0
) -> SequenceComparison:
    """Compare models by the sums of their predictions.

    Args:
        results: a row per run: dataset, model, seed, status (``done`` or ``failed``), run, seconds,
            parameters. A run that failed is left out.
        load: gives the sums of a run by its entry in the column ``run``; they are let go of before
            the next are asked for.
        baseline: a model.
        seed: seed of the bootstrap.

    Raises:
        SettingsError: there is no model of the baseline's name.
        DataError: no run is done, none of the tracks can be scored, or the runs of a dataset were
            not scored on the same regions, bins and tracks.
    """
    models = list(dict.fromkeys(results["model"]))
    if baseline not in models:
        raise SettingsError(f"Unknown baseline '{baseline}': {suggestion(baseline, models)}")
    done = results[results["status"] == "done"]
    if done.empty:
        raise DataError("There is nothing to compare: no run ended with a score; see their errors.")
    runs, notes = score_runs(done, load, seed)
    by_dataset = _over_seeds(runs)
    by_assay = _over_datasets(by_dataset)
    summary = _summarise(models, by_assay, done)
    differences = _differences(by_dataset, summary["model"].tolist())
    return SequenceComparison(
        baseline=baseline,
        summary=summary,
        by_assay=by_assay.drop(columns="draws"),
        by_dataset=by_dataset.drop(columns="draws"),
        differences=differences,
        notes=(*_left_out(results, summary), *notes),
    )


def _over_seeds(runs: pd.DataFrame) -> pd.DataFrame:
    """Give the mean over the seeds; best model first."""
    overall = _chosen(runs, "pearson").groupby(["model", "dataset"])["value"].mean()
    rank = overall.groupby("model").mean().rank(ascending=False)
    runs = runs.sort_values("model", key=lambda models: models.map(rank), kind="stable")
    table = runs.groupby(["model", "dataset", *_GROUP], sort=False, as_index=False).agg(
        value=("value", "mean"),
        seeds=("value", "size"),
        seed_sd=("value", "std"),
        draws=("draws", _mean),
    )
    return _with_intervals(table)


def _over_datasets(by_dataset: pd.DataFrame) -> pd.DataFrame:
    """Give the mean over the datasets."""
    table = by_dataset.groupby(["model", *_GROUP], sort=False, as_index=False).agg(
        value=("value", "mean"),
        seed_sd=("seed_sd", "mean"),
        datasets=("value", "size"),
        draws=("draws", _mean),
    )
    return _with_intervals(table)


def _mean(draws: pd.Series) -> Float64[np.ndarray, "resample"]:
    mean: Float64[np.ndarray, "resample"] = np.mean(draws.tolist(), axis=0)
    return mean


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    table[["low", "high"]] = [interval(draws) for draws in table["draws"]]
    return table


def _chosen(table: pd.DataFrame, metric: Metric, assay: str = ALL_TRACKS) -> pd.DataFrame:
    return table[(table["metric"] == metric) & (table["assay"] == assay)]


def _summarise(models: list[str], by_assay: pd.DataFrame, done: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame(index=pd.Index(models, name="model"))
    for metric in METRICS:
        rows = _chosen(by_assay, metric).set_index("model")
        table[metric] = rows["value"]
        for name in ("low", "high", "seed_sd"):
            table[f"{metric}_{name}"] = rows[name]
        table["datasets"] = rows["datasets"]
    runs = done.groupby("model")
    table["seconds"] = runs["seconds"].mean()
    table["parameters"] = runs["parameters"].max().astype("Int64")
    table["datasets"] = table["datasets"].fillna(0).astype(int)
    return table.sort_values("pearson", ascending=False, kind="stable").reset_index()


def _differences(by_dataset: pd.DataFrame, models: list[str]) -> pd.DataFrame:
    testable = by_dataset[by_dataset["low"].notna()]
    tables = []
    for assay in by_dataset["assay"].unique():
        for metric in METRICS:
            rows = _chosen(testable, metric, assay)
            values = rows.pivot_table(index="dataset", columns="model", values="value", sort=False)
            keys = zip(rows["dataset"], rows["model"], strict=True)
            draws: Draws = dict(zip(keys, rows["draws"], strict=True))
            known = [model for model in models if model in values]
            table, _ = pair_differences(values.reindex(columns=known), draws)
            tables.append(table.assign(assay=assay, metric=metric))
    table = pd.concat(tables, ignore_index=True).rename(columns={"cell_types": "datasets"})
    return table.drop(columns=_WILCOXON).set_index(_GROUP).reset_index()


def _left_out(results: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Say which runs do not count, and which means are over fewer datasets than others."""
    notes = []
    failed = int((results["status"] == "failed").sum())
    if failed:
        notes.append(f"{failed} of {len(results)} runs failed and count nowhere.")
    fewer = summary[summary["datasets"] < summary["datasets"].max()]
    if len(fewer):
        names = ", ".join(f"{row.model} ({row.datasets})" for row in fewer.itertuples())
        notes.append(
            "The means of these models are over fewer datasets than others; hold them against "
            f"others by the differences, which are over shared datasets: {names}."
        )
    return notes
