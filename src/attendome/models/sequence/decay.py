"""Exponential contexts: what lies around a bin, weighted by its distance.

Angus, Eyuboglu: Regulatory Activity Prediction with Attention-based Models, 2018:
c_j = Σ_t exp(−α_k |j − t|) h_t, one context for each α_k ≥ 0, the bin itself (t = j) among the
bins. h are the tower's states after ReLU. The authors' code leaves the bin itself out.

The sums are not of all pairs: chunks of 64 bins are summed by a product of matrices, and what a
chunk adds up to at its ends is carried on to the others, in a time in proportion to the number of
bins (up to some hundred thousand, from where on the carrying counts). All powers that are taken
are of exponents ≤ 0, so that nothing overflows, whatever α and however many bins.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from attendome.models.sequence.context import Context

CHUNK = 64
PUBLISHED_RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""α of the five contexts, per bin (of 128 bp)."""


class DecayContext(Context):
    """Base class of exponential contexts: the states after ReLU, followed by those of each α.

    Args:
        channels: channels of the tower's states.
        contexts: number of α.
        diagonal: whether a bin is among those that are summed for it.
    """

    def __init__(self, channels: int, contexts: int, *, diagonal: bool) -> None:
        super().__init__(channels * (1 + contexts))
        self.diagonal = diagonal

    def alpha(self) -> Float[Tensor, "context"]:
        """Give α of each context, per bin."""
        raise NotImplementedError

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the states and their contexts, in float32 under autocast, too."""
        # Sums over hundreds of bins, more than the halves of mixed precision tell apart.
        with torch.autocast(states.device.type, enabled=False):
            states = states.to(torch.promote_types(states.dtype, torch.float32))
            return self._join(states.relu().contiguous())

    def _join(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        positions = states.shape[2]
        padded = functional.pad(states, (0, -positions % CHUNK))
        chunks = padded.view(*states.shape[:2], -1, CHUNK)
        contexts = decayed_sums(chunks, self.alpha())
        chunks = chunks[:, None]
        if not self.diagonal:
            contexts = contexts - chunks
        return torch.cat([chunks, contexts], dim=1).flatten(1, 2).flatten(2)[..., :positions]


def decayed_sums(
    chunks: Float[Tensor, "batch channel chunk step"], alpha: Float[Tensor, "context"]
) -> Float[Tensor, "batch context channel chunk step"]:
    """Give Σ_t exp(−α |j − t|) h_t of each bin j, for each α ≥ 0.

    Args:
        chunks: states h of bins in chunks of as many steps.
        alpha: α, per bin.
    """
    contexts, size = len(alpha), chunks.shape[3]
    steps = torch.arange(size, device=chunks.device, dtype=alpha.dtype)
    from_start, from_end = steps, steps.flip(0)
    ends = _powers(alpha, torch.stack([from_end, from_start]))
    at_ends = (chunks @ ends.flatten(0, 1).t()).view(*chunks.shape[:3], contexts, 2)
    carried = torch.einsum("bdcks,kscj->bdjks", at_ends, _carry(alpha, chunks.shape[2], size))
    # One product of matrices: a chunk's own bins, and beside them what comes in at both ends.
    inside = _powers(alpha, (steps - steps[:, None]).abs()).transpose(0, 1)
    incoming = _powers(alpha, torch.stack([from_start, from_end]) + 1)
    apart = torch.eye(contexts, device=alpha.device, dtype=alpha.dtype)[:, None, :, None]
    weights = torch.cat(
        [inside.flatten(1), (apart * incoming[:, :, None]).flatten(2).flatten(0, 1)]
    )
    sums = torch.cat([chunks, carried.flatten(3)], dim=3) @ weights
    return sums.view(*chunks.shape[:3], contexts, size).permute(0, 3, 1, 2, 4)


def _carry(
    alpha: Float[Tensor, "context"], chunks: int, size: int
) -> Float[Tensor, "context 2 chunk chunk"]:
    """Give what a sum at the end of a chunk (first) is worth at the next end of another (second).

    Carried from the last step of a chunk to the one before a later chunk, and from the first step
    of a chunk to the one after an earlier one.
    """
    number = torch.arange(chunks, device=alpha.device, dtype=alpha.dtype)
    between = number - number[:, None] - 1
    onward = _powers(alpha, size * between.clamp(min=0)) * (between >= 0)
    return torch.stack([onward, onward.transpose(1, 2)], dim=1)


def _powers(
    alpha: Float[Tensor, "context"], distance: Float[Tensor, "row column"]
) -> Float[Tensor, "context row column"]:
    """Give exp(−α · distance)."""
    return (-alpha[:, None, None] * distance).exp()
