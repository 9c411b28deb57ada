"""Scores of on/off predictions, each with a bootstrap 95% interval."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn import metrics
from torchmetrics.functional.classification import binary_calibration_error

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
class Scores:
    """Scores of on/off predictions for the genes of one split.

    Attributes:
        split: the split that was scored.
        data: the dataset that was scored.
        n: number of genes.
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
    """

    split: str
    data: str
    n: int
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

    def estimates(self) -> dict[str, Estimate]:
        """Give the scores by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Estimate)}

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as in metrics.json."""
        return asdict(self)


Metric = Callable[[Labels, Probabilities], float]


def score(
    labels: Labels, probabilities: Probabilities, *, split: str, data: str, seed: int = 0
) -> Scores:
    """Score predictions.

    The intervals are percentiles 2.5 and 97.5 over 1,000 bootstrap resamples of the genes, the same
    resamples for all scores; a resample in which a class is missing says nothing about AUROC,
    AUPRC, F1 and MCC and is passed over there.

    Args:
        labels: 1 = on, 0 = off, per gene.
        probabilities: predicted probability of on, per gene.
        split: name of the split, for the record.
        data: name of the dataset, for the record.
        seed: seed of the bootstrap.
    """
    on = int(labels.sum())
    note = ""
    if on in (0, len(labels)):
        missing = "on" if on == 0 else "off"
        note = f"not defined: none of the {len(labels)} genes in the split '{split}' is {missing}"
    generator = np.random.default_rng(seed)
    resamples = [generator.integers(len(labels), size=len(labels)) for _ in range(RESAMPLES)]
    mixed = [chosen for chosen in resamples if 0 < labels[chosen].sum() < len(labels)]
    estimates = {
        name: Estimate(None, None, None, note)
        if needs_both and note
        else _estimate(metric, labels, probabilities, mixed if needs_both else resamples)
        for name, (metric, needs_both) in _METRICS.items()
    }
    off = len(labels) - on
    return Scores(split, data, len(labels), on, off, ON_FROM, **estimates)


def _estimate(
    metric: Metric,
    labels: Labels,
    probabilities: Probabilities,
    resamples: list[np.ndarray[Any, np.dtype[np.int64]]],
) -> Estimate:
    values = [metric(labels[chosen], probabilities[chosen]) for chosen in resamples]
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(float(metric(labels, probabilities)), float(low), float(high))


def _called(metric: Callable[[Labels, Any], float], y: Labels, p: Probabilities) -> float:
    return metric(y, p >= ON_FROM)


def _calibration_error(y: Labels, p: Probabilities) -> float:
    predicted, observed = torch.tensor(p), torch.tensor(y, dtype=torch.long)
    return binary_calibration_error(predicted, observed, n_bins=CALIBRATION_BINS).item()


_METRICS: dict[str, tuple[Metric, bool]] = {
    "auroc": (metrics.roc_auc_score, True),
    "auprc": (metrics.average_precision_score, True),
    "accuracy": (partial(_called, metrics.accuracy_score), False),
    "f1": (partial(_called, metrics.f1_score), True),
    "mcc": (partial(_called, metrics.matthews_corrcoef), True),
    "brier": (metrics.brier_score_loss, False),
    "calibration_error": (_calibration_error, False),
}
