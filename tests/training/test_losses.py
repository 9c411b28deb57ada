import math

import pytest
import torch

from attendome.training.losses import SecondTarget, target_loss

X = torch.tensor([0.0, 2.0, -1.0])


def test_cross_entropy_of_labels():
    found = target_loss("label", X, torch.tensor([1.0, 0.0, 0.0]))
    expected = (math.log(2) + math.log1p(math.exp(2)) + math.log1p(math.exp(-1))) / 3
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_squared_error_of_expression():
    assert target_loss("expression", X, torch.tensor([1.0, 2.0, 1.0])).item() == pytest.approx(
        5 / 3
    )


def test_the_second_target_is_met_but_for_a_line():
    second = SecondTarget(weight=0.5)
    expression = torch.tensor([1.0, 2.0, 1.0])
    assert second(X, expression).item() == pytest.approx(0.5 * 5 / 3)
    with torch.no_grad():
        second.line.weight.fill_(3.0)
        second.line.bias.fill_(-1.0)
    assert second(X, 3 * X - 1).item() == pytest.approx(0, abs=1e-6)


def test_the_second_target_reaches_the_prediction_and_the_line():
    x = X.clone().requires_grad_()
    second = SecondTarget(weight=2.0)
    expression = torch.tensor([1.0, 2.0, 1.0])
    second(x, expression).backward()
    torch.testing.assert_close(x.grad, 2.0 * 2 * (X - expression) / 3)
    assert second.line.weight.grad.item() == pytest.approx(2.0 * 2 * (2.0 / 3))
    assert second.line.bias.grad.item() == pytest.approx(2.0 * 2 * -1.0)
