"""Distal attention by PyTorch's FlexAttention: one fused kernel on CUDA, for forward and backward.

Not run in the tests beyond its unfused form on a CPU, which has no backward.
"""

from functools import cache
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.attention.flex_attention import flex_attention

_CHANNELS = range(16, 129)  # of which the shared memory of any GPU holds the tiles, in halves
_CONFIGURATIONS = 256
"""Shapes, of training and of inference, that are compiled each; beyond PyTorch's limit of 8,
FlexAttention would silently work all scores out at once."""


def is_flexible(states: Float[Tensor, "batch channel position"]) -> bool:
    """Tell whether states are on CUDA, in halves, with as many channels as FlexAttention takes."""
    halves = states.dtype in (torch.bfloat16, torch.float16)
    return states.is_cuda and halves and states.shape[1] in _CHANNELS


def attend_flex(
    queries: Float[Tensor, "batch head channel position"],
    states: Float[Tensor, "batch channel position"],
    profile: Float[Tensor, "head offset"],
    *,
    relu_scores: bool = False,
) -> Float[Tensor, "batch head channel position"]:
    """Give the contexts, equal to those of ``attend_plainly``.

    Args:
        queries: tanh(h_j W + b) of each head.
        states: h, in the precision of the queries.
        profile: f of each head at the offsets t − j from 1 − positions to positions − 1.
        relu_scores: whether scores go through ReLU before f multiplies them.
    """
    last = states.shape[2] - 1

    attend = _compiled() if states.is_cuda else flex_attention
    heads = queries.shape[1]
    keys = states.transpose(1, 2)[:, None].expand(-1, heads, -1, -1)
    with torch._dynamo.config.patch(recompile_limit=_CONFIGURATIONS):
        contexts: Tensor = attend(
            queries.transpose(2, 3),
            keys,
            keys,
            score_mod=lambda score, _, head, query, key: (
                (score.relu() if relu_scores else score) * profile[head, key - query + last]
            ),
            scale=1.0,
        )
    return contexts.transpose(2, 3)


@cache
def _compiled() -> Any:  # noqa: ANN401 - the type of flex_attention, or a tuple
    return torch.compile(flex_attention, dynamic=False)
