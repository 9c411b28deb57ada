"""Regions of a sequence dataset, read from disk when they are asked for."""

from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from attendome.data import SequenceDataset


class Region(NamedTuple):
    """One region, or a batch of them.

    Attributes:
        sequence: A C G T N = 0..4; a sixteenth of one-hot in float32, which is for the model's
            device to make.
        coverage: float16 or float32, as stored.
    """

    sequence: UInt8[Tensor, "*batch position"]
    coverage: Float[Tensor, "*batch bin track"]


class Regions(Dataset[Region]):
    """The regions of a dataset, or of one of its splits, one by one.

    It can be sent to worker processes: what is sent are the tables and where the dataset is stored.
    """

    def __init__(self, data: SequenceDataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, number: int) -> Region:
        sequence, coverage = self.data.read(number)
        return Region(torch.from_numpy(sequence), torch.from_numpy(coverage))
