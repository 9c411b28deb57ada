"""Distal attention: bin j reads from bins t anywhere in the region.

Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based Models, 2018. Of the states h
of the bins, each head makes c_j = Σ_t softmax_t(f(j, t) · tanh(h_j W + b)·h_t) h_t, where f is its
position function.

The context is worked out in one of three ways, which give the same:

- plain: all scores at once; the weights can be had. Fastest where they are few.
- FlexAttention (``distal_flex``): one fused kernel, on CUDA, in halves, for as many channels as it
  can hold.
- by rows (``distal_rows``): scores of some bins at a time; for all else.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attendome.models.sequence.distal_flex import attend_flex, is_flexible
from attendome.models.sequence.distal_rows import attend_by_rows
from attendome.models.sequence.position import PositionFunction

FEW_WEIGHTS = 2**18


class DistalAttention(nn.Module):
    """Heads of distal attention, in parallel on the same states.

    Args:
        channels: channels d of the states.
        position: position function of each head.
        relu_scores: whether scores go through ReLU before f multiplies them, as in the authors'
            code; the equation has none.
    """

    def __init__(
        self, channels: int, position: PositionFunction, *, relu_scores: bool = False
    ) -> None:
        super().__init__()
        self.position, self.relu_scores = position, relu_scores
        self.query = nn.Linear(channels, position.heads * channels)

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the contexts, those of the first head first."""
        inputs = self._inputs(states)
        batch, positions = states.shape[0], states.shape[2]
        if is_flexible(inputs[1]):
            contexts = attend_flex(*inputs, relu_scores=self.relu_scores)
        elif batch * self.position.heads * positions**2 <= FEW_WEIGHTS:
            contexts, _ = attend_plainly(*inputs, relu_scores=self.relu_scores)
        else:
            contexts = attend_by_rows(*inputs, relu_scores=self.relu_scores)
        return contexts.flatten(1, 2)

    def attend(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch context_channel position"],
        Float[Tensor, "batch head position position"],
    ]:
        """Give the same, and the weights: of a bin (first) for each bin (second)."""
        inputs = self._inputs(states)
        contexts, weights = attend_plainly(*inputs, relu_scores=self.relu_scores)
        return contexts.flatten(1, 2), weights

    def _inputs(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch head channel position"],
        Float[Tensor, "batch channel position"],
        Float[Tensor, "head offset"],
    ]:
        """Give queries tanh(h_j W + b), states in the same precision, and f at all offsets."""
        weight = self.query.weight.expand(len(states), -1, -1)
        queries = torch.baddbmm(self.query.bias[:, None], weight, states).tanh()
        positions = states.shape[2]
        offsets = torch.arange(
            1 - positions, positions, device=states.device, dtype=self.query.weight.dtype
        )
        queries = queries.view(len(states), self.position.heads, -1, positions)
        return queries, states.to(queries.dtype), self.position.profile(offsets)


def attend_plainly(
    queries: Float[Tensor, "batch head channel position"],
    states: Float[Tensor, "batch channel position"],
    profile: Float[Tensor, "head offset"],
    *,
    relu_scores: bool = False,
) -> tuple[
    Float[Tensor, "batch head channel position"], Float[Tensor, "batch head position position"]
]:
    """Give contexts and weights, as the equation is written.

    Args:
        queries: tanh(h_j W + b) of each head.
        states: h.
        profile: f of each head at the offsets t − j from 1 − positions to positions − 1.
        relu_scores: whether scores go through ReLU before f multiplies them.
    """
    states = states[:, None]
    scores = queries.transpose(2, 3) @ states
    if relu_scores:
        scores = scores.relu()
    f = profile.unfold(1, states.shape[-1], 1).flip(1)
    weights = (f * scores).softmax(dim=-1)
    return states @ weights.to(states.dtype).transpose(2, 3), weights
