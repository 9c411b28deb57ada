"""Scores of many predictions over the same bootstrap resamples of the genes, quickly.

A resample is held as the number of times that each gene counts. A prediction is then sorted
once, not once per resample, and all resamples are scored together.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Float, Num, UInt8

Metric = Literal["auroc", "pearson"]
Values = Num[np.ndarray, "gene"]
Weights = Float[np.ndarray, "gene resample"]
Drawn = UInt8[np.ndarray, "gene resample"]

RESAMPLES = 1000
_PIECE = 2**19  # weights held at a time, 4 MB


def draw_weights(genes: int, seed: int) -> Drawn:
    """Draw how often each gene counts in each of 1,000 resamples.

    The counts are of Poisson's distribution with mean 1, each gene on its own (the Poisson
    bootstrap), so that a gene which is in several cell types is drawn alike in all of them.
    """
    counts = np.random.default_rng(seed).poisson(1, size=(genes, RESAMPLES))
    return counts.astype(np.uint8)


def resampled_scores(
    observed: Values,
    predicted: Num[np.ndarray, "prediction gene"],
    metric: Metric,
    drawn: Drawn,
) -> Float[np.ndarray, "prediction resample"]:
    """Score predictions for the same genes over resamples of these genes.

    Args:
        observed: label (0 or 1), or expression, per gene; not all the same.
        predicted: a row per prediction; only the order counts in AUROC.
        metric: the score.
        drawn: how often each gene counts in each resample.

    Returns:
        The scores; NaN where a resample has genes of one label, or of one expression, only.
    """
    score, size = METRICS[metric], max(1, _PIECE // len(observed))
    scores = np.empty((len(predicted), drawn.shape[1]))
    for start in range(0, drawn.shape[1], size):
        weights = drawn[:, start : start + size].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            for row, of_row in zip(predicted, scores, strict=True):
                of_row[start : start + size] = score(observed, row, weights)
    return scores


def weighted_auroc(
    observed: Values, predicted: Values, weights: Weights
) -> Float[np.ndarray, "resample"]:
    """Compute the area under the ROC curve for each column of weights.

    It is the weight of the pairs (gene on, gene off) that stand in the right order, ties counted
    half, over that of all pairs.

    Args:
        observed: label per gene, 0 or 1.
        predicted: anything that grows with the probability of on.
        weights: how often each gene counts; NaN comes of those where a label has no weight.
    """
    on, off = np.flatnonzero(observed == 1), np.flatnonzero(observed != 1)
    on, off = (part[np.argsort(predicted[part])] for part in (on, off))
    below = np.zeros((len(off) + 1, weights.shape[1]))
    np.cumsum(weights[off], axis=0, out=below[1:])
    first, last = (np.searchsorted(predicted[off], predicted[on], side) for side in _SIDES)
    weights_on = weights[on]
    area = np.einsum("gr,gr->r", weights_on, below[first])
    tied = first != last
    area += np.einsum("gr,gr->r", weights_on[tied], below[last[tied]] - below[first[tied]]) / 2
    scores: Float[np.ndarray, "resample"] = area / (weights_on.sum(axis=0) * below[-1])
    return scores


_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


def weighted_pearson(
    observed: Values, predicted: Values, weights: Weights
) -> Float[np.ndarray, "resample"]:
    """Compute Pearson's r for each column of weights; 0 where all predictions are the same.

    Args:
        observed: expression per gene.
        predicted: predicted expression per gene.
        weights: how often each gene counts; NaN comes of those where expression does not vary.
    """
    x, y = (values - values.mean(dtype=np.float64) for values in (observed, predicted))
    means = np.stack([x, y, x * x, y * y, x * y]) @ weights / weights.sum(axis=0)
    variance_x, variance_y = means[2] - means[0] ** 2, means[3] - means[1] ** 2
    # What rounding leaves of the variance of equal numbers is not a variance.
    varies = variance_y > 1e-12 * np.square(predicted, dtype=np.float64).mean()
    known = variance_x > 1e-12 * np.square(observed, dtype=np.float64).mean()
    covariance = np.where(varies, means[4] - means[0] * means[1], 0)
    r: Float[np.ndarray, "resample"] = covariance / np.sqrt(
        np.where(known, variance_x, np.nan) * np.where(varies, variance_y, 1)
    )
    return r


METRICS: dict[str, Callable[[Values, Values, Weights], Float[np.ndarray, "resample"]]] = {
    "auroc": weighted_auroc,
    "pearson": weighted_pearson,
}
