"""The convolution tower that every sequence model reads DNA with, as published for Basenji.

Kelley, Reshef, Bileschi, Belanger, McLean, Snoek: Sequential regulatory activity prediction across
chromosomes with convolutional neural networks. Genome Research 2018; the same tower stands below
the attention of Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based Models, 2018.

A block is ReLU → convolution (as many positions as before, no bias) → batch norm → dropout →
max-pool; of an even filter, one more position lies after the place of the filter than before it.

| block | filters | kernel | pool at bins of 128 bp |
|---|---|---|---|
| 0 | 312 | 22 | 1 |
| 1 | 368 | 1 | 2 |
| 2 | 435 | 6 | 4 |
| 3 | 514 | 6 | 4 |
| 4 | 607 | 6 | 4 |
| 5 | 717 | 3 | 1 |

Block 0 has no ReLU here: it changes nothing of a one-hot sequence, but stops the gradients of the
bases that are not there.
"""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.errors import SettingsError
from attendome.models.sequence.blocks import Block, order_by_position, run_block

ScaleName = Literal["full", "small"]

TOWER = ((312, 22), (368, 1), (435, 6), (514, 6), (607, 6), (717, 3))
"""Filters and kernel of each block of the tower."""
LARGEST_POOL = 16


class TrunkSettings(Settings):
    """What the sequence models have in common; base class of the settings of each."""

    scale: ScaleName = "full"
    """Number of filters: as published, or an eighth of them, which trains on a CPU."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Share of the outputs of each block of the tower, and of the last one, dropped in training."""
    link: Literal["exponential-linear", "softplus"] = "exponential-linear"
    """From a number x to the expected coverage: x + 1 above 0 and e^x below, or log(1 + e^x)."""


def scaled(filters: int, scale: ScaleName) -> int:
    """Give the number of filters at a scale; a multiple of 8 at the small one.

    >>> scaled(312, "full"), scaled(312, "small"), scaled(108, "small")
    (312, 40, 16)
    """
    return filters if scale == "full" else 8 * round(filters / 64)


def pools(bin_size: int) -> tuple[int, ...]:
    """Give the width of the max-pool of each block of the tower, whose product is the bin size.

    Block 0 has none, block 1 the smallest prime factor, each later one as many of the others as
    make up 4, and the last one what is left.

    Raises:
        SettingsError: a pool would be wider than 16.

    >>> pools(128), pools(32), pools(100)
    ((1, 2, 4, 4, 4, 1), (1, 2, 4, 4, 1, 1), (1, 2, 2, 5, 5, 1))
    """
    factors = _prime_factors(bin_size)
    widths = [1, factors.pop(0) if factors else 1, 1, 1, 1, 1]
    for block in range(2, len(widths)):
        last = block == len(widths) - 1
        while factors and (last or widths[block] * factors[0] <= 4 or widths[block] == 1):
            widths[block] *= factors.pop(0)
    if max(widths) > LARGEST_POOL:
        raise SettingsError(
            f"Bins of {bin_size} bp would need a max-pool over {max(widths)} positions, of at most "
            f"{LARGEST_POOL} in each of five blocks; expected a bin size of small factors, as 128."
        )
    return tuple(widths)


class Tower(nn.Module):
    """Blocks 0 to 5: from bases to the states of bins, before the ReLU of what comes next.

    Args:
        bin_size: length of a bin, in bp.
        settings: scale and dropout.

    Attributes:
        channels: number of channels of the states.
    """

    def __init__(self, bin_size: int, settings: TrunkSettings) -> None:
        super().__init__()
        filters = [4, *(scaled(filters, settings.scale) for filters, _ in TOWER)]
        self.blocks = nn.ModuleList(
            Block(
                filters[block],
                filters[block + 1],
                TOWER[block][1],
                pool=pool,
                dropout=settings.dropout,
                activate=block > 0,
            )
            for block, pool in enumerate(pools(bin_size))
        )
        self.channels = filters[-1]

    def forward(
        self, sequence: Float[Tensor, "batch 4 base"], *, checkpointing: bool = False
    ) -> Float[Tensor, "batch channel position"]:
        """Give the states of the bins.

        Args:
            sequence: one-hot; whole bins.
            checkpointing: whether the inside of each block is computed again for the gradients.
        """
        states, device = sequence, sequence.device.type
        if torch.is_autocast_enabled(device):
            states = order_by_position(sequence.to(torch.get_autocast_dtype(device)))
        elif torch.is_grad_enabled():
            states = sequence.contiguous()
        for block in self.blocks:
            states = run_block(block, states, checkpointing=checkpointing)
        return states


def receptive_field(bin_size: int) -> int:
    """Give the number of bp around a bin, with its own, that the tower's states of it depend on.

    >>> receptive_field(128)
    615
    """
    reach, step = 1, 1
    for (_, kernel), pool in zip(TOWER, pools(bin_size), strict=True):
        reach += step * (kernel - 1 + pool - 1)
        step *= pool
    return reach


def _prime_factors(number: int) -> list[int]:
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors
