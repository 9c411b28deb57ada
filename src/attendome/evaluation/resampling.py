"""Scores of many predictions over the same bootstrap resamples of the genes, quickly.

A resample is held as the number of times that each gene was drawn. A prediction is then sorted
once, not once per resample, and all resamples are scored together.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from jaxtyping import Float, Num

Metric = Literal["auroc", "pearson"]
Values = Num[np.ndarray, "gene"]
Weights = Float[np.ndarray, "gene resample"]

RESAMPLES = 1000
_PIECE = 2**19  # weights held at a time, 4 MB


def resampled_scores(
    observed: Values,
    predicted: Num[np.ndarray, "prediction gene"],
    metric: Metric,
    *,
    name: str,
    seed: int,
) -> Float[np.ndarray, "prediction resample"]:
    """Score predictions for the same genes over 1,000 resamples of these genes.

    The resamples depend on ``name``, ``seed``, and what was observed, so that predictions scored
    in different calls can be compared resample by resample.

    Args:
        observed: label (0 or 1), or expression, per gene; not all the same.
        predicted: a row per prediction; only the order counts in AUROC.
        metric: the score.
        name: name of the cell type.
        seed: seed of the bootstrap.
    """
    score = METRICS[metric]
    pieces = [
        np.stack([score(observed, row, weights) for row in predicted])
        for weights in draw_weights(observed, name, seed)
    ]
    return np.concatenate(pieces, axis=1)


def draw_weights(observed: Values, name: str, seed: int) -> Iterator[Weights]:
    """Draw the resamples, some at a time.

    One in which all genes are the same has no score and is drawn again.

    Args:
        observed: label or expression per gene, not all the same.
        name: name of the cell type.
        seed: seed of the bootstrap.
    """
    genes = len(observed)
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    size = max(1, _PIECE // genes)
    for start in range(0, RESAMPLES, size):
        count = min(size, RESAMPLES - start)
        chosen = generator.integers(genes, size=(count, genes))
        while (same := _all_the_same(observed[chosen])).any():
            chosen[same] = generator.integers(genes, size=(int(same.sum()), genes))
        cells = chosen * count + np.arange(count)[:, None]
        drawn = np.bincount(cells.ravel(), minlength=genes * count)
        yield drawn.reshape(genes, count).astype(np.float64)


def _all_the_same(values: Num[np.ndarray, "resample gene"]) -> np.ndarray:
    same: np.ndarray = (values == values[:, :1]).all(axis=1)
    return same


def weighted_auroc(
    observed: Values, predicted: Values, weights: Weights
) -> Float[np.ndarray, "resample"]:
    """Compute the area under the ROC curve for each column of weights.

    It is the weight of the pairs (gene on, gene off) that stand in the right order, ties counted
    half, over that of all pairs.

    Args:
        observed: label per gene, 0 or 1.
        predicted: anything that grows with the probability of on.
        weights: how often each gene counts; genes of both labels have some weight.
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
        observed: expression per gene; not all the same among genes that have weight.
        predicted: predicted expression per gene.
        weights: how often each gene counts.
    """
    x, y = (values - values.mean(dtype=np.float64) for values in (observed, predicted))
    means = np.stack([x, y, x * x, y * y, x * y]) @ weights / weights.sum(axis=0)
    variance_x, variance_y = means[2] - means[0] ** 2, means[3] - means[1] ** 2
    # What rounding leaves of the variance of equal numbers is not a variance.
    varies = variance_y > 1e-12 * np.square(predicted, dtype=np.float64).mean()
    covariance = np.where(varies, means[4] - means[0] * means[1], 0)
    r: Float[np.ndarray, "resample"] = covariance / np.sqrt(
        variance_x * np.where(varies, variance_y, 1)
    )
    return r


METRICS: dict[str, Callable[[Values, Values, Weights], Float[np.ndarray, "resample"]]] = {
    "auroc": weighted_auroc,
    "pearson": weighted_pearson,
}
