"""Distal attention on the tower: a bin reads from any bin of the region.

Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based Models, 2018. The tower's
states after ReLU are h; each layer gives them followed by the context of each of its heads, and the
next layer reads all of that. Equations are in ``distal`` and ``position``.
"""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.models.sequence.context import Context
from attendome.models.sequence.distal import DistalAttention
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.position import POSITION_FUNCTIONS, PositionName
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import TrunkSettings


class AttentionSettings(TrunkSettings):
    """Architecture of distal attention."""

    layers: int = Field(default=1, ge=1)
    """Number of layers of attention."""
    heads: int = Field(default=5, ge=1)
    """Number of heads of each layer."""
    position: PositionName = "two-sided"
    """Position function, by which scores are multiplied."""
    published_position: bool = False
    """Whether the position function starts, and underflows, as in the authors' code."""
    relu_scores: bool = False
    """Whether scores go through ReLU before the position function, as in the authors' code."""
    before_relu: bool = False
    """Whether h is the tower's states before ReLU, as in the authors' code."""


class AttentionContext(Context):
    """Layers of distal attention, each of which reads the tower and all layers before it.

    Args:
        channels: channels of the tower's states.
        positions: number of bins of the region; half of them are R of the position functions.
        settings: layers, heads, position function and departures.
    """

    def __init__(self, channels: int, positions: int, settings: AttentionSettings) -> None:
        layers = []
        for _ in range(settings.layers):
            position = POSITION_FUNCTIONS[settings.position](
                settings.heads, positions / 2, published=settings.published_position
            )
            layers.append(DistalAttention(channels, position, relu_scores=settings.relu_scores))
            channels *= 1 + settings.heads
        super().__init__(channels)
        self.before_relu = settings.before_relu
        self.layers = nn.ModuleList(layers)

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the states followed by the contexts of each layer."""
        if not self.before_relu:
            states = states.relu()
        for layer in self.layers:
            states = torch.cat([states, layer(states)], dim=1)
        return states

    def attend(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch context_channel position"],
        tuple[Float[Tensor, "batch head position position"], ...],
    ]:
        """Give the same, and the weights of each layer."""
        if not self.before_relu:
            states = states.relu()
        attention = []
        for layer in self.layers:
            contexts, weights = layer.attend(states)  # type: ignore[operator]
            states = torch.cat([states, contexts], dim=1)
            attention.append(weights)
        return states, tuple(attention)


class Attention(SequenceModel):
    """Predict coverage with distal attention.

    Args:
        shape: sizes of input and output.
        settings: layers, heads, position function, scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: AttentionSettings | None = None) -> None:
        settings = settings or AttentionSettings()
        super().__init__(
            shape, settings, lambda channels: AttentionContext(channels, shape.positions, settings)
        )


DEFAULT: dict[str, object] = {}

PAPER = {
    "dropout": 0.05,
    "published_position": True,
    "relu_scores": True,
    "before_relu": True,
}
"""The published dropout, and the departures of the authors' code from their equations."""
