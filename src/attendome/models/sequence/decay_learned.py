"""Exponential contexts of learned α on the tower; the equation is in ``decay``.

What is learned is θ in α = α₀ e^θ, from θ = 0: α is never negative, a step changes it by a share of
itself, whatever its size, and L2 draws it to where it started, not to 0.

The authors' code has another kernel, softmax_t(exp(−α |j − t|)), the exponential 0 at t = j: its
values lie between 0 and 1, so that no weight is more than e times another, and a context is nearly
the mean of the region.
"""

from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.models.sequence.decay import PUBLISHED_RATES, DecayContext
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import TrunkSettings


class DecayLearnedSettings(TrunkSettings):
    """Architecture of exponential contexts of learned α."""

    alpha: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=PUBLISHED_RATES, min_length=1)
    """α that each context starts with, per bin."""
    diagonal: bool = True
    """Whether a bin is among those summed for it; its weight is exp(0) in the authors' code, as of
    a bin far away, where the kernel is a softmax."""
    kernel: Literal["exponential", "softmax"] = "exponential"
    """Weights of a context: the equation's, or the softmax of them over the bins, as in the
    authors' code."""


class LearnedDecayContext(DecayContext):
    """Exponential contexts of learned α.

    Args:
        channels: channels of the tower's states.
        settings: α to start with, and the kernel.
    """

    start: Tensor

    def __init__(self, channels: int, settings: DecayLearnedSettings) -> None:
        super().__init__(channels, len(settings.alpha), diagonal=settings.diagonal)
        self.kernel = settings.kernel
        self.register_buffer("start", torch.tensor(settings.alpha), persistent=False)
        self.log_rate = nn.Parameter(torch.zeros(len(settings.alpha)))

    def alpha(self) -> Float[Tensor, "context"]:
        """Give α of each context, per bin."""
        return self.start * self.log_rate.exp()

    def _join(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        if self.kernel == "exponential":
            return super()._join(states)
        steps = torch.arange(states.shape[2], device=states.device, dtype=states.dtype)
        distance = (steps - steps[:, None]).abs()
        decay = (-self.alpha()[:, None, None] * distance).exp()
        if not self.diagonal:
            decay = decay * (distance > 0)
        contexts = states[:, None] @ decay.softmax(dim=2).transpose(1, 2)
        return torch.cat([states, contexts.flatten(1, 2)], dim=1)


class DecayLearned(SequenceModel):
    """Predict coverage with exponential contexts of learned α.

    Args:
        shape: sizes of input and output.
        settings: α to start with, kernel, scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: DecayLearnedSettings | None = None) -> None:
        settings = settings or DecayLearnedSettings()
        super().__init__(shape, settings, lambda channels: LearnedDecayContext(channels, settings))


DEFAULT: dict[str, object] = {}

PAPER = {"dropout": 0.05, "diagonal": False, "kernel": "softmax"}
"""The published dropout, and the departures of the authors' code from the equation."""
