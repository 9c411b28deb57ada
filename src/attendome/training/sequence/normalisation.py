"""Batch norm over the batches of all processes, as one process with a larger batch would have it.

PyTorch's ``SyncBatchNorm`` does so on GPUs only; this also does on CPUs.
"""

from typing import Any

import torch
import torch.distributed
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def synchronised(model: nn.Module, device: torch.device) -> nn.Module:
    """Replace every batch norm of a model, in place, by one over all processes.

    Args:
        model: the model, which may itself be a batch norm.
        device: where it is going to be trained.

    Returns:
        The model; its parameters and buffers have the names that they had.
    """
    if device.type != "cpu":
        made: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return made
    for name, part in model.named_children():
        setattr(model, name, synchronised(part, device))
    if not isinstance(model, _BatchNorm):
        return model
    norm = SynchronisedNorm(model.num_features, model.eps, model.momentum)
    norm.load_state_dict(model.state_dict())
    return norm


class SynchronisedNorm(_BatchNorm):
    """Batch norm on CPUs over all processes, whose batches are equally large."""

    def forward(self, states: Float[Tensor, "batch channel ..."]) -> Tensor:
        """Normalise each channel."""
        if not self.training:
            return super().forward(states)
        x = states.float()
        others = [axis for axis in range(x.ndim) if axis != 1]
        mean = _mean(x.mean(others, keepdim=True))
        variance = _mean((x - mean).square().mean(others, keepdim=True))
        self._count(mean, variance, x.numel() // x.shape[1] * torch.distributed.get_world_size())
        scale = self.weight.view(mean.shape) * (variance + self.eps).rsqrt()
        return ((x - mean) * scale + self.bias.view(mean.shape)).to(states.dtype)

    @torch.no_grad()
    def _count(self, mean: Tensor, variance: Tensor, values: int) -> None:
        """Take a batch into the running statistics."""
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
        found = {"running_mean": mean, "running_var": variance * values / (values - 1)}
        for name, value in found.items():
            self.get_buffer(name).lerp_(value.flatten(), self.momentum or 0.0)

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - PyTorch's form
        """Take any number of dimensions, as ``SyncBatchNorm`` does."""


class _Mean(torch.autograd.Function):
    """The mean over processes, the gradients of which are the mean over processes, too."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ANN401, ARG004 - autograd's form
        mean = values / torch.distributed.get_world_size()
        torch.distributed.all_reduce(mean)
        return mean

    backward = forward


def _mean(values: Tensor) -> Tensor:
    mean: Tensor = _Mean.apply(values)  # type: ignore[no-untyped-call]
    return mean
