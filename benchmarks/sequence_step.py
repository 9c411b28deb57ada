"""Time sequence models, forward and in training, against the plain way to write their convolutions.

The plain version runs Conv1d, BatchNorm1d, Dropout and MaxPool1d on channels × positions; all else
is shared, so that this measures the tower, the dilated layers and the last block (for distal
attention and decaying contexts see distal.py). Both must agree to 1e-5 in float32 before they are
timed, and run in turn in one process, in float32 and under bfloat16 autocast. A training step is
forward, log-Poisson loss, backward, clipping and Adam. Prints JSON: seconds of each side (median
over rounds), the ratios to plain float32, and the peak memory of a training step beyond what was
taken before it: on a GPU what PyTorch allocated; on a CPU what a process of its own took (Linux).
On a GPU whose peak is known, also the share of it that our bfloat16 training step reaches.

    python benchmarks/sequence_step.py [--models tower,standard,dilated] [--length 131072]
        [--tracks 74] [--batch 1] [--scale full] [--rounds 3] [--float32] [--device auto]

At full published size on a GPU: --models standard,dilated,attention --tracks 4229 --batch 4
"""

import argparse
import copy
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.blocks import Block
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.size import estimate
from attendome.models.sequence.trunk import Tower, TrunkSettings

SIDES = {
    f"{version}_{precision}": (version, precision)
    for precision in ("float32", "bfloat16")
    for version in ("plain", "ours")
}
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
"""Operations per second in dense bfloat16, as their makers state them."""


class PlainBlock(nn.Module):
    """A block as most would write it."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        ours = block.convolution
        reach = (ours.kernel_size[0] - 1) * ours.dilation[0]
        self.padding = (reach // 2, reach - reach // 2)
        self.activate = nn.ReLU() if block.activate else nn.Identity()
        self.convolution = copy.deepcopy(ours)
        self.normalisation = nn.BatchNorm1d(ours.out_channels)
        self.normalisation.load_state_dict(block.normalisation.state_dict())
        self.dropout = nn.Dropout(block.dropout)
        self.pool = nn.MaxPool1d(block.pool) if block.pool > 1 else nn.Identity()

    def forward(self, states: Tensor) -> Tensor:
        """Run all parts in turn."""
        states = self.convolution(functional.pad(self.activate(states), self.padding))
        return self.pool(self.dropout(self.normalisation(states)))


def build(name: str, version: str, options: argparse.Namespace) -> nn.Module:
    """Make one side of a model, always with the same weights."""
    torch.manual_seed(0)
    shape = SequenceShape(options.length, options.bin_size, options.tracks)
    if name == "tower":
        model: nn.Module = Tower(shape.bin_size, TrunkSettings(scale=options.scale))
    else:
        entry = SEQUENCE_MODELS[name]
        model = entry.build(shape, entry.settings(scale=options.scale))
    if version == "plain":
        for path, part in list(model.named_modules()):
            if isinstance(part, Block):
                parent, _, last = path.rpartition(".")
                setattr(model.get_submodule(parent), last, PlainBlock(part))
    return model


def random_sequence(options: argparse.Namespace, length: int) -> Tensor:
    """Make one-hot bases."""
    return one_hot(torch.randint(4, (options.batch, length), dtype=torch.uint8))


def check_equal(sides: dict[str, nn.Module], options: argparse.Namespace) -> None:
    """Compare, on a CPU, outputs in float32, and the gradients of the input in float64.

    Gradients in float32 differ where a max-pool finds two positions equal but for rounding.
    """
    sequence = random_sequence(options, 32 * options.bin_size)
    for dtype in (torch.float64, torch.float32):
        results = []
        for model in sides.values():
            x = sequence.to(dtype, copy=True).requires_grad_()
            output = model.to(dtype).eval()(x)
            output.sum().backward()
            results.append((output, x.grad))
        torch.testing.assert_close(*(output for output, _ in results), atol=1e-5, rtol=1e-5)
        if dtype == torch.float64:
            torch.testing.assert_close(*(grad for _, grad in results), atol=1e-5, rtol=1e-5)


class Step:
    """Runs a model, forward or in training."""

    def __init__(self, model: nn.Module, precision: str, sequence: Tensor) -> None:
        self.model, self.precision, self.sequence = model, precision, sequence
        self.optimiser = torch.optim.Adam(model.parameters())

    def _run(self) -> Tensor:
        device = self.sequence.device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self.model.train()(self.sequence).float()

    @torch.no_grad()
    def forward(self) -> None:
        """Run the model forward."""
        self._run()

    def training_step(self) -> None:
        """Take a step of training."""
        self.optimiser.zero_grad()
        # The tower's states are no rates; their squares cost as much.
        output = self._run().square() + 1
        observed = torch.ones_like(output)
        functional.poisson_nll_loss(output, observed, log_input=False).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()


def seconds(run: Callable[[], None], device: str) -> float:
    """Time one run."""
    start = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(steps: dict[str, Step], part: str, options: argparse.Namespace) -> dict:
    """Time all sides in turn."""
    times: dict[str, list[float]] = {side: [] for side in steps}
    for number in range(options.rounds + 1):
        for side, step in steps.items():
            took = seconds(getattr(step, part), options.device)
            if number:  # the first round warms up
                times[side].append(took)
    result: dict = {f"{side}_seconds": statistics.median(took) for side, took in times.items()}
    for side, took in times.items():
        if side == "plain_float32":
            continue
        ratios = [p / o for p, o in zip(times["plain_float32"], took, strict=True)]
        result[f"{side}_ratio"] = round(statistics.median(ratios), 2)
        result[f"{side}_ratio_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return result


def peak_resident() -> int:
    """Give the most memory that this process has taken, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def resident_of_step(name: str, side: str, options: argparse.Namespace, threads: int) -> int:
    """Take a training step, after one on a short sequence, and give what it took, in bytes."""
    torch.set_num_threads(threads)
    version, precision = SIDES[side]
    model = build(name, version, options)
    Step(model, precision, random_sequence(options, 8 * options.bin_size)).training_step()
    before = peak_resident()
    Step(model, precision, random_sequence(options, options.length)).training_step()
    return peak_resident() - before


