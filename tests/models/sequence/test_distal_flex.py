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
    assert not is_flexible(torch.zeros(1, 64, 8))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("relu_scores", [False, True])
def test_fused_equals_the_plain_version(relu_scores):
    inputs = [tensor.detach().cuda().requires_grad_() for tensor in random_inputs(300, channels=40)]
    assert is_flexible(inputs[1])
    found = attend_flex(*inputs, relu_scores=relu_scores)
    expected, _ = attend_plainly(*inputs, relu_scores=relu_scores)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)
    upper = torch.randn_like(expected)
    for one, other in zip(
        torch.autograd.grad(found, inputs, upper),
        torch.autograd.grad(expected, inputs, upper),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-2, rtol=1e-2)
