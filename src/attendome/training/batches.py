"""Genes in memory, given out in batches by slicing."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.distributed
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from attendome.data import ChromatinDataset
from attendome.errors import DataError

EVALUATION_BATCH = 256
"""Genes at once where only a prediction is wanted."""


class Batch(NamedTuple):
    """Some genes.

    Attributes:
        signal: NaN for marks that were not measured.
        target: what is to be predicted: labels as 0. or 1., or standardised log expression.
        expression: standardised log expression, where it is a second target.
    """

    signal: Float[Tensor, "batch mark bin"]
    target: Float[Tensor, "batch"]
    expression: Float[Tensor, "batch"] | None = None


class Genes(Dataset[Batch]):
    """The genes of a split as tensors; an item is a whole batch."""

    def __init__(
        self,
        signal: Float[Tensor, "gene mark bin"],
        target: Float[Tensor, "gene"],
        expression: Float[Tensor, "gene"] | None = None,
    ) -> None:
        self.signal, self.target, self.expression = signal, target, expression

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, chosen: Sequence[int]) -> Batch:
        expression = None if self.expression is None else self.expression[chosen]
        return Batch(self.signal[chosen], self.target[chosen], expression)


def check_complete(data: ChromatinDataset) -> None:
    """Check that the signal of all genes is known: one missing value spoils a gene's prediction.

    Raises:
        DataError: values are missing.
    """
    missing = int(np.isnan(data.signal.to_numpy()).any(axis=(1, 2)).sum())
    if missing:
        raise DataError(
            f"{data.name}: the signal of {missing} genes has missing values; build the dataset "
            "with --missing zero or --missing drop."
        )


class EpochOrder(Sampler[list[int]]):
    """Batches of indices in an order that depends on the seed and the epoch only.

    So an epoch that is trained again after a resume sees the same batches. With several processes,
    each takes its share; a few are taken twice where they do not divide evenly.
    """

    def __init__(self, items: int, batch_size: int, seed: int) -> None:
        self.items, self.batch_size, self.seed = items, batch_size, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; Lightning calls this before each epoch but the first of a fit."""
        self.epoch = epoch

    def __len__(self) -> int:
        _, world = process()
        return math.ceil(self.items / (self.batch_size * world))

    def __iter__(self) -> Iterator[list[int]]:
        rank, world = process()
        generator = torch.Generator().manual_seed(derived_seed(self.seed, self.epoch))
        order = torch.randperm(self.items, generator=generator)
        order = order[torch.arange(rank, self.items + -self.items % world, world) % self.items]
        return iter([batch.tolist() for batch in torch.split(order, self.batch_size)])


def derived_seed(seed: int, number: int) -> int:
    """Give the seed of the randomness of one epoch or one step."""
    return (seed * 1_000_003 + number) % 2**63


def train_batches(genes: Genes, order: EpochOrder) -> DataLoader[Batch]:
    """Give the genes in shuffled batches."""
    return DataLoader(genes, sampler=order, batch_size=None)


def ordered_batches(genes: Genes, batch_size: int) -> DataLoader[Batch]:
    """Give the genes in batches, in order; each process sees all of them."""
    order = [part.tolist() for part in torch.split(torch.arange(len(genes)), batch_size)]
    return DataLoader(genes, sampler=order, batch_size=None)


def process() -> tuple[int, int]:
    """Give the rank of this process and the number of processes."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1
