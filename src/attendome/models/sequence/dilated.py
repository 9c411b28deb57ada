"""Basenji: densely connected dilated convolutions on the tower.

Kelley, Reshef, Bileschi, Belanger, McLean, Snoek: Sequential regulatory activity prediction across
chromosomes with convolutional neural networks. Genome Research 2018.

With h⁰ the tower's states, layer i = 1, 2, ... has 108 filters of three bins, 2ⁱ bins apart,

    x^i = dropout(batch norm(convolution(ReLU(h^(i−1)))))
    h^i = [h^(i−1), x^i]

and the last h is the context. The paper speaks of seven such layers; its parameters hold six, after
the tower's last block, and so does this. At bins of 128 bp, six see the 32,871 bp around a bin.
"""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.models.sequence.blocks import Block
from attendome.models.sequence.context import Context
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import TrunkSettings, scaled
from attendome.models.sequence.trunk import receptive_field as tower_field

FILTERS = 108


class DilatedSettings(TrunkSettings):
    """Architecture of dilated convolutions."""

    layers: int = Field(default=6, ge=1)
    """Number of dilated convolutions, each of which reaches twice as far: 2, 4, 8, ... bins."""
    layer_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the outputs of each dilated convolution that is dropped in training."""


class DilatedContext(Context):
    """Dilated convolutions, each of which reads the tower's states and all layers before it.

    Args:
        channels: channels of the tower's states.
        settings: number of layers, scale and dropout.
    """

    def __init__(self, channels: int, settings: DilatedSettings) -> None:
        filters = scaled(FILTERS, settings.scale)
        super().__init__(channels + settings.layers * filters)
        self.blocks = nn.ModuleList(
            Block(
                channels + layer * filters,
                filters,
                3,
                dilation=2 << layer,
                dropout=settings.layer_dropout,
            )
            for layer in range(settings.layers)
        )

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the states of the tower, followed by those of each layer."""
        for block in self.blocks:
            both = states.unsqueeze(2), block(states).unsqueeze(2)  # keeps the order in memory
            states = torch.cat(both, dim=1).squeeze(2)
        return states


class Dilated(SequenceModel):
    """Predict coverage with dilated convolutions.

    Args:
        shape: sizes of input and output.
        settings: number of layers, scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: DilatedSettings | None = None) -> None:
        settings = settings or DilatedSettings()
        super().__init__(shape, settings, lambda channels: DilatedContext(channels, settings))


def receptive_field(bin_size: int, layers: int = 6) -> int:
    """Give the number of bp around a bin, with its own, that its prediction depends on.

    >>> receptive_field(128)
    32871
    """
    return tower_field(bin_size) + 2 * bin_size * sum(2 << layer for layer in range(layers))


DEFAULT: dict[str, object] = {}
"""The published architecture."""

PAPER = {"dropout": 0.05, "layers": 6, "layer_dropout": 0.1}
"""Kelley et al. 2018."""
