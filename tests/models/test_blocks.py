import torch

from attendome.models.blocks import ContextAttention, InputTransform, hide_marks, softmax_over

SIGNAL = torch.tensor([[[0.0, 1.0], [10.0, 30.0]], [[3.0, 0.0], [0.0, 0.0]]])


def test_counts_are_left_alone():
    assert torch.equal(InputTransform("counts", 2)(SIGNAL), SIGNAL)


def test_log1p():
    assert torch.equal(InputTransform("log1p", 2)(SIGNAL), torch.log(1 + SIGNAL))


def test_depth_normalised_does_not_see_the_depth():
    shallow, deep = (InputTransform("depth-normalised", 2) for _ in range(2))
    depths = torch.tensor([3.0, 7.0])[:, None]
    shallow.fit(SIGNAL)
    deep.fit(SIGNAL * depths)
    torch.testing.assert_close(shallow(SIGNAL), deep(SIGNAL * depths))
    torch.testing.assert_close(shallow.mean, torch.tensor([1.0, 10.0]))


def test_a_mark_without_signal_stays_zero():
    transform = InputTransform("depth-normalised", 2)
    transform.fit(torch.zeros(4, 2, 3))
    assert torch.equal(transform(torch.zeros(1, 2, 3)), torch.zeros(1, 2, 3))


def test_marks_that_were_not_measured_do_not_spoil_the_depth():
    transform = InputTransform("depth-normalised", 2)
    signal = SIGNAL.clone()
    signal[1, 0], signal[:, 1] = torch.nan, torch.nan
    transform.fit(signal)
    torch.testing.assert_close(transform.mean, torch.tensor([0.5, 1.0]))


def test_the_depth_is_stored_with_the_model():
    transform = InputTransform("depth-normalised", 2)
    transform.fit(SIGNAL)
    assert "mean" in transform.state_dict()


def test_attention_with_a_zero_context_is_the_mean():
    attention = ContextAttention(3)
    torch.nn.init.zeros_(attention.context)
    states = torch.randn(2, 5, 3)
    summary, weights = attention(states)
    torch.testing.assert_close(weights, torch.full((2, 5), 0.2))
    torch.testing.assert_close(summary, states.mean(dim=1))


def test_a_strong_context_chooses_one_step():
    attention = ContextAttention(1)
    attention.context.data = torch.tensor([-100.0])
    states = torch.tensor([0.0, 1.0, 2.0]).reshape(1, 3, 1)
    summary, weights = attention(states + 5)
    torch.testing.assert_close(summary, torch.tensor([[5.0]]))
    torch.testing.assert_close(weights, torch.tensor([[1.0, 0.0, 0.0]]))


PRESENT = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])


def test_softmax_over_the_marks_present():
    scores = torch.tensor([[1.0, 9.0, 1.0], [1.0, 2.0, 3.0], [-1e9, 0.0, 0.0]], requires_grad=True)
    weights = softmax_over(scores, PRESENT)
    expected = torch.tensor([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    assert torch.equal(weights, expected)
    weights[:, 0].sum().backward()
    assert torch.isfinite(scores.grad).all()


def test_hidden_marks_are_some_of_those_present_and_never_all():
    torch.manual_seed(0)
    many = PRESENT.repeat(2000, 1)
    kept = hide_marks(many, 0.3)
    assert not (kept & ~many).any()
    assert torch.equal(kept.any(dim=1), many.any(dim=1))
    # Of three marks all would be hidden in 2.7% of the cases, and stay instead.
    assert abs((~kept[2::3]).float().mean() - (0.3 - 0.3**3)) < 0.02
    assert torch.equal(hide_marks(many, 0.0), many)
