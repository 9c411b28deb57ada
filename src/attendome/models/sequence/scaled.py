"""Attention with queries, keys and values, and a position function of any form.

Of the states h of the bins each head makes q, k and v, all linear in h, and from them

    c_j = Σ_t softmax_t(score(j, t)) v_t
    score(j, t) = f(t − j) · tanh(q_j)·k_t       (position)
    score(j, t) = q_j·k_t / √size + f(t − j)     (scaled)

The first is distal attention (Angus, Eyuboglu 2018), in which f multiplies what is found; the
second is scaled dot-product attention (Vaswani et al. 2017) with a relative position bias. f is
learned as a table over the log of the distance and its direction, so that it may be largest
anywhere, also far away: exponentials, as published, are not.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from attendome.models.sequence.position import PositionFunction

ScoreName = Literal["position", "scaled"]

_POINTS = 12
_START = {"position": (1.0, 0.25), "scaled": (0.0, -3.0)}
"""f to one side of a head, and to its other side."""


class LogDistance(PositionFunction):
    """f by its values at distances d where log(1 + d) is 0, 1/12, ..., 1 of log(1 + reach).

    It is linear in log(1 + d) between them, on each side of its own, and stays the same beyond. At
    first it is flat on either side: every second head looks to the left, the others to the right.
    Heads that start alike on both sides find what is far away later (docs/sequence-models.md).

    Args:
        heads: number of heads.
        reach: the largest distance, in bins.
        ahead: f at first to the side that a head looks to, and at distance 0.
        behind: f at first to the other side.
    """

    def __init__(self, heads: int, reach: float, ahead: float, behind: float) -> None:
        super().__init__(heads, reach)
        values = torch.full((heads, 2 * _POINTS + 1), ahead)
        values[::2, _POINTS + 1 :] = behind
        values[1::2, :_POINTS] = behind
        self.values = nn.Parameter(values)

    def profile(self, offsets: Float[Tensor, "offset"]) -> Float[Tensor, "head offset"]:
        """Give f of each head at offsets t − j, in bins."""
        share = offsets.abs().log1p() / math.log1p(self.reach)
        place = _POINTS * (1 + offsets.sign() * share.clamp(max=1))
        below = place.long().clamp(max=2 * _POINTS - 1)
        return torch.lerp(self.values[:, below], self.values[:, below + 1], place - below)


class RelativeAttention(nn.Module):
    """Heads of attention to all bins.

    Args:
        channels: channels of the states.
        heads: number of heads.
        size: channels of a query, a key and a value.
        reach: the largest distance that f tells apart, in bins.
        score: what f does to the score.
    """

    def __init__(self, channels: int, heads: int, size: int, reach: int, score: ScoreName) -> None:
        super().__init__()
        self.heads, self.size, self.score = heads, size, score
        self.project = nn.Linear(channels, 3 * heads * size, bias=False)
        self.position = LogDistance(heads, float(reach), *_START[score])

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch head_channel position"]:
        """Give c of each head, that of the first head first."""
        if self.score == "position":
            return self.attend(states)[0]
        query, key, value = self._project(states)
        f = self._position(query)
        return _joined(functional.scaled_dot_product_attention(query, key, value, attn_mask=f))

    def attend(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch head_channel position"],
        Float[Tensor, "batch head position position"],
    ]:
        """Give the same, and the weights: of a bin (first) for each bin (second)."""
        query, key, value = self._project(states)
        f = self._position(query)
        if self.score == "position":
            scores = f * (query.tanh() @ key.transpose(2, 3))
        else:
            scores = query @ key.transpose(2, 3) / math.sqrt(self.size) + f
        weights = scores.softmax(dim=3)
        return _joined(weights @ value), weights

    def _project(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch head position size"],
        Float[Tensor, "batch head position size"],
        Float[Tensor, "batch head position size"],
    ]:
        """Give queries, keys and values."""
        batch, _, positions = states.shape
        projected = self.project(states.transpose(1, 2))
        parts = projected.view(batch, positions, 3, self.heads, self.size)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def _position(
        self, query: Float[Tensor, "batch head position size"]
    ) -> Float[Tensor, "head position position"]:
        """Give f of all pairs of bins, in the precision of the queries."""
        positions = query.shape[2]
        like = self.position.values
        offsets = torch.arange(1 - positions, positions, device=like.device, dtype=like.dtype)
        f = self.position.profile(offsets).to(query.dtype)
        return f.unfold(1, positions, 1).flip(1)


def _joined(
    contexts: Float[Tensor, "batch head position size"],
) -> Float[Tensor, "batch head_channel position"]:
    return contexts.transpose(2, 3).flatten(1, 2)
