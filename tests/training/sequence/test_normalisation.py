import pytest
import torch
import torch.distributed
from torch import nn

from attendome.training.sequence.normalisation import SynchronisedNorm, synchronised

CPU = torch.device("cpu")


@pytest.fixture
def alone(tmp_path):
    """A group of one process."""
    place = f"file://{tmp_path}/group"
    torch.distributed.init_process_group("gloo", init_method=place, world_size=1, rank=0)
    yield
    torch.distributed.destroy_process_group()


def network():
    torch.manual_seed(0)
    inside = nn.Sequential(nn.Conv1d(4, 3, 1), nn.BatchNorm1d(3, momentum=0.3))
    return nn.Sequential(inside, nn.ReLU(), nn.Conv1d(3, 2, 1), nn.BatchNorm1d(2))


def test_every_norm_is_replaced_and_the_names_stay():
    plain = network()
    found = synchronised(network(), CPU)
    assert sum(isinstance(part, SynchronisedNorm) for part in found.modules()) == 2
    assert not any(isinstance(part, nn.BatchNorm1d) for part in found.modules())
    assert found.state_dict().keys() == plain.state_dict().keys()
    assert found[0][1].momentum == 0.3


def test_a_gpu_has_pytorchs():
    found = synchronised(network(), torch.device("cuda"))
    assert sum(isinstance(part, nn.SyncBatchNorm) for part in found.modules()) == 2


@pytest.mark.usefixtures("alone")
def test_it_is_the_same_as_batch_norm():
    states = torch.randn(5, 4, 7, generator=torch.Generator().manual_seed(1)) * 3 + 50
    sides = [network(), synchronised(network(), CPU)]
    for side in sides:
        for step in range(3):
            side(states + step).square().sum().backward()
    plain, ours = sides
    torch.testing.assert_close(ours(states), plain(states))
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=2e-3)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)
    torch.testing.assert_close(ours.eval()(states), plain.eval()(states))
