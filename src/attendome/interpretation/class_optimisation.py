"""Class optimisation: the signal that a model calls on, or off, most clearly.

Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks. ICLR workshop 2014, arXiv
1312.6034; for chromatin Singh et al., DeepChrome, arXiv 1607.02078. With Z in [0, 1] per mark and
bin and a scale s per mark, it minimises

    −log P(class | s Z) + penalty ‖Z‖²

by RMSprop from a random start; the pattern found is Z over its maximum. The published input has
s = 1. There it is left open when Z is kept within [0, 1]: here after each step, since a negative
signal has no logarithm. Every gene gets the pattern of the class that is predicted for it. For
expression, log P is that of logits equal to the standardised prediction, and the classes are
predictions above the median and others.
"""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from attendome.config import Settings
from attendome.interpretation.marks import Explainer, OnMarks, Signal, cell_maps

_HIGH = 0.99
"""The quantile of a mark's signal that stands for high."""


class ClassOptimisationSettings(Settings):
    """How the pattern is found."""

    scale: Literal["signal", "unit"] = "signal"
    """What Z = 1 stands for: a high signal of that mark (99% of its bins are lower), or 1."""
    penalty: float = Field(default=0.009, ge=0)
    """Weight of the sum of squares of Z."""
    learning_rate: float = Field(default=0.1, gt=0)
    """Size of RMSprop's steps."""
    steps: int = Field(default=1000, ge=1)
    """Number of steps."""
    seed: int = Field(default=0, ge=0)
    """Seed of the random start."""


PAPER = {"scale": "unit", "penalty": 0.009, "learning_rate": 0.1, "steps": 1000}
"""The published values."""


def class_optimisation(
    model: OnMarks, signal: Signal, settings: ClassOptimisationSettings
) -> Explainer:
    """Explain by the pattern of the class that is predicted."""
    patterns, middle = class_patterns(model, signal, settings), _middle(model, signal)

    @torch.no_grad()
    def explain(genes: Signal) -> dict[str, Tensor]:
        prediction = model(genes)
        more = prediction >= 0 if middle is None else prediction > middle
        return cell_maps(patterns.to(genes)[more.long()])

    return explain


def class_patterns(
    model: OnMarks, signal: Signal, settings: ClassOptimisationSettings
) -> Float[Tensor, "2 mark bin"]:
    """Find the patterns of the classes off and on, in this order, each at most 1."""
    scale = _scale(signal, settings).to(model.device)
    generator = torch.Generator().manual_seed(settings.seed)
    start = torch.rand(2, *signal.shape[1:], generator=generator)
    patterns = start.to(model.device).requires_grad_()
    optimiser = torch.optim.RMSprop([patterns], lr=settings.learning_rate)
    with torch.backends.cudnn.flags(enabled=False):  # cuDNN wants an LSTM in training
        for _ in range(settings.steps):
            optimiser.zero_grad()
            torch.autograd.backward(_loss(model, patterns, scale, settings.penalty))
            optimiser.step()
            with torch.no_grad():
                patterns.clamp_(0, 1)
    found = patterns.detach().cpu()
    return found / found.amax(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(found.dtype).tiny)


def _loss(
    model: OnMarks,
    patterns: Float[Tensor, "2 mark bin"],
    scale: Float[Tensor, "mark 1"],
    penalty: float,
) -> Float[Tensor, ""]:
    odds = model(patterns * scale)
    if model.readout.target == "expression":
        odds = (odds - model.readout.offset) / model.readout.scale
    towards = torch.stack([-odds[0], odds[1]])
    return (functional.softplus(-towards) + penalty * patterns.square().sum(dim=(1, 2))).sum()


def _scale(signal: Signal, settings: ClassOptimisationSettings) -> Float[Tensor, "mark 1"]:
    if settings.scale == "unit":
        return torch.ones(signal.shape[1], 1)
    cells = signal.transpose(0, 1).flatten(1).numpy()
    return torch.from_numpy(np.quantile(cells, _HIGH, axis=1, keepdims=True)).to(signal)


def _middle(model: OnMarks, signal: Signal) -> float | None:
    """Give the median prediction of expression; labels have a threshold of their own."""
    if model.readout.target == "label":
        return None
    return float(np.median(model.predict(signal).numpy()))
