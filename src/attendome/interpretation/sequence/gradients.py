"""Gradients of a prediction with respect to the bases."""

from itertools import pairwise

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from attendome.interpretation.sequence.substitutions import effect_of_gradient, importance
from attendome.interpretation.sequence.targets import OnTarget
from attendome.models.sequence.bases import one_hot

Sequence = UInt8[Tensor, " position"]


def gradient_effect(
    model: OnTarget, sequence: Sequence, track: int
) -> Float[Tensor, "1 position 4"]:
    """Estimate the effects of single bases by the gradient.

    Args:
        model: the model, in evaluation mode.
        sequence: A C G T N = 0..4, on the device of the model.
        track: which of the target's tracks.
    """
    found = model.gradient(one_hot(sequence), track)
    return effect_of_gradient(found, sequence).unsqueeze(0)


def integrated_effect(
    model: OnTarget, sequence: Sequence, track: int, steps: int
) -> tuple[Float[Tensor, "1 position 4"], float, float]:
    """Estimate the effects of single bases by the mean gradient on the way from N everywhere.

    Integrated gradients (Sundararajan, Taly, Yan: Axiomatic attribution for deep networks. ICML
    2017, arXiv 1703.01365) from a quarter of each base: over all positions, the importance that
    follows from the effects adds up to the target minus that of N everywhere.

    As of histone marks, half of the steps are even, each further one halves the step across which
    the target changes most, and the gradient is taken in their middles.

    Args:
        model: the model, in evaluation mode.
        sequence: A C G T N = 0..4, on the device of the model.
        track: which of the target's tracks.
        steps: places at which the gradient is taken.

    Returns:
        The effects, the target minus that of N, and by how much importance misses this change.
    """
    end = one_hot(sequence)
    start = torch.full_like(end, 0.25)
    borders, targets = _borders(model, start, end, track, steps)
    mean = torch.zeros_like(end)
    for left, right in pairwise(borders):
        middle = torch.lerp(start, end, (left + right) / 2)
        mean += (right - left) * model.gradient(middle, track)
    effect = effect_of_gradient(mean, sequence).unsqueeze(0)
    change = targets[-1] - targets[0]
    missed = abs(float(importance(effect, sequence).sum()) - change)
    return effect, change, missed


def _borders(
    model: OnTarget,
    start: Float[Tensor, "4 position"],
    end: Float[Tensor, "4 position"],
    track: int,
    steps: int,
) -> tuple[list[float], list[float]]:
    """Divide the way into steps, small where the target changes; give the targets there, too."""

    def target(place: float) -> float:
        return float(model.at(torch.lerp(start, end, place))[track])

    even = -(-steps // 2)
    borders = [step / even for step in range(even + 1)]
    targets = [target(place) for place in borders]
    for _ in range(steps - even):
        widest = max(range(len(borders) - 1), key=lambda i: abs(targets[i + 1] - targets[i]))
        place = (borders[widest] + borders[widest + 1]) / 2
        borders.insert(widest + 1, place)
        targets.insert(widest + 1, target(place))
    return borders, targets
