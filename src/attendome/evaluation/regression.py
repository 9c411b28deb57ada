"""Scores of predicted log expression, each with a bootstrap 95% interval."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import rankdata
from sklearn.metrics import r2_score

from attendome.evaluation.scores import Estimate, SplitScores, resample

Values = Float[np.ndarray, "gene"]


@dataclass(frozen=True)
class RegressionScores(SplitScores):
    """Scores of predicted log expression for the genes of one split.

    Attributes:
        unit: unit of the expression.
        pearson: Pearson's correlation of predicted and observed.
        spearman: Spearman's rank correlation.
        r2: coefficient of determination, 1 − SS_res / SS_tot; below 0 where the mean of the genes
            would have been a better prediction.
    """

    unit: str
    pearson: Estimate
    spearman: Estimate
    r2: Estimate


def score_regression(
    observed: Values, predicted: Values, *, split: str, data: str, unit: str, seed: int = 0
) -> RegressionScores:
    """Score predictions of log expression.

    The intervals are percentiles 2.5 and 97.5 over 1,000 bootstrap resamples of the genes, the same
    resamples for all scores; a resample whose values are all the same is passed over.

    Args:
        observed: log expression per gene.
        predicted: predicted log expression per gene.
        split: name of the split, for the record.
        data: name of the dataset, for the record.
        unit: unit of the expression, for the record.
        seed: seed of the bootstrap.
    """
    y, p = observed.astype(float), predicted.astype(float)
    resamples = [chosen.numpy() for chosen in resample(len(y), seed)]
    usable = [chosen for chosen in resamples if np.ptp(y[chosen]) > 0 and np.ptp(p[chosen]) > 0]
    estimates = {}
    for name, metric in _METRICS.items():
        if np.ptp(y) == 0 or np.ptp(p) == 0:
            which = "observed" if np.ptp(y) == 0 else "predicted"
            note = f"not defined: the {which} expression of all {len(y)} genes is the same"
            estimates[name] = Estimate(None, None, None, note)
            continue
        values = [metric(y[chosen], p[chosen]) for chosen in usable]
        low, high = np.percentile(values, [2.5, 97.5])
        estimates[name] = Estimate(float(metric(y, p)), float(low), float(high))
    return RegressionScores(split, data, len(y), unit, **estimates)


def _pearson(y: Values, p: Values) -> float:
    return float(np.corrcoef(y, p)[0, 1])


def _spearman(y: Values, p: Values) -> float:
    return _pearson(rankdata(y), rankdata(p))


def _r2(y: Values, p: Values) -> float:
    return float(r2_score(y, p))


_METRICS: dict[str, Callable[[Values, Values], float]] = {
    "pearson": _pearson,
    "spearman": _spearman,
    "r2": _r2,
}