def memory(name: str, steps: dict[str, Step], options: argparse.Namespace) -> dict[str, int | None]:
    """Measure the peak memory of a training step of each side, in MB."""
    found: dict[str, int | None] = {}
    for side, step in steps.items():
        if options.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            step.training_step()
            taken = torch.cuda.max_memory_allocated() - before
        elif sys.platform == "linux":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                arguments = (name, side, options, torch.get_num_threads())
                taken = pool.apply(resident_of_step, arguments)
        else:
            found[side] = None
            continue
        found[side] = round(taken / 1e6)
    return found


def measure(name: str, options: argparse.Namespace) -> dict:
    """Compare all sides of a model."""
    models = {version: build(name, version, options) for version in ("plain", "ours")}
    check_equal(models, options)
    sequence = random_sequence(options, options.length).to(options.device)
    steps = {
        side: Step(models[version].to(options.device), precision, sequence)
        for side, (version, precision) in SIDES.items()
        if precision == "float32" or not options.float32
    }
    result: dict = {"parameters": sum(p.numel() for p in models["ours"].parameters())}
    for part in ("forward", "training_step"):
        result[part] = compare(steps, part, options)
    result["peak_megabytes"] = memory(name, steps, options)
    if name == "tower":
        return result
    shape = SequenceShape(options.length, options.bin_size, options.tracks)
    size = estimate(models["ours"].cpu(), shape, options.batch, half=torch.bfloat16)
    result["estimated_megabytes"] = round(size.activation_bytes / 1e6)
    result["teraflops_per_step"] = round(size.flops / 1e12, 3)
    card = torch.cuda.get_device_name() if options.device == "cuda" else ""
    for known, peak in PEAKS.items():
        if known in card and not options.float32:
            took = result["training_step"]["ours_bfloat16_seconds"]
            result["share_of_peak"] = round(size.flops / took / peak, 3)
    return result


def main() -> None:
    """Compare all models."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", default="tower,standard,dilated")
    parser.add_argument("--length", type=int, default=131_072)
    parser.add_argument("--bin-size", type=int, default=128)
    parser.add_argument("--tracks", type=int, default=74)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--scale", choices=("full", "small"), default="full")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--float32", action="store_true", help="only: for a CPU without bfloat16")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    options = parser.parse_args()
    if options.device == "auto":
        options.device = "cuda" if torch.cuda.is_available() else "cpu"
    result: dict = {**vars(options), "threads": torch.get_num_threads(), "torch": torch.__version__}
    if options.device == "cuda":
        result["card"] = torch.cuda.get_device_name()
    for name in options.models.split(","):
        result[name] = measure(name, options)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
