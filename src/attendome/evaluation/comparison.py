"""Models compared over cell types: the published table, with intervals and tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError
from attendome.evaluation.paired_tests import (
    Draws,
    Ranks,
    interval,
    pair_differences,
    rank_models,
)
from attendome.evaluation.predicted import Predicted, draw_scores
from attendome.evaluation.resampling import METRICS, Metric

_PAIR = ["cell_type", "model"]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    A model's value in a cell type is the mean over its seeds. All intervals are of 95%, from
    1,000 bootstrap resamples of the test genes, in which a gene counts alike in all cell types:
    they say how the scores depend on the genes tested, not on the choice of cell types nor on the
    training.

    Attributes:
        metric: ``auroc`` or ``pearson``.
        baseline: the model that the others are held against.
        summary: a row per model, best mean first: model, mean, low, high (its interval), median,
            max, min (over cell types), cell_types (how many), better (in how many of them its value
            is above the baseline's; missing for the baseline), compared (in how many both have a
            value), seed_sd (standard deviation over seeds, mean over cell types), seconds (mean of
            a run), parameters (the most in a cell type).
        by_cell_type: a row per cell type and model: cell_type, model, value, low, high, seeds,
            seed_sd.
        differences: a row per pair of models that share cell types, as ``pair_differences`` gives
            it.
        ranks: ranks over the cell types that all models share; None where that is senseless.
        notes: what must be known to read the tables rightly, a text each.
    """

    metric: Metric
    baseline: str
    summary: pd.DataFrame
    by_cell_type: pd.DataFrame
    differences: pd.DataFrame
    ranks: Ranks | None
    notes: tuple[str, ...]

    def values(self) -> pd.DataFrame:
        """Give the values as cell type × model, best model first; missing where there is none."""
        return _values(self.by_cell_type).reindex(columns=self.summary["model"])

    def against_baseline(self) -> pd.DataFrame:
        """Select the pairs with the baseline, with the difference of the model to it."""
        table = self.differences
        turned = table[table["model"] == self.baseline].copy()
        turned["model"] = turned["other"]
        turned[["difference", "low", "high"]] = -turned[["difference", "high", "low"]].to_numpy()
        pairs = pd.concat([table[table["other"] == self.baseline], turned])
        return pairs.drop(columns="other").reset_index(drop=True)


def compare_models(
    results: pd.DataFrame, predictions: Sequence[Predicted], *, baseline: str, seed: int = 0
) -> Comparison:
    """Compare models by their scores and predictions in cell types.

    Args:
        results: a row per run: cell_type, model, seed, status (``done`` or ``failed``), metric,
            value, seconds, parameters. A run that failed is left out; a model is left out in a cell
            type where a run of it is done but has no value.
        predictions: those of the runs that are done; the models of a cell type have the same genes
            in the same order.
        baseline: a model.
        seed: seed of the bootstrap.

    Raises:
        SettingsError: there is no model of the baseline's name.
        DataError: no run is done, runs have different metrics, or predictions and runs do not fit.
    """
    models = list(dict.fromkeys(results["model"]))
    if baseline not in models:
        raise SettingsError(f"Unknown baseline '{baseline}': {suggestion(baseline, models)}")
    results = results.reset_index(drop=True)
    done = results[results["status"] == "done"]
    scored = done[done["value"].notna().groupby([done[key] for key in _PAIR]).transform("all")]
    metric = _metric(scored)
    draws = draw_scores(scored, predictions, metric, seed)
    by_cell_type = _by_cell_type(scored, draws)
    summary = _summarise(models, scored, by_cell_type, draws, baseline)
    values = _values(by_cell_type).reindex(columns=summary["model"])
    differences, tested = pair_differences(values, draws)
    ranks, ranked = rank_models(values)
    notes = (*_left_out(results, scored), *tested, *ranked)
    return Comparison(metric, baseline, summary, by_cell_type, differences, ranks, notes)


