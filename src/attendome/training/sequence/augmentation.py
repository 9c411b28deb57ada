"""Other views of a region: its other strand, and a sequence that is shifted a little."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from attendome.training.sequence.settings import SequenceTrainingSettings

_N = 4


class View(NamedTuple):
    """How a region is read.

    Attributes:
        region: its number.
        reverse_complement: whether on its other strand, after the shift.
        shift: bp by which the sequence, not the coverage, is moved towards higher coordinates.
    """

    region: int
    reverse_complement: bool = False
    shift: int = 0


def drawn_view(region: int, epoch: int, settings: SequenceTrainingSettings) -> View:
    """Draw how a region is read in an epoch.

    It depends on the seed, the epoch and the region only, not on batches and processes.
    """
    coins = np.random.default_rng((settings.seed, epoch, region))
    reverse = bool(coins.random() < 0.5) and settings.reverse_complement
    return View(region, reverse, int(coins.integers(-settings.shift, settings.shift + 1)))


def shifted(
    sequence: UInt8[Tensor, "*batch position"], shift: int
) -> UInt8[Tensor, "*batch position"]:
    """Move bases to higher positions, of a negative shift to lower ones; N comes in.

    >>> shifted(torch.tensor([0, 1, 2, 3], dtype=torch.uint8), 1).tolist()
    [4, 0, 1, 2]
    """
    rolled = sequence.roll(shift, dims=-1)
    if shift > 0:
        rolled[..., :shift] = _N
    elif shift < 0:
        rolled[..., shift:] = _N
    return rolled


def reverse_complement(
    sequence: UInt8[Tensor, "*batch position"],
) -> UInt8[Tensor, "*batch position"]:
    """Give the other strand, from its own 5' end.

    >>> reverse_complement(torch.tensor([0, 0, 1, 4], dtype=torch.uint8)).tolist()
    [4, 2, 3, 3]
    """
    return torch.where(sequence < _N, 3 - sequence, sequence).flip(-1)


def on_other_strand(
    coverage: Float[Tensor, "*batch bin track"], strand_pair: Int64[Tensor, "track"]
) -> Float[Tensor, "*batch bin track"]:
    """Give the coverage that goes with the reverse complement.

    Its bins come from the other end, and each track from that of the other strand.
    """
    return coverage.flip(-2).index_select(-1, strand_pair)
