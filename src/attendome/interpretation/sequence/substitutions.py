"""Effects of single bases, and the importance of a base that follows from them.

Every method says, or estimates, how much the target would change with each base in the place of the
one that stands there; the effect of this one is 0. The importance of a position is the effect of
its own base over the mean of all four. Of a linear model all signed methods give the same.
"""

from jaxtyping import Float, UInt8
from torch import Tensor

from attendome.models.sequence.bases import one_hot

Effect = Float[Tensor, "track place 4"]
BASES = "ACGT"


def effect_of_gradient(
    gradient: Float[Tensor, "4 position"], sequence: UInt8[Tensor, " position"]
) -> Float[Tensor, "position 4"]:
    """Estimate the effects to first order: the derivative for a base minus that for its own.

    What all four derivatives of a position have in common is no property of any sequence, since its
    four inputs add up to one: it cancels here (Majdandzic et al.: Correcting gradient-based
    interpretations of deep neural networks for genomics. Genome Biology 2023, 24:109).
    """
    own = (gradient * one_hot(sequence)).sum(dim=0)
    return (gradient - own).T


def importance(effect: Effect, sequence: UInt8[Tensor, " place"]) -> Float[Tensor, "track place"]:
    """Give the effect of the base that stands there over the mean of all four; of N it is 0."""
    own = one_hot(sequence).T - 0.25
    return (effect * own).sum(dim=2)


def largest(effect: Effect) -> Float[Tensor, "track place"]:
    """Give the size of the largest effect that a base has at each position."""
    return effect.abs().amax(dim=2)
