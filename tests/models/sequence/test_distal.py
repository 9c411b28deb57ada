import pytest
import torch

from attendome.models.sequence import distal
from attendome.models.sequence.distal import DistalAttention, attend_plainly
from attendome.models.sequence.position import POSITION_FUNCTIONS

from .plain_attention import assert_all_close, gradients, plain_heads, random_inputs


def layer(position="two-sided", channels=4, heads=3, **settings):
    torch.manual_seed(0)
    function = POSITION_FUNCTIONS[position](heads, 4.0)
    return DistalAttention(channels, function, **settings)


@pytest.mark.parametrize("positions", [1, 7])
@pytest.mark.parametrize("relu_scores", [False, True])
def test_plain_version_equals_the_equation_written_out(positions, relu_scores):
    inputs = random_inputs(positions)
    found = attend_plainly(*inputs, relu_scores=relu_scores)
    assert_all_close(found, plain_heads(*inputs, relu_scores=relu_scores))
    torch.testing.assert_close(found[1].sum(3), torch.ones(2, 3, positions))


@pytest.mark.parametrize("position", ["none", "exponential", "two-sided"])
def test_queries_and_position_function_are_those_of_the_equation(position):
    attention = layer(position)
    states = torch.randn(2, 4, 6)
    queries = torch.zeros(2, 3, 4, 6)
    for head in range(3):
        rows = slice(4 * head, 4 * head + 4)
        weight, bias = attention.query.weight[rows].T, attention.query.bias[rows]
        for j in range(6):
            queries[:, head, :, j] = (states[:, :, j] @ weight + bias).tanh()
    profile = attention.position.profile(torch.arange(-5.0, 6))
    contexts, weights = plain_heads(queries, states, profile)
    assert_all_close(attention.attend(states), (contexts.flatten(1, 2), weights))


@pytest.mark.parametrize("relu_scores", [False, True])
@pytest.mark.parametrize("position", ["none", "exponential", "two-sided"])
def test_all_ways_give_the_same_contexts_and_gradients(position, relu_scores, monkeypatch):
    attention = layer(position, relu_scores=relu_scores)
    states = torch.randn(2, 4, 129, requires_grad=True)
    inputs = [states, *attention.parameters()]
    found = []
    for few in (0, 2**30):  # by rows, plainly
        monkeypatch.setattr(distal, "FEW_WEIGHTS", few)
        found.append(gradients(lambda states, *_: attention(states), inputs))
    found.append(gradients(lambda states, *_: attention.attend(states)[0], inputs))
    assert_all_close(found[0], found[2])
    assert_all_close(found[1], found[2])


@pytest.mark.parametrize("position", ["exponential", "two-sided"])
def test_every_alpha_has_a_gradient(position):
    attention = layer(position)
    attention(torch.randn(1, 4, 300)).square().sum().backward()
    gradient = attention.position.log_rate.grad
    assert gradient.isfinite().all()
    assert (gradient != 0).all()


@pytest.mark.parametrize("positions", [16, 300])
def test_mixed_precision_stays_close(positions):
    attention = layer(channels=16)
    states = torch.randn(2, 16, positions, requires_grad=True)
    inputs = [states, *attention.parameters()]
    expected = gradients(lambda states, *_: attention(states), inputs)
    with torch.autocast("cpu", torch.bfloat16):
        found = gradients(lambda states, *_: attention(states).float(), inputs)
    for one, other in zip(found, expected, strict=True):
        assert (one - other).norm() < 0.05 * other.norm()
