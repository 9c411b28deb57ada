"""The block of convolution that the tower, the dilated layers and the last layer are made of.

States are batch × channel × position, as everywhere, and lie in memory in one of two ways, that a
block keeps: position by position, all channels of one side by side, which is quickest with the
halves of mixed precision and without gradients; or channel by channel, which is quickest, by far,
for the gradients in float32.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

FEW = 128
"""Channels times positions up to which a filter is a product of matrices rather than a convolution,
as the first filter is, on the four bases."""
States = Float[Tensor, "batch channel position"]


class Block(nn.Module):
    """ReLU → convolution (as many positions, no bias) → batch norm → dropout → max-pool.

    Of an even filter, one more position lies after the place of the filter than before it.

    Args:
        channels: channels of the input.
        filters: channels of the output.
        kernel: length of a filter.
        dilation: distance between the positions that a filter covers.
        pool: number of positions of which the largest is taken.
        dropout: share of the outputs that is dropped in training.
        activate: whether there is a ReLU.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int,
        *,
        dilation: int = 1,
        pool: int = 1,
        dropout: float = 0.0,
        activate: bool = True,
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(channels, filters, kernel, dilation=dilation, bias=False)
        self.normalisation = nn.BatchNorm2d(filters)
        self.pool, self.dropout, self.activate = pool, dropout, activate

    def forward(self, states: States) -> Float[Tensor, "batch filter pooled"]:
        """Give the states of the next block."""
        # A second axis of length 1: PyTorch keeps an order in memory for images only.
        states = self.normalisation(self._convolve(states).unsqueeze(2))
        if self.training and self.dropout:
            states = drop(states, self.dropout)
        if self.pool > 1:
            states = functional.max_pool2d(states, (1, self.pool))
        return states.squeeze(2)

    def _convolve(self, states: States) -> Float[Tensor, "batch filter position"]:
        weight, (dilation,) = self.convolution.weight, self.convolution.dilation
        _, channels, kernel = weight.shape
        if kernel == 1 or (channels * kernel <= FEW and dilation == 1):
            states = states.relu() if self.activate else states
            rows, columns = unroll(states, kernel), weight.transpose(1, 2).flatten(1)
            return multiply(rows, columns, by_position=_is_by_position(states))
        padded = functional.pad(states.unsqueeze(2), _padding(kernel, dilation))
        if self.activate:
            padded = padded.relu_()
        return functional.conv2d(padded, weight.unsqueeze(2), dilation=(1, dilation)).squeeze(2)


def order_by_position(states: States) -> States:
    """Lay states out in memory position by position."""
    return states.transpose(1, 2).contiguous().transpose(1, 2)


def unroll(states: States, kernel: int) -> Float[Tensor, "batch kernel_channel position"]:
    """Set side by side the channels of all positions that a filter covers; zeros beyond the end."""
    if kernel == 1:
        return states
    rows = functional.pad(states.transpose(1, 2), (0, 0, *_padding(kernel)))
    return rows.unfold(1, kernel, 1).transpose(2, 3).flatten(2).transpose(1, 2)


def multiply(
    states: States, weight: Float[Tensor, "filter channel"], *, by_position: bool
) -> Float[Tensor, "batch filter position"]:
    """Multiply the channels of each position by a matrix: a convolution of single positions.

    PyTorch's convolutions are slow in the gradients of that.
    """
    if by_position:
        return functional.linear(states.transpose(1, 2), weight).transpose(1, 2)
    return torch.bmm(weight.expand(len(states), -1, -1), states)


def drop(states: Tensor, share: float) -> Tensor:
    """Set a share of the states to zero at random, and make up for it with the others.

    PyTorch's own on a GPU. On a CPU its random numbers take longer than all else that it does, so
    that 16 bits decide on each state, four of them drawn at a time: the share is right to 1 / 2¹⁷.
    """
    if states.device.type != "cpu":
        return functional.dropout(states, share)
    fours = torch.empty(-(-states.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    drawn = fours.view(torch.int16).as_strided(states.shape, states.stride())
    kept = (drawn >= round(share * 2**16) - 2**15).to(states.dtype)
    return states * kept.div_(1 - share)


def run_block(module: nn.Module, states: Tensor, *, checkpointing: bool) -> Tensor:
    """Run a part of a model; with checkpointing, its inside is computed again for the gradients.

    Dropout drops the same then, and the statistics of batch norm are not counted a second time.
    """
    if not (checkpointing and torch.is_grad_enabled()):
        return module(states)  # type: ignore[no-any-return]
    return checkpoint(  # type: ignore[no-any-return]
        module, states, use_reentrant=False, context_fn=lambda: (nullcontext(), _uncounted(module))
    )


@contextmanager
def _uncounted(module: nn.Module) -> Iterator[None]:
    """Let batch norm take a batch without counting it in its running statistics."""
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    counters = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm, (_, tracked) in zip(norms, counters, strict=True):
        norm.momentum = 0.0
        norm.num_batches_tracked = None if tracked is None else tracked.clone()
    try:
        yield
    finally:
        for norm, counter in zip(norms, counters, strict=True):
            norm.momentum, norm.num_batches_tracked = counter


def _is_by_position(states: States) -> bool:
    return states.stride(1) == 1 < states.shape[1]


def _padding(kernel: int, dilation: int = 1) -> tuple[int, int]:
    reach = (kernel - 1) * dilation
    return reach // 2, reach - reach // 2
