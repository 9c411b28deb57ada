import numpy as np
import pytest
import torch
from scipy.stats import poisson

from attendome.training.sequence.losses import inner, poisson_losses


def pair(seed=0):
    generator = torch.Generator().manual_seed(seed)
    predicted = torch.rand(2, 5, 3, generator=generator) * 9 + 0.1
    return predicted.requires_grad_(), torch.poisson(torch.full((2, 5, 3), 6.0), generator)


def test_the_loss_is_that_of_the_formula():
    predicted, observed = pair()
    total, known = poisson_losses(predicted, observed)
    expected = (predicted - observed * predicted.log()).sum(dim=(1, 2))
    torch.testing.assert_close(total, expected)
    assert known.tolist() == [15, 15]


@pytest.mark.parametrize("x", [-5.0, -20.0, -60.0])
def test_predictions_far_too_low_are_drawn_up_all_the_same(x):
    number = torch.tensor(x, requires_grad=True)
    poisson_losses(number.exp().view(1, 1, 1), torch.ones(1, 1, 1))[0].backward()
    assert number.grad == pytest.approx(-1, abs=0.01)


def test_with_stirling_it_is_the_likelihood_of_counts():
    predicted, observed = pair()
    total, _ = poisson_losses(predicted, observed.clamp(min=2), stirling=True)
    expected = -poisson.logpmf(observed.clamp(min=2), predicted.detach()).sum(axis=(1, 2))
    np.testing.assert_allclose(total.detach(), expected, rtol=0.02)


def test_stirling_does_not_change_the_gradients():
    gradients = []
    for stirling in (False, True):
        predicted, observed = pair()
        poisson_losses(predicted, observed, stirling=stirling)[0].sum().backward()
        gradients.append(predicted.grad)
    assert torch.equal(*gradients)


def test_what_is_not_known_is_left_out():
    predicted, observed = pair()
    all_known = poisson_losses(predicted, observed)[0].detach()
    rate = predicted[0, 2, 1].item()
    left_out = rate - observed[0, 2, 1].item() * np.log(rate)
    observed[0, 2, 1] = torch.nan
    total, known = poisson_losses(predicted, observed)
    torch.testing.assert_close(total, all_known - torch.tensor([left_out, 0.0]).float())
    assert known.tolist() == [14, 15]
    total.sum().backward()
    assert predicted.grad.isfinite().all()
    assert predicted.grad[0, 2, 1] == 0
    assert (predicted.grad != 0).sum() == 29


def test_a_coverage_of_zero_has_a_finite_loss():
    total, _ = poisson_losses(torch.full((1, 2, 2), 1e-30), torch.zeros(1, 2, 2), stirling=True)
    assert total.isfinite().all()


def test_the_margin():
    values = torch.arange(7.0).reshape(1, 7, 1)
    assert inner(values, 2).flatten().tolist() == [2, 3, 4]
    assert inner(values, 0).shape == (1, 7, 1)
