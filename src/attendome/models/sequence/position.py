"""Position functions of distal attention: f(j, t), by which bin j's score of bin t is multiplied.

Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based Models, 2018. f depends on the
offset t − j alone, and each head learns its own:

- none: f = 1.
- exponential: f = exp(−α |j − t|), α ≥ 0.
- two-sided: f = min(exp(α_r (t − j − R)), exp(α_l (j − t − R))), α_r, α_l ≥ 0, R half the bins of
  the region. It is largest, exp(−2 R α_l α_r / (α_l + α_r)), at the offset
  R (α_r − α_l) / (α_r + α_l).

What is learned is θ in α = .01 e^θ: α is never negative, a step changes it by a share of itself
over all orders of magnitude of its reach 1 / α, and L2 draws it to the published .01, not to 0.

Unless ``published``, α starts at 5 u / R, u from U(0, 1), so that f spans a region of any size; at
the published R = 512 that is the authors' .01 u. Their code departs from this: two-sided α starts
at .01 u whatever R is; exponential α starts at u, and f is 0 at j = t and beyond 103 bins, since it
is a power of float32's exp(−|j − t|) − 1[j = t].
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

PositionName = Literal["none", "exponential", "two-sided"]

_UNIT = 0.01
_LAST_NORMAL = 103  # e^−103 is the last that float32 tells from zero


class PositionFunction(nn.Module):
    """Base class of position functions; itself ``none``: f = 1.

    Args:
        heads: number of heads.
        reach: R, in bins.
        published: whether α starts as in the authors' code.
    """

    rates = 0
    """Number of α that a head learns."""

    def __init__(self, heads: int, reach: float, *, published: bool = False) -> None:
        super().__init__()
        self.heads, self.reach, self.published = heads, reach, published
        if self.rates:
            factor = 1 - torch.rand(heads, self.rates)  # of (0, 1]: its logarithm is finite
            self.log_rate = nn.Parameter((factor * self.largest_start() / _UNIT).log())

    def largest_start(self) -> float:
        """Give the largest α that a head may start with."""
        return _UNIT if self.published else 5 / self.reach

    def alpha(self) -> Float[Tensor, "head rate"]:
        """Give α of each head: α, or α_r and α_l."""
        return _UNIT * self.log_rate.exp()

    def profile(self, offsets: Float[Tensor, "offset"]) -> Float[Tensor, "head offset"]:
        """Give f of each head at offsets t − j, in bins."""
        return offsets.new_ones(self.heads, len(offsets))


class Exponential(PositionFunction):
    """f = exp(−α |j − t|)."""

    rates = 1

    def largest_start(self) -> float:
        """Give the largest α that a head may start with."""
        return 1.0 if self.published else super().largest_start()

    def profile(self, offsets: Float[Tensor, "offset"]) -> Float[Tensor, "head offset"]:
        """Give f of each head at offsets t − j, in bins."""
        distance = offsets.abs()
        f = (-self.alpha() * distance).exp()
        if self.published:
            f = f * ((distance > 0) & (distance <= _LAST_NORMAL))
        return f


class TwoSided(PositionFunction):
    """f = min(exp(α_r (t − j − R)), exp(α_l (j − t − R)))."""

    rates = 2

    def profile(self, offsets: Float[Tensor, "offset"]) -> Float[Tensor, "head offset"]:
        """Give f of each head at offsets t − j, in bins."""
        alpha = self.alpha()
        right, left = alpha[:, :1], alpha[:, 1:]
        # The smaller exponent, not the smaller power: the other may overflow.
        exponent = torch.minimum(right * (offsets - self.reach), left * (-offsets - self.reach))
        return exponent.exp()


POSITION_FUNCTIONS: dict[PositionName, type[PositionFunction]] = {
    "none": PositionFunction,
    "exponential": Exponential,
    "two-sided": TwoSided,
}
"""The position functions by the names of the setting ``position``."""
