"""Tests of whether models differ, on the same genes and over the same cell types."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy import stats
from statsmodels.stats.multitest import multipletests

Draws = dict[tuple[str, str], Float[np.ndarray, "resample"]]
"""Values of a model (second) in a cell type (first) over the resamples of its genes."""

CORRECTION = "Holm"
FEWEST_CELL_TYPES = 6
_SIGNIFICANT = 0.05
_TESTS = ("p_bootstrap", "p_wilcoxon")


@dataclass(frozen=True)
class Ranks:
    """Ranks of models over the cell types that all of them share.

    Attributes:
        mean: mean rank of each model, 1 = best, best first.
        cell_types: number of cell types.
        p_friedman: p of Friedman's test that all models are alike.
        p_nemenyi: p of Nemenyi's test for each pair ``[model, other]``, which is corrected for
            their number.
        critical_difference: difference of mean ranks from which Nemenyi's p is below .05.
    """

    mean: pd.Series
    cell_types: int
    p_friedman: float
    p_nemenyi: pd.DataFrame
    critical_difference: float


def interval(draws: Float[np.ndarray, "resample"]) -> tuple[float, float]:
    """Give percentiles 2.5 and 97.5 of the resamples that have a value."""
    if np.isnan(draws).all():
        return float("nan"), float("nan")
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)


def pair_differences(values: pd.DataFrame, draws: Draws) -> tuple[pd.DataFrame, list[str]]:
    """Test the difference of each pair of models over the cell types that both have.

    The bootstrap takes the same resamples of genes for both models. Its p is that of the normal
    distribution with the bootstrap's standard error: the share of 1,000 resamples beyond 0 cannot
    be small enough to outlast the correction for a hundred pairs.

    Args:
        values: cell type × model, best model first; missing where there is none.
        draws: resampled values, for each value that there is.

    Returns:
        A row per pair, in the order of the models: model, other, cell_types (shared), difference
        (of the means over them), low, high, p_bootstrap, p_wilcoxon (over cell types; missing for
        fewer than 6), p_bootstrap_holm, p_wilcoxon_holm (each corrected for the number of pairs
        that have that test; two-sided, as all). And what must be known to read it, a text each.
    """
    rows = []
    for model, other in combinations(values.columns, 2):
        pair = values[[model, other]].dropna()
        if len(pair):
            between = [draws[c, model] - draws[c, other] for c in pair.index]
            rows.append(
                {"model": model, "other": other, "cell_types": len(pair)}
                | _difference(pair[model] - pair[other], np.mean(between, axis=0))
            )
    columns = ["model", "other", "cell_types", "difference", "low", "high", *_TESTS]
    table = pd.DataFrame(rows, columns=columns)
    for test in _TESTS:
        known = table[test].notna()
        table[f"{test}_holm"] = np.nan
        if known.any():
            corrected = multipletests(table.loc[known, test], method="holm")[1]
            table.loc[known, f"{test}_holm"] = corrected
    return table, _notes(table)


def _difference(by_cell_type: pd.Series, draws: Float[np.ndarray, "resample"]) -> dict[str, float]:
    difference, error = float(by_cell_type.mean()), float(np.nanstd(draws))
    low, high = interval(draws)
    errors = abs(difference) / error if error else np.inf if difference else 0
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p_bootstrap": float(2 * stats.norm.sf(errors)),
        "p_wilcoxon": _wilcoxon(by_cell_type),
    }


def _wilcoxon(by_cell_type: pd.Series) -> float:
    if len(by_cell_type) < FEWEST_CELL_TYPES:
        return float("nan")
    return float(stats.wilcoxon(by_cell_type).pvalue) if by_cell_type.any() else 1.0


def _notes(table: pd.DataFrame) -> list[str]:
    few = table.loc[table["p_wilcoxon"].isna(), "cell_types"]
    if few.empty:
        return []
    smallest = ", ".join(f"{2 / 2**n:.2g} with {n}" for n in sorted(set(few)))
    return [
        f"No Wilcoxon test of the pairs that share fewer than {FEWEST_CELL_TYPES} cell types: the "
        f"smallest p it can have is {smallest}."
    ]


def rank_models(values: pd.DataFrame) -> tuple[Ranks | None, list[str]]:
    """Rank the models in each cell type that all have, and test whether the mean ranks differ.

    Args:
        values: cell type × model; missing where there is none. Models without any are left out.

    Returns:
        The ranks, and why there are none where there are fewer than three models or two cell types.
    """
    shared = values.dropna(axis="columns", how="all").dropna()
    cell_types, models = shared.shape
    if models < 3 or cell_types < 2:
        return None, [
            "No ranks and no critical-difference diagram: they need at least three models that "
            f"share at least two cell types, here {models} models share {cell_types}."
        ]
    ranks = shared.rank(axis="columns", ascending=False)
    mean = ranks.mean().sort_values(kind="stable")
    p = 1.0 if ranks.eq(ranks.iloc[:, 0], axis=0).all(axis=None) else _friedman(shared)
    # The distance of two mean ranks, in units of the studentized range.
    unit = np.sqrt(models * (models + 1) / (12 * cell_types))
    apart = np.abs(np.subtract.outer(mean.to_numpy(), mean.to_numpy())) / unit
    pairs = stats.studentized_range.sf(apart, models, np.inf)
    critical = stats.studentized_range.ppf(1 - _SIGNIFICANT, models, np.inf) * unit
    nemenyi = pd.DataFrame(pairs, mean.index, mean.index)
    return Ranks(mean, cell_types, p, nemenyi, float(critical)), []


def _friedman(shared: pd.DataFrame) -> float:
    return float(stats.friedmanchisquare(*shared.to_numpy().T).pvalue)
