import math

import pytest
import torch

from attendome.errors import SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.trunk import (
    TOWER,
    Tower,
    TrunkSettings,
    pools,
    receptive_field,
    scaled,
)

from .plain_tower import plain_tower, random_sequence, reach, unsettle

SMALL = TrunkSettings(scale="small", dropout=0)


def small_tower(bin_size=8):
    torch.manual_seed(0)
    return unsettle(Tower(bin_size, SMALL))


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("bin_size", "expected"),
    [
        (1, (1, 1, 1, 1, 1, 1)),
        (2, (1, 2, 1, 1, 1, 1)),
        (32, (1, 2, 4, 4, 1, 1)),
        (100, (1, 2, 2, 5, 5, 1)),
        (128, (1, 2, 4, 4, 4, 1)),
        (256, (1, 2, 4, 4, 4, 2)),
        (1000, (1, 2, 4, 5, 5, 5)),
        (1024, (1, 2, 4, 4, 4, 8)),
    ],
)
def test_pools(bin_size, expected):
    assert pools(bin_size) == expected
    assert math.prod(expected) == bin_size


@pytest.mark.parametrize("bin_size", [127, 2 * 19, 2**12])
def test_pools_too_wide(bin_size):
    with pytest.raises(SettingsError, match=f"Bins of {bin_size} bp .* of small factors"):
        pools(bin_size)


def test_scaled():
    assert [scaled(filters, "full") for filters, _ in TOWER] == [312, 368, 435, 514, 607, 717]
    assert [scaled(filters, "small") for filters, _ in TOWER] == [40, 48, 56, 64, 72, 88]


def test_parameters_at_full_size():
    tower = Tower(128, TrunkSettings())
    shapes = {
        name: tuple(tensor.shape)
        for name, tensor in tower.state_dict().items()
        if name.endswith("convolution.weight")
    }
    assert shapes == {
        "blocks.0.convolution.weight": (312, 4, 22),
        "blocks.1.convolution.weight": (368, 312, 1),
        "blocks.2.convolution.weight": (435, 368, 6),
        "blocks.3.convolution.weight": (514, 435, 6),
        "blocks.4.convolution.weight": (607, 514, 6),
        "blocks.5.convolution.weight": (717, 607, 3),
    }
    norms = 2 * (312 + 368 + 435 + 514 + 607 + 717)
    assert sum(p.numel() for p in tower.parameters()) == 5_621_937 + norms


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("bin_size", [8, 100])
def test_equals_the_plain_tower(bin_size, training):
    tower = small_tower(bin_size).train(training)
    sequence = random_sequence(2, 300 if bin_size == 100 else 96)
    expected = plain_tower(sequence, tower, pools(bin_size), training)
    assert_close(tower(sequence), expected)


def test_gradients_equal_those_of_the_plain_tower():
    tower = small_tower().train()
    sequence = random_sequence(2, 64).requires_grad_()
    inputs = [*tower.parameters(), sequence]
    weights = torch.randn(2, 88, 8)
    ours, plain = (
        torch.autograd.grad((states * weights).sum(), inputs)
        for states in (tower(sequence), plain_tower(sequence, tower, pools(8), training=True))
    )
    for found, expected in zip(ours, plain, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_running_statistics_follow_the_batches():
    tower = small_tower().train()
    norm = tower.blocks[0].normalisation
    before = norm.running_mean.clone()
    tower(random_sequence(2, 64))
    assert norm.num_batches_tracked == 1
    assert not torch.equal(norm.running_mean, before)


def test_bases_that_are_not_there_have_gradients():
    sequence = random_sequence(1, 64).requires_grad_()
    (gradient,) = torch.autograd.grad(small_tower().eval()(sequence).sum(), sequence)
    assert (gradient[sequence == 0] != 0).float().mean() > 0.9


@pytest.mark.parametrize("length", [8, 24, 1000])
def test_any_number_of_bins(length):
    assert small_tower().eval()(random_sequence(3, length)).shape == (3, 88, length // 8)


def test_order_in_memory_is_that_which_is_quickest():
    """Without gradients by position, as one_hot gives it, else by channel."""
    tower, sequence = small_tower(), one_hot(torch.randint(4, (2, 512), dtype=torch.uint8))
    by_channel = tower(sequence)
    assert by_channel.stride(2) == 1
    with torch.no_grad():
        by_position = tower(sequence)
    assert by_position.stride(1) == 1
    assert_close(by_position, by_channel)


def test_halves_are_close_and_lie_by_position():
    tower = small_tower().train()
    sequence = random_sequence(2, 512)
    whole = tower(sequence)
    with torch.autocast("cpu", torch.bfloat16):
        half = tower(sequence)
    assert half.dtype == torch.bfloat16
    assert half.stride(1) == 1
    assert whole.stride(2) == 1
    assert (half - whole).abs().mean() < 0.03 * whole.abs().mean()


@pytest.mark.parametrize(("bin_size", "expected"), [(128, 615), (32, 327), (100, 451)])
def test_receptive_field_is_where_gradients_reach(bin_size, expected):
    tower = small_tower(bin_size).double().eval()
    bins = 4000 // bin_size
    assert reach(tower, bins // 2, bins * bin_size) == receptive_field(bin_size) == expected
