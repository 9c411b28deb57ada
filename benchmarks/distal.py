"""Time distal attention and exponential contexts against straightforward PyTorch versions.

Each at 1,024 and 4,096 bins × 384 channels, five heads or five α, from the states of the tower to
the contexts joined to them, with the same weights on all sides; forward alone, and forward and
backward. The plain versions are the equations with all pairs of bins at once. All sides must agree
in what they give and in all gradients, to 1e-5 of the largest value, before they are timed.

Prints JSON: the least seconds over the rounds (what else runs on the machine only adds to them),
the memory that forward and backward take beyond what was there before, in MB (in a process of its
own on a CPU; Linux), and the ratios plain / ours. For attention also the seconds of its products of
matrices alone: plain / products is the most that can be reached while they are done. With one
thread, seconds are of the processor, not of the clock. On a CUDA device, where there is one, too.
With --compile also torch.compile of the plain versions. Numbers below 1e-38 count as zero on all
sides: the plain matrices of powers are full of them, and take several times as long without.

    python benchmarks/distal.py [--rounds 7] [--threads N] [--positions 1024 4096] [--compile]
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from attendome.models.sequence.attention import AttentionContext, AttentionSettings
from attendome.models.sequence.decay_constant import ConstantDecayContext, DecayConstantSettings
from attendome.models.sequence.decay_learned import DecayLearnedSettings, LearnedDecayContext

CHANNELS, HEADS = 384, 5


class PlainAttention(nn.Module):
    """Distal attention with scores of all pairs of bins and a matrix of f."""

    def __init__(self, ours: AttentionContext) -> None:
        super().__init__()
        self.layer = ours.layers[0]

    def forward(self, states: Tensor) -> Tensor:
        """Give the states and their contexts."""
        h = states.relu().transpose(1, 2)
        steps = torch.arange(h.shape[1], device=h.device, dtype=h.dtype)
        offset, reach = steps - steps[:, None], self.layer.position.reach
        contexts = [h]
        alphas = self.layer.position.alpha()
        for (right, left), weight, bias in zip(
            alphas,
            self.layer.query.weight.split(CHANNELS),
            self.layer.query.bias.split(CHANNELS),
            strict=True,
        ):
            scores = (h @ weight.T + bias).tanh() @ h.transpose(1, 2)
            f = torch.minimum(
                torch.exp(right * (offset - reach)), torch.exp(left * (-offset - reach))
            )
            contexts.append((f * scores).softmax(dim=2) @ h)
        return torch.cat(contexts, dim=2).transpose(1, 2)


class PlainDecay(nn.Module):
    """Exponential contexts with a matrix for each α."""

    def __init__(self, ours: ConstantDecayContext | LearnedDecayContext) -> None:
        super().__init__()
        self.ours = ours

    def forward(self, states: Tensor) -> Tensor:
        """Give the states and their contexts."""
        h = states.relu().transpose(1, 2)
        steps = torch.arange(h.shape[1], device=h.device, dtype=h.dtype)
        distance = (steps - steps[:, None]).abs()
        contexts = [torch.exp(-alpha * distance) @ h for alpha in self.ours.alpha()]
        return torch.cat([h, *contexts], dim=2).transpose(1, 2)


class Products:
    """The products of matrices of distal attention and of its gradients, and nothing else."""

    def __init__(self, states: Tensor) -> None:
        self.h = states.detach()[0].t().contiguous()
        self.weight = torch.randn(CHANNELS, HEADS * CHANNELS, device=states.device)
        self.scores = torch.randn(HEADS * len(self.h), len(self.h), device=states.device)

    def forward(self) -> Tensor:
        """Make queries, scores and contexts; give the queries of all heads, one below the other."""
        queries = (self.h @ self.weight).view(-1, CHANNELS)
        queries @ self.h.t()
        self.scores @ self.h
        return queries

    def both_ways(self) -> None:
        """Make them, and the gradients of contexts, scores and queries."""
        queries = self.forward()
        of_scores = queries @ self.h.t()
        self.scores.t() @ queries  # of the states, as what is read
        of_scores.t() @ queries  # of the states, as what is looked for
        of_queries = (of_scores @ self.h).view(len(self.h), -1)
        self.h.t() @ of_queries
        of_queries @ self.weight.t()


def make(module: str, side: str, positions: int, device: str) -> nn.Module:
    """Make one side of one module."""
    torch.manual_seed(0)
    ours: nn.Module
    if module == "attention":
        ours = AttentionContext(CHANNELS, positions, AttentionSettings(heads=HEADS))
        plain: nn.Module = PlainAttention(ours)
    elif module == "decay-constant":
        ours = ConstantDecayContext(CHANNELS, DecayConstantSettings())
        plain = PlainDecay(ours)
    else:
        ours = LearnedDecayContext(CHANNELS, DecayLearnedSettings())
        plain = PlainDecay(ours)
    made = (ours if side == "ours" else plain).to(device)
    return torch.compile(made) if side == "compiled" else made


def draw(positions: int, device: str) -> Tensor:
    """Draw states."""
    return torch.randn(1, CHANNELS, positions, device=device).requires_grad_()


def forward(model: nn.Module, states: Tensor) -> None:
    """Run forward."""
    with torch.no_grad():
        model(states)


def both_ways(model: nn.Module, states: Tensor) -> list[Tensor]:
    """Run forward and backward; give the outcome and all gradients."""
    inputs = [states, *model.parameters()]
    found = model(states)
    upper = torch.linspace(-1, 1, found.shape[1], device=states.device)[:, None]
    return [found.detach(), *torch.autograd.grad(found, inputs, upper.expand_as(found))]


def check_equal(models: dict[str, nn.Module], states: Tensor) -> None:
    """Compare all sides with the plain one."""
    expected = both_ways(models["plain"], states)
    for name, model in models.items():
        for one, other in zip(both_ways(model, states), expected, strict=True):
            difference = (one - other).abs().max() / other.abs().max()
            assert difference < 1e-5, f"{name} differs by {difference:.1e}"


def least_seconds(sides: dict[str, Callable[[], object]], rounds: int, *, cuda: bool) -> dict:
    """Time all sides in turn."""
    alone = torch.get_num_threads() == 1 and not cuda
    clock = time.process_time if alone else time.perf_counter
    least = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds + 1):
        for name, run in sides.items():
            start = clock()
            run()
            if cuda:
                torch.cuda.synchronize()
            least[name] = min(least[name], clock() - start)
    return least


def peak_memory(module: str, side: str, positions: int, device: str) -> float:
    """Give the MB that forward and backward take."""
    if device == "cpu":
        child = [sys.executable, __file__, "--memory", module, side, str(positions)]
        return float(subprocess.run(child, check=True, capture_output=True, text=True).stdout)
    model, states = make(module, side, positions, device), draw(positions, device)
    both_ways(model, states)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    both_ways(model, states)
    return round((torch.cuda.max_memory_allocated() - before) / 1e6)


def print_rise(module: str, side: str, positions: str) -> None:
    """Print by how many MB the process grows at most."""
    model, states = make(module, side, int(positions), "cpu"), draw(int(positions), "cpu")
    both_ways(make(module, side, 16, "cpu"), draw(16, "cpu"))  # what only a first run takes
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far is forgotten
    before = highest_memory()
    both_ways(model, states)
    print(round(highest_memory() - before))


def highest_memory() -> float:
    """Give the most memory that the process has held, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e3
    raise OSError("no VmHWM in /proc/self/status")


