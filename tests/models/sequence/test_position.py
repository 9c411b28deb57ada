import math

import pytest
import torch

from attendome.models.sequence.position import POSITION_FUNCTIONS, Exponential, TwoSided


def with_alpha(function, alpha):
    """Set α of each head."""
    with torch.no_grad():
        function.log_rate.copy_((torch.tensor(alpha) / 0.01).log())
    return function


def test_none_is_one():
    function = POSITION_FUNCTIONS["none"](3, 8.0)
    assert torch.equal(function.profile(torch.arange(-2.0, 3)), torch.ones(3, 5))
    assert not list(function.parameters())


def test_exponential_equals_its_equation():
    function = with_alpha(Exponential(2, 8.0), [[0.3], [0.01]])
    found = function.profile(torch.tensor([-3.0, 0, 2])).tolist()
    for head, alpha in enumerate((0.3, 0.01)):
        for place, offset in enumerate((-3, 0, 2)):
            assert found[head][place] == pytest.approx(math.exp(-alpha * abs(offset)))


def test_two_sided_equals_its_equation():
    function = with_alpha(TwoSided(2, 6.5), [[0.3, 0.1], [0.02, 0.2]])
    offsets = torch.arange(-12.0, 13)
    found = function.profile(offsets).tolist()
    for head, (right, left) in enumerate(((0.3, 0.1), (0.02, 0.2))):
        for place, offset in enumerate(offsets.tolist()):
            expected = min(math.exp(right * (offset - 6.5)), math.exp(left * (-offset - 6.5)))
            assert found[head][place] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("right", "left"), [(0.01, 0.01), (0.03, 0.01), (0.002, 0.05)])
def test_two_sided_is_largest_where_the_closed_form_says(right, left):
    function = with_alpha(TwoSided(1, 512.0), [[right, left]])
    offsets = torch.linspace(-1023, 1023, 200_001, dtype=torch.float64)
    values = function.double().profile(offsets)[0]
    assert offsets[values.argmax()].item() == pytest.approx(
        512 * (right - left) / (right + left), abs=0.02
    )
    highest = math.exp(-2 * 512 * left * right / (left + right))
    assert values.max().item() == pytest.approx(highest, rel=1e-3)


@pytest.mark.parametrize("name", ["exponential", "two-sided"])
@pytest.mark.parametrize("alpha", [1e-9, 0.02, 50.0])
def test_gradients_are_finite_whatever_alpha(name, alpha):
    function = POSITION_FUNCTIONS[name](2, 512.0)
    with_alpha(function, [[alpha] * function.rates] * 2)
    values = function.profile(torch.arange(-1023.0, 1024))
    values.sum().backward()
    assert (values >= 0).all()
    assert (values <= 1).all()
    assert function.log_rate.grad.isfinite().all()


@pytest.mark.parametrize("name", ["exponential", "two-sided"])
def test_alpha_starts_in_proportion_to_the_region(name):
    torch.manual_seed(0)
    alpha = POSITION_FUNCTIONS[name](500, 64.0).alpha()
    assert alpha.min() > 0
    assert alpha.max() <= 5 / 64
    assert alpha.mean().item() == pytest.approx(2.5 / 64, rel=0.1)


@pytest.mark.parametrize(("name", "largest"), [("exponential", 1), ("two-sided", 0.01)])
def test_published_alpha_starts_as_in_the_authors_code(name, largest):
    torch.manual_seed(0)
    alpha = POSITION_FUNCTIONS[name](500, 64.0, published=True).alpha()
    assert alpha.min() > 0
    assert alpha.max() <= largest
    assert alpha.mean().item() == pytest.approx(largest / 2, rel=0.1)


def test_published_exponential_underflows_as_in_the_authors_code():
    function = with_alpha(Exponential(1, 512.0, published=True), [[0.01]])
    found = function.profile(torch.tensor([-104.0, -103, 0, 1, 103, 104]))[0]
    near, far = math.exp(-0.01), math.exp(-1.03)
    torch.testing.assert_close(found, torch.tensor([0, far, 0, near, far, 0]))
