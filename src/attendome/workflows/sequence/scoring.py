"""From a trained model that reads DNA to what its scores are computed from."""

from collections.abc import Sequence
from typing import Any

from jaxtyping import Float, UInt8
from torch import Tensor, nn

from attendome.data import SequenceDataset
from attendome.errors import SettingsError
from attendome.evaluation.sequence.reach import Predict
from attendome.training.inference import device_of
from attendome.training.sequence.batches import strand_pair
from attendome.training.sequence.inference import Averaging, averaged, predict_regions
from attendome.training.sequence.losses import inner
from attendome.training.sequence.sums import RegionSums
from attendome.workflows.parts import Progress


def views_of(length: int, *, reverse_complement: bool, shifts: Sequence[int]) -> Averaging:
    """Say what predictions are averaged over: the sequence as it is, and what is asked for.

    Raises:
        SettingsError: a shift is as long as the sequence.
    """
    for shift in shifts:
        if abs(shift) >= length:
            raise SettingsError(f"A shift of {shift:,} bp leaves nothing of {length:,} bp.")
    every = tuple(dict.fromkeys((0, *shifts)))
    return Averaging(reverse_complement=reverse_complement, shifts=every)


def summed(
    model: nn.Module,
    data: SequenceDataset,
    averaging: Averaging,
    settings: dict[str, Any],
    progress: Progress,
) -> RegionSums:
    """Predict regions and sum up what is needed to score the predictions.

    Args:
        model: the model.
        data: the regions, as the model takes them.
        averaging: what predictions are averaged over.
        settings: of the run; its margin is left out at each end.
        progress: told how many regions are done, and of how many.
    """
    sums, done = RegionSums.of(data, device_of(model)), 0
    batch_size, workers = settings["batch_size"], settings["loader_workers"]
    for batch in predict_regions(model, data, averaging, batch_size=batch_size, workers=workers):
        observed, predicted = (
            inner(values, settings["margin"]) for values in (batch.observed, batch.predicted)
        )
        sums.add(batch.numbers, observed, predicted)
        done += len(batch.numbers)
        progress(done, len(data))
    return sums


def predictor(model: nn.Module, data: SequenceDataset, averaging: Averaging) -> Predict:
    """Give a function from sequences to the coverage that a model predicts for them."""
    model, device = model.eval(), device_of(model)
    pairs = strand_pair(data).to(device)

    def predict(
        sequence: UInt8[Tensor, "batch position"],
    ) -> Float[Tensor, "batch bin track"]:
        return averaged(model, sequence.to(device), pairs, averaging)

    return predict
