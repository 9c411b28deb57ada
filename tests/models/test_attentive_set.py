import numpy as np
import pytest
import torch

from attendome.models.attentive_set import AttentiveSet, AttentiveSetSettings

from .plain import assert_close, plain_attention, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (6, 3, 14)).astype(np.float32))
SMALL = {"pool": 4, "hidden": 5, "transform": "log1p"}


@torch.no_grad()
def make(**settings):
    torch.manual_seed(1)
    model = spread(AttentiveSet(3, 14, AttentiveSetSettings(**SMALL | settings)))
    for member in model.members:
        if member.slope is not None:
            member.slope.normal_()
        member.place.normal_()
    return model


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


def plain_mark(member, signal, mark):
    """The encoding and the value of a mark, group by group, and its attention over bins."""
    groups = [signal[start : start + 4].log1p().mean() for start in range(0, 14, 4)]
    seen, scores = [], []
    for group, level in enumerate(groups):
        seen.append((member.weight[mark, 0] * level + member.position[mark, group]).clamp(min=0))
        scores.append(seen[-1] @ member.context[mark] + member.place[mark, group])
    alpha = torch.stack(scores).softmax(0)
    encoded = sum(a * h for a, h in zip(alpha, seen, strict=True)) + member.embedding[mark]
    value = member.output.weight[0] @ encoded + member.output.bias[0]
    if member.slope is not None:
        for group, level in enumerate(groups):
            value += len(groups) * alpha[group] * member.slope[mark, group] * level
    over_bins = [alpha[bin_ // 4] / (2 if bin_ >= 12 else 4) for bin_ in range(14)]
    return encoded, value, torch.stack(over_bins)


def plain_member(member, signal):
    """One member's equations for one gene; marks that are NaN are left out."""
    present = [mark for mark in range(3) if not signal[mark].isnan().any()]
    alpha, beta = torch.zeros(3, 14), torch.zeros(3)
    encoded, values = [], []
    for mark in present:
        encoding, value, alpha[mark] = plain_mark(member, signal[mark], mark)
        encoded.append(encoding)
        values.append(value)
    states = []
    for encoding in encoded:
        state = encoding
        if member.among is not None:
            query, key, told = member.among.weight.split(5)
            scores = [(query @ encoding) @ (key @ other) / 5**0.5 for other in encoded]
            weights = torch.stack(scores).softmax(0)
            told = sum(w * (told @ other) for w, other in zip(weights, encoded, strict=True))
            state = encoding + told.tanh()
        states.append(state.tanh())
    _, weights = plain_attention(torch.stack(states), member.mark_context)
    beta[present] = weights
    odds = len(present) * sum(w * v for w, v in zip(weights, values, strict=True))
    return odds, alpha, beta


@pytest.mark.parametrize(
    "settings", [{}, {"linear": False}, {"interaction": False}, {"members": 1}], ids=str
)
def test_equals_the_equations_written_out(settings):
    model = make(**settings)
    signal = SIGNAL.clone()
    signal[1, 2], signal[2, :2] = torch.nan, torch.nan
    output = model(signal)
    for gene, of_gene in enumerate(signal):
        members = [plain_member(member, of_gene) for member in model.members]
        expected = [sum(part) / len(members) for part in zip(*members, strict=True)]
        for found, of_expected in zip(output, expected, strict=True):
            assert_close(found[gene], of_expected)


def keep_marks(model, marks):
    """Copy a model, with the parameters of the given marks, in their order."""
    kept = AttentiveSet(len(marks), 14, model.settings).eval()
    shared = ("among", "mark_context", "output")
    kept.load_state_dict(
        {
            name: values if name.split(".")[2:3] and name.split(".")[2] in shared else values[marks]
            for name, values in model.state_dict().items()
        }
    )
    return kept


@pytest.mark.parametrize("marks", [[0], [0, 2], [2, 0, 1]])
def test_a_subset_of_marks_in_any_order(marks):
    model = make(transform="depth-normalised")
    model.transform.fit(SIGNAL)
    signal = torch.full_like(SIGNAL, torch.nan)
    signal[:, marks] = SIGNAL[:, marks]
    found, expected = model(signal), keep_marks(model, marks)(SIGNAL[:, marks])
    assert_close(found.prediction, expected.prediction)
    assert_close(found.alpha[:, marks], expected.alpha)
    assert_close(found.beta[:, marks], expected.beta)
    assert_close(found.beta.sum(dim=1), torch.ones(6))
    others = [mark for mark in range(3) if mark not in marks]
    assert not found.alpha[:, others].any()
    assert not found.beta[:, others].any()


def test_a_gene_without_any_mark_gets_a_finite_prediction():
    output = make()(torch.full((1, 3, 14), torch.nan))
    assert output.prediction.isfinite()
    assert not output.beta.any()


@torch.enable_grad()
def test_missing_marks_leave_gradients_finite():
    model = make(transform="depth-normalised").train()
    signal = SIGNAL.clone()
    signal[:3, 1], signal[5] = torch.nan, torch.nan
    signal.requires_grad_()
    model(signal).prediction.sum().backward()
    for values in (signal, *model.parameters()):
        assert values.grad.isfinite().all()
    assert signal.grad[0, 0].any()
    assert not signal.grad[:3, 1].any()


def test_marks_are_hidden_in_training_only():
    model = make(mark_dropout=0.5, dropout=0.0)
    torch.manual_seed(0)
    assert torch.equal(model(SIGNAL).prediction, model(SIGNAL).prediction)
    hidden = model.train()(SIGNAL.repeat(50, 1, 1)).beta == 0
    assert hidden.any(dim=0).all()
    assert not hidden.all(dim=1).any()


def test_is_the_mean_of_its_members():
    model = make(members=3)
    single = make(members=1)
    found = []
    for member in model.members:
        single.members[0].load_state_dict(member.state_dict())
        found.append(single(SIGNAL))
    for mean, parts in zip(model(SIGNAL), zip(*found, strict=True), strict=True):
        assert_close(mean, torch.stack(parts).mean(dim=0))


def test_what_marks_do_together_passes_through_beta():
    model = make(interaction=False, members=1)
    member = model.members[0]
    torch.nn.init.zeros_(member.mark_context)  # even β: what is left is a sum over marks
    alone = torch.full((3, *SIGNAL.shape), torch.nan)
    for mark in range(3):
        alone[mark, :, mark] = SIGNAL[:, mark]
    assert_close(model(SIGNAL).prediction, sum(model(of_mark).prediction for of_mark in alone))


@pytest.mark.parametrize("interaction", [True, False])
@torch.enable_grad()
def test_marks_of_which_each_alone_says_nothing_need_the_interaction(interaction):
    """On where both marks are high or both are low: the sign of a sum of two terms cannot do that.

    Without interaction, the odds have the sign of Σ_j exp(score_j) v_j, a term for each mark.
    """
    torch.manual_seed(0)
    high = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).repeat(8, 1)
    signal = 20.0 * high.unsqueeze(2).expand(-1, -1, 4)
    label = (high[:, 0] == high[:, 1]).float()
    settings = AttentiveSetSettings(interaction=interaction, members=1)
    model = AttentiveSet(2, 4, settings).eval()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        odds = model(signal).prediction
        torch.nn.functional.binary_cross_entropy_with_logits(odds, label).backward()
        optimizer.step()
    right = ((odds > 0) == label.bool()).float().mean()
    assert right == 1 if interaction else right <= 0.75
