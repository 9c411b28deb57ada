import pytest
import torch

from attendome.models.sequence.decay import CHUNK, PUBLISHED_RATES, decayed_sums
from attendome.models.sequence.decay_constant import ConstantDecayContext, DecayConstantSettings

from .plain_attention import assert_all_close, gradients, plain_decay

ALPHA = (0.0, 0.01, 0.2, 3.0, 1e4)


def context(channels, diagonal=True, alpha=ALPHA):
    settings = DecayConstantSettings(alpha=alpha, diagonal=diagonal)
    return ConstantDecayContext(channels, settings)


def dense(states, alpha, diagonal=True):
    """All pairs at once: quick enough for many bins, and with gradients of α."""
    steps = torch.arange(states.shape[2], dtype=states.dtype)
    weights = (-alpha[:, None, None] * (steps - steps[:, None]).abs()).exp()
    if not diagonal:
        weights = weights - torch.eye(len(steps), dtype=states.dtype)
    return (states[:, None] @ weights).flatten(1, 2)


@pytest.mark.parametrize("positions", [1, 7, 30])
@pytest.mark.parametrize("diagonal", [False, True])
def test_equals_the_equation_written_out(positions, diagonal):
    torch.manual_seed(0)
    states = torch.randn(2, 3, positions)
    h = states.relu()
    found = context(3, diagonal)(states)
    torch.testing.assert_close(found[:, :3], h)
    expected = plain_decay(h, ALPHA, diagonal).flatten(1, 2)
    torch.testing.assert_close(found[:, 3:], expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(dense(h, torch.tensor(ALPHA), diagonal), expected)


@pytest.mark.parametrize("positions", [CHUNK, CHUNK + 1, 129, 700])
def test_chunks_equal_all_pairs_with_their_gradients(positions):
    torch.manual_seed(0)
    states = torch.rand(2, 3, positions, dtype=torch.float64, requires_grad=True)
    alpha = torch.tensor(PUBLISHED_RATES, dtype=torch.float64, requires_grad=True)

    def in_chunks(states, alpha):
        chunked = context(3)
        chunked.alpha = lambda: alpha
        return chunked(states)[:, 3:]

    found = gradients(in_chunks, [states, alpha])
    assert_all_close(found, gradients(dense, [states, alpha]))
    single = in_chunks(states.float(), alpha.float())
    assert (single - found[0]).abs().max() < 1e-5 * found[0].abs().max()


def test_gradients_are_those_of_small_differences():
    torch.manual_seed(0)
    chunks = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    alpha = torch.tensor([0.05, 0.4], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(decayed_sums, [chunks, alpha])


def test_order_in_memory_does_not_matter():
    states = torch.randn(2, 3, 70)
    by_position = states.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(context(3)(by_position), context(3)(states))


@torch.no_grad()
def test_stays_exact_over_many_bins():
    found = context(1, alpha=(0.0, 0.001, 0.5))(torch.ones(1, 1, 100_000))[0]
    torch.testing.assert_close(found[1], torch.full((100_000,), 100_000.0))
    for row, alpha in ((2, 0.001), (3, 0.5)):
        power = torch.tensor(-alpha, dtype=torch.float64).exp()
        endless = (1 + power) / (1 - power)
        torch.testing.assert_close(found[row, 50_000], endless.float(), rtol=1e-4, atol=0)


def test_sums_are_in_float32_under_autocast():
    states = torch.rand(1, 3, 200)
    with torch.autocast("cpu", torch.bfloat16):
        found = context(3)(states)
    assert torch.equal(found, context(3)(states))
    assert context(3)(states.bfloat16()).dtype == torch.float32
