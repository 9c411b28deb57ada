"""Sequence models are plain modules: captum and tangermeme take them as they are."""

import warnings

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency

from attendome.interpretation.sequence.gradients import gradient_effect, integrated_effect
from attendome.interpretation.sequence.mutagenesis import mutagenesis
from attendome.interpretation.sequence.substitutions import importance
from attendome.interpretation.sequence.targets import OnTarget, Target
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.models.sequence.shape import SequenceShape

SHAPE = SequenceShape(length=512, bin_size=32, tracks=3, crop=64)


def make(name):
    torch.manual_seed(1)
    architecture = SEQUENCE_MODELS[name]
    return architecture.build(SHAPE, architecture.settings(scale="small")).eval()


@pytest.fixture(params=["attention", "hybrid"])
def model(request):
    return make(request.param)


@pytest.fixture
def codes():
    return torch.randint(4, (SHAPE.length,), generator=torch.Generator().manual_seed(2)).byte()


@pytest.fixture
def sequence(codes):
    return one_hot(codes)[None]


def level_of(model):
    return OnTarget(model, Target(5, 7, (2, 0)))


def test_captum_takes_the_model_with_a_bin_and_a_track(model, sequence):
    sequence.requires_grad_()
    found = InputXGradient(model).attribute(sequence, target=(5, 2))
    (gradient,) = torch.autograd.grad(model(sequence)[0, 5, 2], sequence)
    torch.testing.assert_close(found, sequence * gradient)


def test_captum_finds_what_we_find(model, sequence, codes):
    level = level_of(model)
    ours = importance(gradient_effect(level, codes, 1), codes)[0]
    theirs = Saliency(level).attribute(sequence.requires_grad_(), target=1, abs=False)
    theirs = theirs - theirs.mean(dim=1, keepdim=True)
    torch.testing.assert_close((sequence * theirs).sum(dim=1)[0], ours)
    effect, change, missed = integrated_effect(level, codes, 1, 32)
    unknown = torch.full_like(sequence, 0.25)
    found, delta = IntegratedGradients(level).attribute(
        sequence,
        unknown,
        target=1,
        n_steps=32,
        method="riemann_middle",
        return_convergence_delta=True,
    )
    assert change == pytest.approx((level(sequence) - level(unknown))[0, 1].item(), abs=1e-5)
    ours, theirs = importance(effect, codes)[0], found.sum(dim=1)[0].detach()
    assert abs((ours.sum() - theirs.sum()).item()) <= missed + abs(delta.item()) + 1e-5
    assert torch.corrcoef(torch.stack([ours, theirs]))[0, 1].item() > 0.95


def test_tangermeme_takes_the_model(model, sequence):
    pytest.importorskip("tangermeme", reason="tangermeme is not installed")
    from tangermeme.marginalize import marginalize
    from tangermeme.predict import predict
    from tangermeme.variant_effect import substitution_effect

    expected = model(sequence).detach()
    torch.testing.assert_close(predict(model, sequence, device="cpu"), expected)
    before, after = marginalize(model, sequence, "CAGATGACG", start=200, device="cpu")
    written = sequence.clone()
    written[0, :, 200:209] = one_hot(torch.tensor([1, 0, 2, 0, 3, 2, 0, 1, 2], dtype=torch.uint8))
    torch.testing.assert_close(before, expected)
    torch.testing.assert_close(after, model(written).detach())
    _, changed = substitution_effect(model, sequence, torch.tensor([[0, 200, 3]]), device="cpu")
    written = sequence.clone()
    written[0, :, 200] = torch.eye(4)[3]
    torch.testing.assert_close(changed, model(written).detach())


def test_tangermeme_finds_what_we_find(model, sequence, codes):
    pytest.importorskip("tangermeme", reason="tangermeme is not installed")
    from tangermeme.saliency import saliency
    from tangermeme.saturation_mutagenesis import saturation_mutagenesis

    level, places = level_of(model), range(200, 210)
    before, after = saturation_mutagenesis(
        level, sequence, start=200, end=210, raw_outputs=True, fast=False, device="cpu"
    )

    def predict(one, alleles):
        return model(one_hot(one)).detach(), model(one_hot(alleles)).detach()

    ours = mutagenesis(predict, codes, places, level.target, 8)
    theirs = (after - before[:, None, None])[0].permute(2, 1, 0)
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-4)
    found = saliency(level, sequence, target=1, device="cpu").sum(dim=1)[0]
    torch.testing.assert_close(found, importance(gradient_effect(level, codes, 1), codes)[0])


def test_deep_lift_shap_needs_a_rule_for_the_whole_model(sequence):
    pytest.importorskip("tangermeme", reason="tangermeme is not installed")
    from tangermeme.deep_lift_shap import deep_lift_shap, integrated_gradients_op

    level = level_of(make("attention"))
    shuffled = sequence[..., torch.randperm(SHAPE.length)][:, None]
    options = {"references": shuffled, "device": "cpu"}
    with pytest.warns(RuntimeWarning) as said:
        deep_lift_shap(level, sequence, **options)
    assert any("no DeepLIFT rule" in str(one.message) for one in said)
    rule = {OnTarget: integrated_gradients_op(K=64)}
    options |= {"warning_threshold": 1}
    with warnings.catch_warnings(action="ignore"):  # it may still miss a few percent
        found = deep_lift_shap(level, sequence, **options, additional_nonlinear_ops=rule)
    change = (level(sequence) - level(shuffled[:, 0]))[0, 0].item()
    assert found.sum().item() == pytest.approx(change, rel=0.2)
    with pytest.raises(ValueError, match="returns one value per output"):
        deep_lift_shap(level.model, sequence, **options)
    with pytest.raises(ValueError, match="one-hot"):
        deep_lift_shap(level, torch.full_like(sequence, 0.25), **options)
