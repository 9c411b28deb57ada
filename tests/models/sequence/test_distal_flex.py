import pytest
import torch

from attendome.models.sequence.distal import attend_plainly
from attendome.models.sequence.distal_flex import attend_flex, is_flexible

from .plain_attention import random_inputs


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("relu_scores", [False, True])
@torch.no_grad()
def test_unfused_on_a_cpu_equals_the_plain_version(relu_scores):
    inputs = [tensor.detach() for tensor in random_inputs(33, channels=16)]
    expected, _ = attend_plainly(*inputs, relu_scores=relu_scores)
    found = attend_flex(*inputs, relu_scores=relu_scores)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_only_on_cuda():
    assert not is_flexible(torch.zeros(1, 64, 8, dtype=torch.bfloat16))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("relu_scores", [False, True])
def test_fused_equals_the_plain_version(relu_scores):
    queries, states, profile = (
        tensor.detach().cuda() for tensor in random_inputs(300, channels=88)
    )
    halves = [queries.bfloat16(), states.bfloat16(), profile]
    inputs = [tensor.requires_grad_() for tensor in halves]
    assert is_flexible(inputs[1])
    assert not is_flexible(states)
    found = attend_flex(*inputs, relu_scores=relu_scores)
    expected, _ = attend_plainly(*inputs, relu_scores=relu_scores)
    upper = torch.randn_like(expected)
    pairs = zip(
        (found, *torch.autograd.grad(found, inputs, upper)),
        (expected, *torch.autograd.grad(expected, inputs, upper)),
        strict=True,
    )
    for one, other in pairs:
        assert (one - other).norm() < 0.03 * other.norm()
