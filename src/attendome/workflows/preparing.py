"""Turn datasets into what a model is trained on: signal and target of the genes of each split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from attendome.data import ChromatinDataset
from attendome.data.joining import agree_on_splits, all_marks, check_same_layout, shared_marks
from attendome.errors import DataError
from attendome.models.readout import Readout
from attendome.training.batches import Genes, check_complete
from attendome.training.inference import model_input
from attendome.training.settings import FitSettings, TrainingSettings

Values = Float[np.ndarray, "gene"]
logger = logging.getLogger(__name__)
_TINY = 1e-6


@dataclass(frozen=True)
class Prepared:
    """What a model is trained on.

    Attributes:
        splits: the genes of ``train`` and ``valid``.
        readout: what a prediction means, before calibration.
    """

    splits: Mapping[str, Genes]
    readout: Readout


def agreed(datasets: Sequence[ChromatinDataset]) -> list[ChromatinDataset]:
    """Check that datasets can be trained on together, and make their splits agree.

    Raises:
        DataError: their bins differ, or signal is missing.
    """
    for dataset in datasets:
        check_complete(dataset)
    check_same_layout(datasets)
    together, moved = agree_on_splits(datasets)
    if moved:
        logger.info(
            "%d genes stand in different splits of the datasets; each is held out where it is so "
            "in any of them",
            moved,
        )
    return together


def marks_for(datasets: Sequence[ChromatinDataset], *, any_marks: bool) -> tuple[str, ...]:
    """Choose the marks of a model: all, where it takes genes that lack some, or the shared ones.

    Raises:
        DataError: no mark is shared.
    """
    if any_marks:
        return tuple(all_marks(datasets))
    shared = shared_marks(datasets)
    left_out = [mark for mark in all_marks(datasets) if mark not in shared]
    if left_out:
        logger.info("left out, since not all datasets have them: %s", ", ".join(left_out))
    return tuple(shared)


def prepare(
    datasets: Sequence[ChromatinDataset], marks: Sequence[str], settings: FitSettings
) -> Prepared:
    """Put the genes of all datasets together, split by split.

    Raises:
        DataError: a split is empty, or what is to be predicted is not known or always the same.
    """
    weighted = isinstance(settings, TrainingSettings) and settings.expression_weight > 0
    needed = settings.target == "expression" or weighted
    parts = {name: [data.split(name) for data in datasets] for name in ("train", "valid")}
    known = {name: _expression(of_split, needed=needed) for name, of_split in parts.items()}
    readout = _readout(settings, known["train"])
    splits = {}
    for name, of_split in parts.items():
        signal = torch.cat([model_input(part, marks) for part in of_split])
        expression = _standardised(known[name], known["train"])
        if settings.target == "expression" and expression is not None:
            splits[name] = Genes(signal, expression, expression)
        else:
            splits[name] = Genes(signal, _labels(of_split, name), expression)
    return Prepared(splits, readout)


def _expression(parts: Sequence[ChromatinDataset], *, needed: bool) -> Values | None:
    """Give the log expression of all genes; None where it is neither known nor needed."""
    try:
        return np.concatenate([part.log_expression() for part in parts])
    except DataError:
        if needed:
            raise
        return None


def _readout(settings: FitSettings, train: Values | None) -> Readout:
    if settings.target == "label" or train is None:
        return Readout()
    if train.std() == 0:
        raise DataError(f"The expression of all {len(train)} training genes is the same.")
    return Readout(target="expression", scale=float(train.std()), offset=float(train.mean()))


def _standardised(
    values: Values | None, train: Float[np.ndarray, "train_gene"] | None
) -> Float[Tensor, "gene"] | None:
    if values is None or train is None:
        return None
    return torch.from_numpy((values - train.mean()) / max(float(train.std()), _TINY))


def _labels(parts: Sequence[ChromatinDataset], split: str) -> Float[Tensor, "gene"]:
    labels = np.concatenate([part.labels() for part in parts])
    if labels.min() == labels.max():
        only = "on" if labels[0] else "off"
        raise DataError(
            f"{' and '.join(part.name for part in parts)}: all {len(labels)} genes of the split "
            f"'{split}' are labelled {only}; training needs genes of both classes there."
        )
    return torch.from_numpy(labels).float()