def compare(module: str, positions: int, device: str, options: argparse.Namespace) -> dict:
    """Compare all sides of a module."""
    sides = ["ours", "plain"] + ["compiled"] * options.compile
    models = {side: make(module, side, positions, device) for side in sides}
    states = draw(positions, device)
    check_equal(models, states)
    result: dict = {}
    for name, run in (("forward", forward), ("both_ways", both_ways)):
        timed = {side: partial(run, model, states) for side, model in models.items()}
        if module == "attention":
            timed["products"] = getattr(Products(states), name)
        least = least_seconds(timed, options.rounds, cuda=states.is_cuda)
        result[name] = {f"{side}_seconds": round(value, 5) for side, value in least.items()}
        for side in [side for side in least if side != "plain"]:
            result[name][f"plain_to_{side}"] = round(least["plain"] / least[side], 2)
    for side in ("ours", "plain"):
        result[f"{side}_mb"] = peak_memory(module, side, positions, device)
    return result


def main() -> None:
    """Compare all modules."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--positions", type=int, nargs="+", default=[1024, 4096])
    parser.add_argument("--compile", action="store_true", help="torch.compile the plain side, too")
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if options.memory:
        print_rise(*options.memory)
        return
    result: dict = {"channels": CHANNELS, "heads": HEADS, "threads": options.threads}
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        for module in ("attention", "decay-constant", "decay-learned"):
            for positions in options.positions:
                name = f"{device}_{module}_{positions}"
                result[name] = compare(module, positions, device, options)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
