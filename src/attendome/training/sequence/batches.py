"""Regions of a sequence dataset, read from disk when they are asked for."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from attendome.data import SequenceDataset
from attendome.training.batches import EpochOrder, process
from attendome.training.sequence.augmentation import (
    View,
    drawn_view,
    on_other_strand,
    reverse_complement,
    shifted,
)
from attendome.training.sequence.settings import SequenceTrainingSettings


class Region(NamedTuple):
    """One region, or a batch of them.

    Attributes:
        number: of the region in its dataset.
        sequence: A C G T N = 0..4; a sixteenth of one-hot in float32, which is for the model's
            device to make.
        coverage: float16 or float32, as stored.
    """

    number: Int64[Tensor, "*batch"]
    sequence: UInt8[Tensor, "*batch position"]
    coverage: Float[Tensor, "*batch bin track"]


class Regions(Dataset[Region]):
    """The regions of a dataset, or of one of its splits, one by one, by number or by view.

    It can be sent to worker processes: what is sent are the tables and where the dataset is stored.
    """

    def __init__(self, data: SequenceDataset) -> None:
        self.data = data
        self.strand_pair = strand_pair(data)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, item: int | View) -> Region:
        view = item if isinstance(item, View) else View(item)
        sequence, coverage = map(torch.from_numpy, self.data.read(view.region))
        sequence = shifted(sequence, view.shift)
        if view.reverse_complement:
            sequence = reverse_complement(sequence)
            coverage = on_other_strand(coverage, self.strand_pair)
        return Region(torch.tensor(view.region), sequence, coverage)


def strand_pair(data: SequenceDataset) -> Int64[Tensor, "track"]:
    """Give the number of the track of the other strand for each track, or its own."""
    return torch.from_numpy(data.tracks["strand_pair"].to_numpy("int64", copy=True))


class AugmentedOrder(Sampler[View]):
    """The order of an epoch, each region with the view that is drawn for it."""

    def __init__(self, regions: int, settings: SequenceTrainingSettings) -> None:
        self.order = EpochOrder(regions, settings.batch_size, settings.seed)
        self.settings = settings

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each epoch but the first of a fit."""
        self.order.set_epoch(epoch)

    def __len__(self) -> int:
        _, world = process()
        return math.ceil(self.order.items / world)

    def __iter__(self) -> Iterator[View]:
        for batch in self.order:
            for region in batch:
                yield drawn_view(region, self.order.epoch, self.settings)


class Share(Sampler[int]):
    """What this process scores: an equal number in each, a few twice where they do not divide."""

    def __init__(self, regions: int) -> None:
        self.regions = regions

    def __len__(self) -> int:
        _, world = process()
        return math.ceil(self.regions / world)

    def __iter__(self) -> Iterator[int]:
        rank, world = process()
        return iter([number % self.regions for number in range(rank, len(self) * world, world)])


def loader(
    data: SequenceDataset, order: Iterable[View] | Iterable[int], batch_size: int, workers: int
) -> DataLoader[Region]:
    """Give regions in batches, which worker processes read ahead where there are any."""
    return DataLoader(
        Regions(data),
        batch_size=batch_size,
        sampler=order,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
