import numpy as np
import pytest
import torch
from torch.nn import functional

from attendome.training.calibration import calibrated


def simulated(genes, scale=1.0, offset=0.0, seed=0):
    """Log odds x of genes that are on with probability σ(scale · x + offset)."""
    generator = np.random.default_rng(seed)
    x = generator.normal(0, 2, genes)
    on = generator.random(genes) < 1 / (1 + np.exp(-(scale * x + offset)))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(on, dtype=torch.float32)


def cross_entropy(scale, offset, x, label):
    """The loss with Platt's targets, for arrays of scales and of offsets."""
    on = label.sum()
    aim = torch.where(label == 1, (on + 1) / (on + 2), 1 / (len(label) - on + 2))
    odds = scale[:, None, None] * x + offset[None, :, None]
    aims = aim.expand_as(odds)
    return functional.binary_cross_entropy_with_logits(odds, aims, reduction="none").mean(dim=-1)


@pytest.mark.parametrize("method", ["platt", "temperature"])
def test_no_other_scale_and_offset_are_better(method):
    x, label = simulated(300, scale=0.6, offset=0.8)
    found = calibrated(x, label, method)
    near = torch.linspace(-0.3, 0.3, 61)
    offsets = found.offset + near if method == "platt" else torch.zeros(1)
    losses = cross_entropy(found.scale + near, offsets, x, label)
    best = divmod(int(losses.argmin()), losses.shape[1])
    assert abs(near[best[0]]) < 0.011
    if method == "platt":
        assert abs(near[best[1]]) < 0.011


def test_a_known_temperature_is_found():
    x, label = simulated(20_000, scale=1 / 3)
    found = calibrated(x, label, "temperature")
    assert found.scale == pytest.approx(1 / 3, rel=0.05)
    assert found.offset == 0


def test_a_biased_model_is_put_right_by_platt():
    x, label = simulated(20_000, scale=0.5, offset=-1.5)
    found = calibrated(x, label, "platt")
    assert found.scale == pytest.approx(0.5, rel=0.1)
    assert found.offset == pytest.approx(-1.5, rel=0.1)
    assert found(x).mean().item() == pytest.approx(label.mean().item(), abs=1e-3)
    assert abs(x.sigmoid().mean() - label.mean()) > 0.1


def test_platt_reaches_far_off_log_odds_that_hardly_differ():
    z, label = simulated(4000, scale=1.0)
    found = calibrated(2 + 0.05 * z, label, "platt")
    assert found.scale == pytest.approx(20, rel=0.2)
    assert found(2 + 0.05 * z).mean().item() == pytest.approx(label.mean().item(), abs=1e-2)


def test_the_order_of_the_genes_stays():
    x, label = simulated(200, scale=-1.0)
    for method in ("platt", "temperature"):
        found = calibrated(x, label, method)
        assert found.scale > 0
        assert torch.equal(found(x).argsort(stable=True), x.argsort(stable=True))


@pytest.mark.parametrize("method", ["platt", "temperature"])
@pytest.mark.parametrize("spread", [1e-3, 1.0, 1e3])
def test_genes_that_are_told_apart_without_a_fault_do_not_ask_for_certainty(method, spread):
    x = torch.linspace(-1, 1, 40) * spread
    found = calibrated(x, (x > 0).float(), method)
    assert np.isfinite([found.scale, found.offset]).all()
    assert found.scale > 0
    if spread == 1.0:
        inside = found(x)
        assert inside.min() > 0.001
        assert inside.max() < 0.999


def test_none_changes_nothing():
    x, label = simulated(100, scale=3.0, offset=1.0)
    found = calibrated(x, label, "none")
    assert (found.target, found.scale, found.offset) == ("label", 1, 0)
