import pytest
import torch

from attendome.models.sequence.blocks import drop


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_drop_keeps_the_mean(share, dtype):
    torch.manual_seed(0)
    found = drop(torch.ones(3, 100, 1, 1001, dtype=dtype), share)
    assert (found == 0).float().mean().item() == pytest.approx(share, abs=0.003)
    kept = found[found != 0].unique()
    assert kept.tolist() == [torch.tensor(1 / (1 - share), dtype=dtype).item()]


def test_drop_is_of_the_seed_and_its_gradients_are_dropped_too():
    states = torch.randn(2, 5, 1, 77, requires_grad=True)
    torch.manual_seed(1)
    found = drop(states, 0.3)
    torch.manual_seed(1)
    assert torch.equal(drop(states, 0.3), found)
    assert not torch.equal(drop(states, 0.3), found)
    (gradient,) = torch.autograd.grad(found.sum(), states)
    assert torch.equal(gradient == 0, found == 0)


def test_drop_keeps_the_order_in_memory():
    states = torch.randn(2, 5, 1, 7).contiguous(memory_format=torch.channels_last)
    assert drop(states, 0.1).stride() == states.stride()
