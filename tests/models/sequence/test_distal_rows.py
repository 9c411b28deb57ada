import pytest
import torch

from attendome.models.sequence import distal_rows
from attendome.models.sequence.distal import attend_plainly
from attendome.models.sequence.distal_rows import attend_by_rows

from .plain_attention import assert_all_close, gradients, random_inputs

POSITIONS = [1, 7, 129]


@pytest.fixture(params=[0, distal_rows.KEPT], ids=["computed again", "kept"], autouse=True)
def _scores(request, monkeypatch):
    monkeypatch.setattr(distal_rows, "KEPT", request.param)


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("rows", [None, 1, 4, 50])
@pytest.mark.parametrize("relu_scores", [False, True])
def test_equals_the_plain_version_with_its_gradients(positions, rows, relu_scores):
    inputs = random_inputs(positions)
    found = gradients(
        lambda *inputs: attend_by_rows(*inputs, relu_scores=relu_scores, rows=rows), inputs
    )
    expected = gradients(
        lambda *inputs: attend_plainly(*inputs, relu_scores=relu_scores)[0], inputs
    )
    assert_all_close(found, expected)


def test_equals_the_plain_version_of_more_rows_than_are_taken_at_a_time():
    inputs = random_inputs(600, batch=1, heads=2)
    found = gradients(attend_by_rows, inputs)
    expected = gradients(lambda *inputs: attend_plainly(*inputs)[0], inputs)
    assert_all_close(found, expected)


@pytest.mark.parametrize("relu_scores", [False, True])
def test_gradients_are_those_of_small_differences(relu_scores):
    inputs = random_inputs(9, batch=1, heads=2, channels=3, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda *inputs: attend_by_rows(*inputs, relu_scores=relu_scores, rows=4), inputs
    )


def test_order_in_memory_does_not_matter():
    queries, states, profile = random_inputs(20)
    expected = gradients(attend_by_rows, [queries, states, profile])
    by_position = states.detach().transpose(1, 2).contiguous().transpose(1, 2).requires_grad_()
    assert_all_close(gradients(attend_by_rows, [queries, by_position, profile]), expected)


def test_gradient_that_is_one_number_for_all():
    inputs = random_inputs(20)
    found = torch.autograd.grad(attend_by_rows(*inputs).sum(), inputs)
    expected = torch.autograd.grad(attend_plainly(*inputs)[0].sum(), inputs)
    assert_all_close(found, expected)


def test_scores_far_apart_do_not_overflow():
    queries, states, profile = random_inputs(30)
    inputs = [queries.detach().mul(1e4).requires_grad_(), states, profile]
    assert all(tensor.isfinite().all() for tensor in gradients(attend_by_rows, inputs))


def test_halves_stay_close_and_weights_are_in_float32():
    queries, states, profile = random_inputs(300, channels=16)
    expected = gradients(attend_by_rows, [queries, states, profile])
    halves = [queries.bfloat16(), states.bfloat16(), profile]
    found = gradients(attend_by_rows, halves)
    assert [tensor.dtype for tensor in found] == [torch.bfloat16] * 3 + [torch.float32]
    for one, other in zip(found, expected, strict=True):
        assert (one - other).norm() < 0.03 * other.norm()
