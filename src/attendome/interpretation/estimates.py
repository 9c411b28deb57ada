"""Means over genes with their intervals, from one set of resamples for all that is compared."""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

PerGene = Float[np.ndarray, " gene"]
Profiles = Float[np.ndarray, "gene place"]
Drawn = tuple[float, Float[np.ndarray, " resample"]]
"""A value, and what it is in each resample."""
RESAMPLES = 1000


class Resamples:
    """Bootstrap resamples of some genes; intervals are of 95%, from the percentiles.

    Args:
        genes: number of genes.
        seed: seed of the resamples.
    """

    def __init__(self, genes: int, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        drawn = generator.multinomial(genes, np.full(genes, 1 / genes), size=RESAMPLES)
        self._counts = drawn.astype(np.float64)

    def mean(self, values: PerGene, other: PerGene | None = None) -> dict[str, Any]:
        """Give the mean over the genes that have a value, with its interval.

        Args:
            values: one per gene, NaN where there is none.
            other: those of what the values are held against.

        Returns:
            ``value``, ``low``, ``high``, ``n`` (genes that count) and ``left_out`` (others). Where
            ``other`` is given these are of it, and ``difference``, ``difference_low`` and
            ``difference_high`` of ``values`` minus ``other``.
        """
        if other is None:
            return _estimate(self._mean(values)) | _counted(values)
        difference = _difference(self._mean(values - other))
        return _estimate(self._mean(other)) | _counted(other) | difference

    def mean_profiles(
        self, profiles: Profiles, target: Profiles, other: Profiles | None = None
    ) -> dict[str, Any]:
        """Correlate the mean profile of the genes with the mean of their targets.

        The arguments and what is given are those of ``mean``, with Pearson's r for the mean.
        """
        found, counted = self._of_means(profiles, target), _counted(profiles[:, 0])
        if other is None:
            return _estimate(found) | counted
        against = self._of_means(other, target)
        difference = found[0] - against[0], found[1] - against[1]
        return _estimate(against) | counted | _difference(difference)

    def _mean(self, values: PerGene) -> Drawn:
        known = np.isfinite(values)
        if not known.any():
            return np.nan, np.full(RESAMPLES, np.nan)
        weights = self._counts[:, known]
        with np.errstate(invalid="ignore"):  # a resample may hold none of the genes
            draws = weights @ values[known] / weights.sum(axis=1)
        return float(values[known].mean()), draws

    def _of_means(self, profiles: Profiles, target: Profiles) -> Drawn:
        every = np.ones((1, len(profiles)))
        whole = pearson(every @ profiles, every @ target)
        return float(whole[0]), pearson(self._counts @ profiles, self._counts @ target)


def pearson(profiles: Profiles, targets: Profiles) -> PerGene:
    """Correlate each row with that of the same place; NaN where one of them is constant."""
    x, y = profiles.astype(float), targets.astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.NearConstantInputWarning)
        found = stats.pearsonr(x, y, axis=1).statistic
    return np.where(_varies(x) & _varies(y), found, np.nan)


def ranked(profiles: Profiles) -> Profiles:
    """Give the ranks within each row, so that Pearson's r of them is Spearman's ρ."""
    return np.asarray(stats.rankdata(profiles, axis=1))


def _varies(rows: Profiles) -> Bool[np.ndarray, " gene"]:
    """Tell which rows vary by more than what rounding leaves."""
    varies: Bool[np.ndarray, " gene"] = np.ptp(rows, axis=1) > 1e-6 * np.abs(rows).max(axis=1)
    return varies


def _estimate(drawn: Drawn) -> dict[str, Any]:
    return dict(zip(("value", "low", "high"), _interval(drawn), strict=True))


def _difference(drawn: Drawn) -> dict[str, Any]:
    names = "difference", "difference_low", "difference_high"
    return dict(zip(names, _interval(drawn), strict=True))


def _interval(drawn: Drawn) -> tuple[float, float, float]:
    value, draws = drawn
    if np.isnan(draws).all():
        return value, np.nan, np.nan
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return value, float(low), float(high)


def _counted(values: PerGene) -> dict[str, Any]:
    known = int(np.isfinite(values).sum())
    return {"n": known, "left_out": len(values) - known}
