"""Scores of on/off predictions, each with a bootstrap 95% interval."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional import classification as metrics

from attendome.models.outputs import ON_FROM

RESAMPLES = 1000
CALIBRATION_BINS = 10

Labels = np.ndarray[Any, np.dtype[np.int8]]
Probabilities = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Estimate:
    """A score with its 95% interval; None, with a note that says why, where it is not defined."""

    value: float | None
    low: float | None
    high: float | None
    note: str = ""


@dataclass(frozen=True)
class SplitScores:
    """Scores for the genes of one split.

    Attributes:
        split: the split that was scored.
        data: the dataset that was scored.
        n: number of genes.
    """

    split: str
    data: str
    n: int

    def estimates(self) -> dict[str, Estimate]:
        """Give the scores by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Estimate)}

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as in metrics.json."""
        return asdict(self)


@dataclass(frozen=True)
class Scores(SplitScores):
    """Scores of on/off predictions for the genes of one split.

    Attributes:
        on: genes labelled on.
        off: genes labelled off.
        threshold: probability from which a gene is called on, in accuracy, F1 and MCC.
        auroc: area under the ROC curve.
        auprc: average precision, the area under the precision-recall curve.
        accuracy: share of genes called right.
        f1: F1 of the genes that are on.
        mcc: Matthews' correlation coefficient.
        brier: mean squared error of the probability.
        calibration_error: expected calibration error over ten bins of equal width.
        brier_uncalibrated: the Brier score before calibration.
        calibration_error_uncalibrated: the calibration error before calibration.
    """

    on: int
    off: int
    threshold: float
    auroc: Estimate
    auprc: Estimate
    accuracy: Estimate
    f1: Estimate
    mcc: Estimate
    brier: Estimate
    calibration_error: Estimate
    brier_uncalibrated: Estimate
    calibration_error_uncalibrated: Estimate


Metric = Callable[[Tensor, Tensor], Tensor]


def score(
    labels: Labels,
    probabilities: Probabilities,
    uncalibrated: Probabilities | None = None,
    *,
    split: str,
    data: str,
    seed: int = 0,
) -> Scores:
    """Score predictions.

    The intervals are percentiles 2.5 and 97.5 over 1,000 bootstrap resamples of the genes, the same
    resamples for all scores; a resample in which a class is missing says nothing about AUROC,
    AUPRC, F1 and MCC and is passed over there.

    Args:
        labels: 1 = on, 0 = off, per gene.
        probabilities: predicted probability of on, per gene.
        uncalibrated: the same before calibration; by default there was none.
        split: name of the split, for the record.
        data: name of the dataset, for the record.
        seed: seed of the bootstrap.
    """
    on = int(labels.sum())
    note = ""
    if on in (0, len(labels)):
        missing = "on" if on == 0 else "off"
        note = f"not defined: none of the {len(labels)} genes in the split '{split}' is {missing}"
    y, p = torch.tensor(labels, dtype=torch.long), torch.tensor(probabilities)
    resamples = resample(len(y), seed)
    mixed = [chosen for chosen in resamples if 0 < y[chosen].sum() < len(y)]
    estimates = {
        name: Estimate(None, None, None, note)
        if needs_both and note
        else _estimate(metric, y, p, mixed if needs_both else resamples)
        for name, (metric, needs_both) in _METRICS.items()
    }
    for name in ("brier", "calibration_error"):
        metric, _ = _METRICS[name]
        estimates[f"{name}_uncalibrated"] = (
            estimates[name]
            if uncalibrated is None
            else _estimate(metric, y, torch.tensor(uncalibrated), resamples)
        )
    off = len(labels) - on
    return Scores(split, data, len(labels), on, off, ON_FROM, **estimates)


def resample(genes: int, seed: int) -> list[Tensor]:
    """Draw genes with replacement, as many as there are, 1,000 times."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(genes, (genes,), generator=generator) for _ in range(RESAMPLES)]


def _estimate(metric: Metric, y: Tensor, p: Tensor, resamples: list[Tensor]) -> Estimate:
    values = torch.stack([metric(p[chosen], y[chosen]) for chosen in resamples])
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(float(metric(p, y)), float(low), float(high))


def _called(metric: Metric, p: Tensor, y: Tensor) -> Tensor:
    return metric((p >= ON_FROM).long(), y)


def _brier(p: Tensor, y: Tensor) -> Tensor:
    return (p - y).square().mean()


def _matthews(called: Tensor, y: Tensor) -> Tensor:
    """Give Matthews' correlation; 0 where all genes are called the same, as scikit-learn has it.

    torchmetrics gives another number there.
    """
    counts = metrics.binary_confusion_matrix(called, y, validate_args=False).double()
    (tn, fp), (fn, tp) = counts
    product = counts.sum(dim=0).prod() * counts.sum(dim=1).prod()
    return (tp * tn - fp * fn) / product.sqrt() if product else product


def _unchecked(metric: Callable[..., Tensor], **options: int) -> Metric:
    """Leave out the checks of the input, which would take most of the time of 1,000 resamples."""
    return partial(metric, validate_args=False, **options)


# By name: the metric, and whether it needs genes of both classes.
_METRICS: dict[str, tuple[Metric, bool]] = {
    "auroc": (_unchecked(metrics.binary_auroc), True),
    "auprc": (_unchecked(metrics.binary_average_precision), True),
    "accuracy": (partial(_called, _unchecked(metrics.binary_accuracy)), False),
    "f1": (partial(_called, _unchecked(metrics.binary_f1_score)), True),
    "mcc": (partial(_called, _matthews), True),
    "brier": (_brier, False),
    "calibration_error": (
        _unchecked(metrics.binary_calibration_error, n_bins=CALIBRATION_BINS),
        False,
    ),
}
