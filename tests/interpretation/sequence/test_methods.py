"""Effects of single bases: closed forms on linear models, and agreement with plain predictions."""

import numpy as np
import pytest
import torch
from torch import nn

from attendome.errors import SettingsError
from attendome.interpretation.sequence.gradients import gradient_effect, integrated_effect
from attendome.interpretation.sequence.methods import SEQUENCE_METHODS, sequence_method
from attendome.interpretation.sequence.mutagenesis import mutagenesis
from attendome.interpretation.sequence.substitutions import importance, largest
from attendome.interpretation.sequence.targets import OnTarget, Target
from attendome.models.sequence.bases import one_hot

LENGTH = 12


class Exponential(nn.Module):
    """Coverage of two tracks in three bins: the target without a pseudo-count is linear."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(
            torch.randn(2, 4, LENGTH, generator=torch.Generator().manual_seed(1))
        )

    def forward(self, sequence):
        total = torch.einsum("bcp,tcp->bt", sequence, self.weight).exp()
        return total.unsqueeze(1) * torch.tensor([0.2, 0.3, 0.5])[:, None]


class Bent(Exponential):
    """One in which bases act together."""

    def forward(self, sequence):
        return super().forward(sequence + 2 * sequence * sequence.roll(1, 2) * sequence.roll(2, 2))


@pytest.fixture
def sequence():
    codes = torch.randint(0, 4, (LENGTH,), generator=torch.Generator().manual_seed(2))
    codes[3] = 4
    return codes.to(torch.uint8)


def by_prediction(model):
    def predict(reference, alleles):
        with torch.no_grad():
            return model(one_hot(reference)), model(one_hot(alleles))

    return predict


TARGET = Target(1, 3, (1, 0), pseudocount=1e-30)


def test_target_is_the_log_of_the_sum():
    coverage = torch.arange(12.0).reshape(1, 3, 4)
    found = Target(1, 3, (2, 0), pseudocount=0.5)(coverage)
    np.testing.assert_allclose(found, np.log([[6 + 10 + 0.5, 4 + 8 + 0.5]]), rtol=1e-6)


def test_mutagenesis_of_a_linear_model_is_the_difference_of_weights(sequence):
    model = Exponential()
    effect = mutagenesis(by_prediction(model), sequence, range(2, 9), TARGET, at_once=5)
    weights = model.weight.detach()[[1, 0]]
    own = (weights * one_hot(sequence)).sum(1, keepdim=True)
    expected = (weights - own)[:, :, 2:9].transpose(1, 2)
    torch.testing.assert_close(effect, expected, atol=1e-5, rtol=1e-5)
    assert effect.shape == (2, 7, 4)
    places = torch.arange(7)[sequence[2:9] < 4]
    assert not effect[:, places, sequence[2:9][places].long()].any()


def test_all_signed_methods_agree_on_a_linear_model(sequence):
    model = Exponential()
    target = OnTarget(model, TARGET)
    changed = mutagenesis(by_prediction(model), sequence, range(LENGTH), TARGET, at_once=64)
    for track in range(2):
        expected = changed[track : track + 1]
        by_gradient = gradient_effect(target, sequence, track)
        integrated, change, missed = integrated_effect(target, sequence, track, steps=3)
        for found in (by_gradient, integrated):
            torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-4)
        assert missed < 1e-5 * abs(change)
        weight = model.weight.detach()[TARGET.tracks[track]]
        over_mean = (weight * one_hot(sequence)).sum(0) - weight.mean(0)
        torch.testing.assert_close(
            importance(expected, sequence)[0], over_mean, atol=1e-5, rtol=1e-5
        )


def test_integrated_gradients_add_up_where_bases_act_together(sequence):
    target = OnTarget(Bent(), TARGET)
    effect, change, missed = integrated_effect(target, sequence, 0, steps=50)
    known = target.at(one_hot(sequence))[0]
    unknown = target.at(torch.full((4, LENGTH), 0.25))[0]
    assert change == pytest.approx(float(known - unknown), rel=1e-5)
    total = float(importance(effect, sequence).sum())
    assert total == pytest.approx(change, rel=1e-3)
    assert missed == pytest.approx(abs(total - change), abs=1e-5)
    assert integrated_effect(target, sequence, 0, steps=1)[2] > missed


def test_gradient_is_the_limit_of_small_changes(sequence):
    target = OnTarget(Bent().double(), TARGET)
    start = one_hot(sequence).double()
    found = target.gradient(start, 1)
    step = torch.zeros_like(start)
    step[2, 5] = 1e-6
    numeric = (target.at(start + step) - target.at(start - step))[1] / 2e-6
    torch.testing.assert_close(found[2, 5], numeric, atol=1e-6, rtol=1e-5)


def test_an_unknown_base_has_no_importance_but_effects(sequence):
    model = Bent()
    effect = mutagenesis(by_prediction(model), sequence, range(LENGTH), TARGET, at_once=7)
    assert effect[:, 3].abs().min() > 0
    assert not importance(effect, sequence)[:, 3].any()


def test_largest_effect():
    effect = torch.tensor([[[0.0, -3, 1, 2], [0, 0, 0.5, 0]]])
    assert largest(effect).tolist() == [[3.0, 0.5]]


def test_both_strands_are_averaged_before_the_logarithm(sequence):
    model, pairs = Bent(), torch.tensor([1, 0])
    found = OnTarget(model, TARGET, pairs).at(one_hot(sequence))
    turned = torch.where(sequence < 4, 3 - sequence, sequence).flip(0)
    with torch.no_grad():
        here, there = model(one_hot(sequence)[None]), model(one_hot(turned)[None])
    mean = (here + there.flip(1)[..., pairs]) / 2
    torch.testing.assert_close(found, TARGET(mean)[0])


def test_captum_takes_the_target(sequence):
    from captum.attr import InputXGradient

    target = OnTarget(Bent(), TARGET)
    start = one_hot(sequence).unsqueeze(0).requires_grad_()
    found = InputXGradient(target).attribute(start, target=1).detach()[0]
    expected = target.gradient(one_hot(sequence), 1) * one_hot(sequence)
    torch.testing.assert_close(found, expected)


def test_an_unknown_method():
    with pytest.raises(SettingsError, match="did you mean 'saliency'"):
        sequence_method("salience")
    assert [sequence_method(name).signed for name in SEQUENCE_METHODS] == [True, False, True, True]