def _metric(scored: pd.DataFrame) -> Metric:
    found = sorted(set(scored["metric"]))
    if not found:
        raise DataError("There is nothing to compare: no run ended with a score; see their errors.")
    if len(found) > 1 or found[0] not in METRICS:
        raise DataError(
            f"Expected runs that are all scored by one of {', '.join(METRICS)}, found "
            f"{', '.join(found)}; compare datasets of one task at a time."
        )
    metric: Metric = found[0]
    return metric


def _by_cell_type(scored: pd.DataFrame, draws: Draws) -> pd.DataFrame:
    table = scored.groupby(_PAIR, sort=False, as_index=False).agg(
        value=("value", "mean"), seeds=("value", "size"), seed_sd=("value", "std")
    )
    keys = zip(table["cell_type"], table["model"], strict=True)
    table[["low", "high"]] = [interval(draws[key]) for key in keys]
    return table[["cell_type", "model", "value", "low", "high", "seeds", "seed_sd"]]


def _values(by_cell_type: pd.DataFrame) -> pd.DataFrame:
    """Give the values as cell type × model, missing where there is none."""
    return by_cell_type.pivot_table(index="cell_type", columns="model", values="value", sort=False)


def _summarise(
    models: list[str],
    scored: pd.DataFrame,
    by_cell_type: pd.DataFrame,
    draws: Draws,
    baseline: str,
) -> pd.DataFrame:
    values = _values(by_cell_type).reindex(columns=models)
    above = values.drop(columns=baseline).sub(values[baseline], axis=0)
    mean_draws = {
        model: np.mean([draws[cell_type, model] for cell_type in values[model].dropna().index], 0)
        for model in models
        if values[model].notna().any()
    }
    intervals = {model: interval(mean) for model, mean in mean_draws.items()}
    runs = scored.groupby("model").agg(
        seconds=("seconds", "mean"), parameters=("parameters", "max")
    )
    table = pd.DataFrame(index=pd.Index(models, name="model"))
    table[["mean", "median", "max", "min"]] = values.agg(["mean", "median", "max", "min"]).T
    table["low"] = pd.Series({model: low for model, (low, _) in intervals.items()})
    table["high"] = pd.Series({model: high for model, (_, high) in intervals.items()})
    table["cell_types"] = values.notna().sum()
    table["better"] = (above > 0).sum().astype("Int64")
    table["compared"] = above.notna().sum().astype("Int64")
    table["seed_sd"] = by_cell_type.groupby("model")["seed_sd"].mean()
    table["seconds"] = runs["seconds"]
    table["parameters"] = runs["parameters"].astype("Int64")
    return table.sort_values("mean", ascending=False, kind="stable").reset_index()


def _left_out(results: pd.DataFrame, scored: pd.DataFrame) -> list[str]:
    """Say which runs do not count, and which means are over fewer cell types than others."""
    notes = []
    failed = int((results["status"] == "failed").sum())
    if failed:
        notes.append(f"{failed} of {len(results)} runs failed and count nowhere.")
    unscored = results[(results["status"] == "done") & ~results.index.isin(scored.index)]
    if len(unscored):
        pairs = unscored[_PAIR].drop_duplicates().itertuples(index=False)
        names = ", ".join(f"{model} in {cell_type}" for cell_type, model in pairs)
        notes.append(f"Runs without a score, so that the model is left out there: {names}.")
    empty = sorted(set(results["cell_type"]) - set(scored["cell_type"]))
    if empty:
        notes.append(f"No model has a score in {', '.join(empty)}.")
    cell_types = scored.groupby("model")["cell_type"].nunique()
    every = scored["cell_type"].nunique()
    fewer = [
        f"{model} ({cell_types.get(model, 0)})"
        for model in dict.fromkeys(results["model"])
        if cell_types.get(model, 0) < every
    ]
    if fewer:
        notes.append(
            f"The means of these models are over fewer than all {every} cell types; hold them "
            "against others by the differences, which are over shared cell types: "
            f"{', '.join(fewer)}."
        )
    return notes
