"""What a step of training takes, found without taking it."""

import copy
import itertools
import weakref
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from attendome.models.sequence.shape import SequenceShape


@dataclass(frozen=True)
class Size:
    """What a step of training takes.

    Without what kernels take for themselves while they run: processes on a CPU took a fifth to a
    third more memory.

    Attributes:
        parameters: number of trainable parameters.
        activation_bytes: the most memory that forward and backward hold at a time, beside the
            parameters and their gradients.
        flops: additions and multiplications of convolutions and products of matrices, forward and
            backward.
    """

    parameters: int
    activation_bytes: int
    flops: int


def estimate(
    model: nn.Module, shape: SequenceShape, batch: int, *, half: torch.dtype | None = None
) -> Size:
    """Find what a step of training would take.

    All of it is run, forward and backward, on tensors that have a size but no memory, so that what
    grows with the square of the length, or is computed again where ``model.checkpointing`` is set,
    is counted as it is.

    Args:
        model: a sequence model; left as it is.
        shape: sizes of its input and output.
        batch: number of regions in a batch.
        half: type of mixed precision, where there is any.
    """
    parameters = sum(p.numel() for p in model.parameters() if p.requires_grad)
    with FakeTensorMode() as fake:
        tensors = itertools.chain(model.parameters(), model.buffers())
        ghost = copy.deepcopy(model, {id(tensor): fake.from_tensor(tensor) for tensor in tensors})
        device = next(ghost.parameters()).device
        sequence = torch.zeros(batch, 4, shape.length, device=device)
        observed = torch.zeros(batch, shape.bins, shape.tracks, device=device)
        memory, flops = _Memory(), FlopCounterMode(display=False)
        for tensor in itertools.chain(ghost.parameters(), ghost.buffers()):
            memory.leave_out(tensor)
        for parameter in ghost.parameters():
            parameter.register_post_accumulate_grad_hook(  # type: ignore[no-untyped-call]
                lambda weight: memory.leave_out(weight.grad)
            )
        with flops, memory:
            with torch.autocast(device.type, half) if half else nullcontext():
                expected = ghost.train()(sequence)
            functional.poisson_nll_loss(expected, observed, log_input=False).backward()  # type: ignore[no-untyped-call]
    return Size(parameters, memory.peak, flops.get_total_flops())


class _Memory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that are made while it is on, for as long as they live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._bytes: dict[int, int] = {}  # of living storages

    def leave_out(self, tensor: Tensor) -> None:
        """Do not count a tensor."""
        self._count(tensor.untyped_storage(), 0)

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - PyTorch's signature
        types: Any,  # noqa: ANN401
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        """Run an operation and count what it makes."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if id(storage) not in self._bytes:
                    self._count(storage, storage.nbytes())
        self.peak = max(self.peak, sum(self._bytes.values()))
        return made

    def _count(self, storage: torch.UntypedStorage, size: int) -> None:
        if id(storage) not in self._bytes:
            weakref.finalize(storage, self._bytes.pop, id(storage))
        self._bytes[id(storage)] = size
