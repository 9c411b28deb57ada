"""What a training will take, before it starts."""

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from distributed.system import MEMORY_LIMIT
from torch import nn

from attendome.data import SequenceDataset
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.size import estimate
from attendome.training.inference import device_of, placed
from attendome.training.sequence.batches import Region
from attendome.training.sequence.losses import inner, poisson_losses
from attendome.training.sequence.module import SequenceTraining
from attendome.workflows.sequence.training import prepare

_PER_PARAMETER = 4 * 4
"""Bytes of a weight, its gradient and Adam's two means."""
_HALVES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


@dataclass(frozen=True)
class Plan:
    """What a training will take on each device.

    Attributes:
        model: the architecture.
        device: where it would run: cpu, or the name of the GPU.
        parameters: number of trainable parameters.
        batch: regions at once.
        batches: batches of an epoch.
        weight_bytes: memory of weights, gradients and the optimiser.
        activation_bytes: memory of what is kept of a batch for the gradients, estimated.
        memory_bytes: memory of the device.
        start: what was restored of the weights to start from, and what not.
        seconds: of a batch, forward, backward and step, measured; None where it does not fit.
        peak_bytes: memory of these on a GPU, measured.
    """

    model: str
    device: str
    parameters: int
    batch: int
    batches: int
    weight_bytes: int
    activation_bytes: int
    memory_bytes: int
    start: str | None
    seconds: float | None = None
    peak_bytes: int | None = None

    @property
    def fits(self) -> bool:
        """Whether weights and activations are less than the memory of the device."""
        return self.weight_bytes + self.activation_bytes < self.memory_bytes


def plan_sequence(
    data: SequenceDataset,
    model: str,
    settings: Mapping[str, Any] | None = None,
    *,
    init_from: str | Path | None = None,
) -> Plan:
    """Say what a training will take; a batch is trained on if it fits, nothing is written.

    The arguments and errors are those of ``train``.
    """
    ready = prepare(data, model, settings or {}, init_from)
    module, training = ready.module, ready.module.settings
    size = estimate(
        module.model,
        ready.description.shape,
        training.batch_size,
        half=_HALVES.get(training.precision),
    )
    device = device_of(placed(module.model, training.accelerator))
    cuda = torch.cuda.get_device_properties(device) if device.type == "cuda" else None
    regions = training.batch_size * training.devices * training.nodes
    unmeasured = Plan(
        model=model,
        device=cuda.name if cuda else "cpu",
        parameters=size.parameters,
        batch=training.batch_size,
        batches=math.ceil(len(module.regions) / regions),
        weight_bytes=_PER_PARAMETER * size.parameters,
        activation_bytes=size.activation_bytes,
        memory_bytes=cuda.total_memory if cuda else MEMORY_LIMIT,
        start=str(ready.restored) if ready.restored else None,
    )
    if not unmeasured.fits:
        return unmeasured
    try:
        seconds = _measured(module, device)
    except torch.OutOfMemoryError:
        return unmeasured
    peak = torch.cuda.max_memory_allocated(device) if cuda else None
    return replace(unmeasured, seconds=seconds, peak_bytes=peak)


def _measured(module: SequenceTraining, device: torch.device) -> float:
    """Train on a batch, on a GPU twice, since the first takes longer there; give the seconds."""
    optimiser, seconds = module.configure_optimizers(), 0.0
    module.model.train()
    batch = next(iter(module.train_dataloader()))
    for _ in range(2 if device.type == "cuda" else 1):
        began = time.perf_counter()
        _step(module, batch, optimiser, device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - began
    return seconds


def _step(
    module: SequenceTraining, batch: Region, optimiser: torch.optim.Optimizer, device: torch.device
) -> None:
    settings = module.settings
    half = _HALVES.get(settings.precision)
    with torch.autocast(device.type, half) if half else nullcontext():
        predicted = module.model(one_hot(batch.sequence.to(device))).float()
    observed = inner(batch.coverage.to(device), settings.margin).float()
    total, known = poisson_losses(inner(predicted, settings.margin), observed)
    torch.autograd.backward(total.sum() / known.sum().clamp(min=1))
    if settings.gradient_clip_norm is not None:
        nn.utils.clip_grad_norm_(module.parameters(), settings.gradient_clip_norm)
    optimiser.step()
    optimiser.zero_grad()
