import math

import pytest
import torch

from attendome.models.sequence.scaled import LogDistance, RelativeAttention

SCORES = ("position", "scaled")


def make(score, heads=3, size=4, reach=16):
    """Make attention whose position functions are of no special form."""
    torch.manual_seed(1)
    attention = RelativeAttention(6, heads, size, reach, score).double()
    torch.nn.init.normal_(attention.position.values)
    return attention


def states_of(positions):
    return torch.randn(
        2, 6, positions, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("positions", [1, 7, 20])
def test_equals_the_equations_written_out(score, positions):
    attention, states = make(score), states_of(positions)
    contexts, weights = attention.attend(states)
    query, key, value = attention.project.weight.view(3, 3, 4, 6)
    for head in range(3):
        for j in range(positions):
            scores = []
            for t in range(positions):
                f = attention.position.profile(torch.tensor([t - j]).double())[head, 0]
                q, k = query[head] @ states[1, :, j], key[head] @ states[1, :, t]
                scores.append(f * (q.tanh() @ k) if score == "position" else q @ k / 2 + f)
            expected = torch.stack(scores).softmax(0)
            found = sum(w * (value[head] @ states[1, :, t]) for t, w in enumerate(expected))
            torch.testing.assert_close(weights[1, head, j], expected)
            torch.testing.assert_close(contexts[1, 4 * head : 4 * head + 4, j], found)


@pytest.mark.parametrize("score", SCORES)
def test_without_weights_is_the_same_forward_and_backward(score):
    attention, states = make(score), states_of(40)
    found = []
    for give in (attention.forward, lambda states: attention.attend(states)[0]):
        inputs = states.clone().requires_grad_()
        contexts = give(inputs)
        wanted = [inputs, *attention.parameters()]
        gradients = torch.autograd.grad(contexts.square().sum(), wanted)
        found.append([contexts, *gradients])
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("score", SCORES)
def test_mixed_precision_is_close(score):
    attention, states = make(score).float(), states_of(40).float()
    with torch.autocast("cpu", torch.bfloat16):
        contexts = attention(states)
    torch.testing.assert_close(contexts.float(), attention(states), atol=0.05, rtol=0.05)


def test_the_position_function_goes_through_its_values():
    reach = 2.0**12 - 1
    position = LogDistance(2, reach, 1.0, 0.0)
    torch.nn.init.normal_(position.values)
    distances = 2.0 ** torch.arange(13) - 1  # of which log(1 + d) is evenly spaced
    offsets = torch.cat([-distances.flip(0), distances[1:]])
    torch.testing.assert_close(position.profile(offsets), position.values, atol=1e-4, rtol=0)
    between = torch.tensor([math.sqrt(2) - 1, -(2**11.5 - 1)])
    expected = position.values[:, [12, 0]].lerp(position.values[:, [13, 1]], 0.5)
    torch.testing.assert_close(position.profile(between), expected, atol=1e-4, rtol=0)
    beyond = position.profile(torch.tensor([-1e5, 1e5]))
    assert torch.equal(beyond, position.values[:, [0, -1]])


def test_at_first_every_head_reaches_to_the_end_of_its_side():
    profile = LogDistance(4, 100.0, 1.0, 0.25).profile(torch.arange(-100.0, 101))
    left = torch.cat([torch.full((101,), 1.0), torch.full((100,), 0.25)])
    near = torch.arange(-100, 101).abs() > 1  # beside the distance 0 it goes from one to the other
    for head, expected in enumerate([left, left.flip(0)] * 2):
        torch.testing.assert_close(profile[head, near], expected[near])


@pytest.mark.parametrize("score", SCORES)
def test_can_learn_a_function_that_is_largest_far_away(score):
    """Only f tells where to look: all bins say the same about themselves but for one channel."""
    torch.manual_seed(0)
    attention = RelativeAttention(6, 2, 4, 64, score)
    read_out = torch.nn.Linear(8, 1)
    optimizer = torch.optim.Adam([*attention.parameters(), *read_out.parameters()], lr=0.03)
    for _ in range(120):
        states = torch.ones(16, 6, 64)
        states[:, 0] = torch.randn(16, 64)
        contexts = attention(states)[:, :, 40:]
        found = read_out(contexts.transpose(1, 2)).squeeze(2)
        wanted = states[:, 0].unfold(1, 7, 1)[:, 7:31].mean(dim=2)  # 27 to 33 bins to the left
        loss = (found - wanted).square().mean() / wanted.var()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2
    weights = attention.attend(states)[1].mean(dim=0)
    left = int(weights[:, 50, 17:24].sum(dim=1).argmax())
    assert weights[left, 50, 17:24].sum() > 0.5
