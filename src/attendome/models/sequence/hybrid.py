"""The hybrid: dilated convolutions for what is near, and attention to all bins for what is far.

A model of this toolkit. The attention reads the states of the convolutions, where a bin knows what
is around it, instead of those of the tower, and what it gives is joined to them as what each
convolution gives is: after batch norm and dropout. Averages over a whole region differ little from
bin to bin at first, and batch norm makes the difference as large as that of any other channel.
"""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.models.sequence.context import Context
from attendome.models.sequence.dilated import DilatedContext, DilatedSettings
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.scaled import RelativeAttention, ScoreName
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import scaled

HEAD_SIZE = 128


class HybridSettings(DilatedSettings):
    """Architecture of the hybrid."""

    heads: int = Field(default=4, ge=1)
    """Number of heads of attention."""
    score: ScoreName = "position"
    """Whether the position function multiplies what is found (position), as in distal attention, or
    is added to it (scaled), as in scaled dot-product attention."""


class HybridContext(Context):
    """Dilated convolutions, and attention on top of them.

    Args:
        channels: channels of the tower's states.
        positions: number of bins of the whole input.
        settings: of both.
    """

    def __init__(self, channels: int, positions: int, settings: HybridSettings) -> None:
        dilated = DilatedContext(channels, settings)
        size = scaled(HEAD_SIZE, settings.scale)
        super().__init__(dilated.channels + settings.heads * size)
        self.dilated = dilated
        self.attention = RelativeAttention(
            dilated.channels, settings.heads, size, positions, settings.score
        )
        self.normalisation = nn.BatchNorm1d(settings.heads * size)
        self.dropout = nn.Dropout(settings.layer_dropout)

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the states of the convolutions, followed by what each head reads."""
        states = self.dilated(states)
        return self._join(states, self.attention(states.relu()))

    def attend(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch context_channel position"],
        tuple[Float[Tensor, "batch head position position"], ...],
    ]:
        """Give the same, and the weights of the heads."""
        states = self.dilated(states)
        found, weights = self.attention.attend(states.relu())
        return self._join(states, found), (weights,)

    def _join(
        self,
        states: Float[Tensor, "batch channel position"],
        found: Float[Tensor, "batch head_channel position"],
    ) -> Float[Tensor, "batch context_channel position"]:
        return torch.cat([states, self.dropout(self.normalisation(found))], dim=1)


class Hybrid(SequenceModel):
    """Predict coverage with dilated convolutions and attention.

    Args:
        shape: sizes of input and output.
        settings: number of convolutions and of heads, kind of score, scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: HybridSettings | None = None) -> None:
        settings = settings or HybridSettings()
        super().__init__(
            shape, settings, lambda channels: HybridContext(channels, shape.positions, settings)
        )


DEFAULT: dict[str, object] = {}
