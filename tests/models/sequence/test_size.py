import subprocess
import sys

import pytest
import torch
from torch import nn

from attendome.models.sequence.dilated import Dilated, DilatedSettings
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.size import estimate
from attendome.models.sequence.standard import Standard, StandardSettings

SHAPE = SequenceShape(length=4096, bin_size=128, tracks=5)


def make(**settings):
    return Dilated(SHAPE, DilatedSettings(scale="small", **settings))


def test_parameters_and_products():
    shape = SequenceShape(length=1024, bin_size=128, tracks=2)
    size = estimate(Standard(shape, StandardSettings(scale="small")), shape, batch=3)
    forward = (
        1024 * (40 * 4 * 22 + 48 * 40)
        + 512 * 56 * 48 * 6
        + 128 * 64 * 56 * 6
        + 32 * 72 * 64 * 6
        + 8 * (88 * 72 * 3 + 168 * 88 + 168 * 2)
    )
    # Forward, and the gradients of weights and input; but the sequence has none.
    assert size.flops == 3 * 2 * (3 * forward - 1024 * 40 * 4 * 22)
    assert size.parameters == sum(
        p.numel() for p in Standard(shape, StandardSettings(scale="small")).parameters()
    )


def test_leaves_the_model_as_it_is():
    model = make().eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    estimate(model, SHAPE, batch=1)
    torch.testing.assert_close(model.state_dict(), before)
    assert not model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_grows_with_the_batch_and_shrinks_with_halves_and_checkpointing():
    model = make()
    one, four = (estimate(model, SHAPE, batch).activation_bytes for batch in (1, 4))
    assert 3.5 * one < four < 4.1 * one
    assert estimate(model, SHAPE, 4, half=torch.bfloat16).activation_bytes < 0.75 * four
    model.checkpointing = True
    assert estimate(model, SHAPE, 4).activation_bytes < 0.85 * four


class Squared(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, sequence):
        bins = sequence[:, :, ::128]
        weights = (self.weight * bins.transpose(1, 2) @ bins).exp()
        return weights.mean(2, keepdim=True)


def test_counts_what_is_quadratic_in_the_bins():
    shape = SequenceShape(length=2048 * 128, bin_size=128, tracks=1)
    squares = estimate(Squared(), shape, batch=3).activation_bytes / (3 * 4 * 2048**2)
    assert 1.9 < squares < 4.1


MEASURED = """
from pathlib import Path
import torch
from attendome.models.sequence.dilated import Dilated, DilatedSettings
from attendome.models.sequence.shape import SequenceShape

model = Dilated(SequenceShape(tracks=5), DilatedSettings(scale="small"))
for length in (1024, 32768):
    model(torch.rand(4, 4, length)).log().sum().backward()
    peak = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
    print(peak)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the peak")
def test_is_near_what_a_process_takes():
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], check=True, capture_output=True, text=True
    )
    first, second = (int(line) * 1024 for line in done.stdout.split())
    shape = SequenceShape(length=32768, bin_size=128, tracks=5)
    estimated = estimate(
        Dilated(shape, DilatedSettings(scale="small")), shape, batch=4
    ).activation_bytes
    assert 0.9 * estimated < second - first < 1.6 * estimated
