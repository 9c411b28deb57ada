"""Exponential contexts of given α on the tower; the equation is in ``decay``."""

from typing import Annotated

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from attendome.models.sequence.decay import PUBLISHED_RATES, DecayContext
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import TrunkSettings


class DecayConstantSettings(TrunkSettings):
    """Architecture of exponential contexts of given α."""

    alpha: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=PUBLISHED_RATES, min_length=1)
    """α of each context, per bin: bins further away than 1 / α count for little."""
    diagonal: bool = True
    """Whether a bin is among those summed for it; false in the authors' code."""


class ConstantDecayContext(DecayContext):
    """Exponential contexts of given α.

    Args:
        channels: channels of the tower's states.
        settings: α.
    """

    rates: Tensor

    def __init__(self, channels: int, settings: DecayConstantSettings) -> None:
        super().__init__(channels, len(settings.alpha), diagonal=settings.diagonal)
        self.register_buffer("rates", torch.tensor(settings.alpha), persistent=False)

    def alpha(self) -> Float[Tensor, "context"]:
        """Give α of each context, per bin."""
        return self.rates


class DecayConstant(SequenceModel):
    """Predict coverage with exponential contexts of given α.

    Args:
        shape: sizes of input and output.
        settings: α, scale, dropout and link.
    """

    def __init__(self, shape: SequenceShape, settings: DecayConstantSettings | None = None) -> None:
        settings = settings or DecayConstantSettings()
        super().__init__(shape, settings, lambda channels: ConstantDecayContext(channels, settings))


DEFAULT: dict[str, object] = {}

PAPER = {"dropout": 0.05, "diagonal": False}
"""The published dropout, and the departure of the authors' code from the equation."""
