import math

import pytest
import torch
from pydantic import ValidationError

from attendome.models.sequence.decay import PUBLISHED_RATES
from attendome.models.sequence.decay_learned import (
    PAPER,
    DecayLearned,
    DecayLearnedSettings,
    LearnedDecayContext,
)
from attendome.models.sequence.shape import SequenceShape

from .plain_attention import plain_decay
from .plain_tower import random_sequence


def test_parameters_at_full_size():
    with torch.device("meta"):
        model = DecayLearned(SequenceShape())
    assert sum(p.numel() for p in model.parameters()) == 17_279_617 + 5


@pytest.mark.parametrize("diagonal", [False, True])
def test_starts_as_the_given_alpha(diagonal):
    context = LearnedDecayContext(3, DecayLearnedSettings(diagonal=diagonal))
    h = torch.randn(2, 3, 9).relu()
    torch.testing.assert_close(context.alpha(), torch.tensor(PUBLISHED_RATES))
    expected = plain_decay(h, PUBLISHED_RATES, diagonal).flatten(1, 2)
    torch.testing.assert_close(context(h)[:, 3:], expected)


@pytest.mark.parametrize("diagonal", [False, True])
def test_softmax_kernel_equals_the_authors(diagonal):
    settings = DecayLearnedSettings(alpha=(0.1, 2.0), kernel="softmax", diagonal=diagonal)
    context = LearnedDecayContext(2, settings)
    states = torch.randn(1, 2, 7)
    found = context(states)
    torch.testing.assert_close(found[:, :2], states.relu())
    for k, alpha in enumerate((0.1, 2.0)):
        for j in range(7):
            powers = [
                math.exp(math.exp(-alpha * abs(j - t)) if diagonal or t != j else 0)
                for t in range(7)
            ]
            expected = sum(p * states[0, :, t].relu() for t, p in enumerate(powers)) / sum(powers)
            torch.testing.assert_close(found[0, 2 + 2 * k : 4 + 2 * k, j], expected)


@pytest.mark.parametrize("kernel", ["exponential", "softmax"])
def test_every_alpha_has_a_gradient_and_stays_positive(kernel):
    torch.manual_seed(0)
    context = LearnedDecayContext(3, DecayLearnedSettings(kernel=kernel))
    optimizer = torch.optim.SGD(context.parameters(), lr=1e3)
    context(torch.randn(1, 3, 100)).square().mean().backward()
    assert context.log_rate.grad.isfinite().all()
    assert (context.log_rate.grad != 0).all()
    optimizer.step()
    assert (context.alpha() >= 0).all()


@pytest.mark.parametrize("paper", [{}, PAPER])
def test_predicts_and_learns(paper):
    torch.manual_seed(0)
    shape = SequenceShape(length=128 * 8, tracks=3, crop=128)
    model = DecayLearned(shape, DecayLearnedSettings(scale="small", **paper))
    prediction = model(random_sequence(2, shape.length))
    assert prediction.shape == (2, 6, 3)
    prediction.mean().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("alpha", [(), (0.0,), (-0.1,)])
def test_no_alpha_or_one_that_cannot_be_learned_is_refused(alpha):
    with pytest.raises(ValidationError):
        DecayLearnedSettings(alpha=alpha)
