"""Run a trained sequence model over the regions of a dataset."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, UInt8
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.data import SequenceDataset
from attendome.models.sequence.bases import one_hot
from attendome.training.inference import device_of
from attendome.training.sequence.augmentation import on_other_strand, reverse_complement, shifted
from attendome.training.sequence.batches import loader, strand_pair


class Averaging(Settings):
    """Which views of a sequence predictions are averaged over."""

    reverse_complement: bool = False
    """Whether over both strands."""
    shifts: tuple[int, ...] = Field(default=(0,), min_length=1)
    """Shifts in bp, such as (-1, 0, 1)."""


class PredictedRegions(NamedTuple):
    """Some regions, on the model's device.

    Attributes:
        numbers: of the regions in the dataset.
        predicted: expected coverage.
        observed: coverage, NaN where it is not known.
    """

    numbers: Int64[Tensor, "batch"]
    predicted: Float[Tensor, "batch bin track"]
    observed: Float[Tensor, "batch bin track"]


def predict_regions(
    model: nn.Module,
    data: SequenceDataset,
    averaging: Averaging | None = None,
    *,
    batch_size: int = 4,
    workers: int = 0,
) -> Iterator[PredictedRegions]:
    """Predict all regions of a dataset, in order, a batch at a time.

    Args:
        model: a sequence model; it is computed where it is, and is in evaluation mode afterwards.
        data: the regions.
        averaging: what predictions are averaged over; by default nothing.
        batch_size: regions at once.
        workers: processes that read regions ahead.
    """
    model = model.eval()
    device = device_of(model)
    pairs = strand_pair(data).to(device)
    for batch in loader(data, range(len(data)), batch_size, workers):
        with torch.no_grad():
            predicted = averaged(model, batch.sequence.to(device), pairs, averaging or Averaging())
        yield PredictedRegions(batch.number, predicted, batch.coverage.to(device).float())


def averaged(
    model: nn.Module,
    sequence: UInt8[Tensor, "batch position"],
    pairs: Int64[Tensor, "track"],
    averaging: Averaging,
) -> Float[Tensor, "batch bin track"]:
    """Predict sequences as the mean over the views that are asked for."""
    strands = (False, True) if averaging.reverse_complement else (False,)
    views = [(shift, reverse) for shift in averaging.shifts for reverse in strands]
    total = torch.zeros((), device=sequence.device)
    for shift, reverse in views:
        view = shifted(sequence, shift)
        predicted = model(one_hot(reverse_complement(view) if reverse else view))
        total = total + (on_other_strand(predicted, pairs) if reverse else predicted)
    return total / len(views)
