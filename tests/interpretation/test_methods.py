"""Every model of the registry with every method: it takes it, or says why not."""

import pytest
import torch

from attendome.config import validate
from attendome.errors import SettingsError
from attendome.interpretation.marks import OnMarks
from attendome.interpretation.methods import METHODS, method_for, methods_of
from attendome.models.readout import Readout
from attendome.models.registry import CHROMATIN_MODELS

QUICK = {"class-optimisation": {"steps": 2}, "integrated-gradients": {"steps": 3}}
EXPECTED = {
    "attention": {name for name, entry in CHROMATIN_MODELS.items() if entry.attention},
    "alpha": {name for name, entry in CHROMATIN_MODELS.items() if "alpha" in entry.attention},
    "beta": {name for name, entry in CHROMATIN_MODELS.items() if "beta" in entry.attention},
    "deeplift": {"deep-chrome", "mlp"},
    "occlusion": set(CHROMATIN_MODELS),
} | {
    method: {name for name, entry in CHROMATIN_MODELS.items() if not entry.classical}
    for method in ("saliency", "gradient-x-input", "integrated-gradients", "class-optimisation")
}


@pytest.fixture(params=sorted(CHROMATIN_MODELS))
def name(request):
    return request.param


@pytest.fixture
def model(name, signal):
    """A network, or a fitted classical model."""
    torch.manual_seed(0)
    made = CHROMATIN_MODELS[name].build(3, 14, CHROMATIN_MODELS[name].settings())
    if CHROMATIN_MODELS[name].classical:
        made.fit(signal.repeat(5, 1, 1), torch.tensor([0.0, 1, 0, 1, 1, 0]).repeat(5))
    return OnMarks(made, Readout(), 3, range(3))


def test_shapes_and_finite_numbers(name, model, signal):
    for method in methods_of(name):
        chosen = method_for(method, name)
        settings = validate(chosen.settings, QUICK.get(method, {}))
        found = chosen.make(model, signal, settings)(signal)
        assert found["importance"].shape == (6, 3, 14), method
        assert found["mark_importance"].shape == (6, 3), method
        assert all(torch.isfinite(values).all() for values in found.values()), method
        assert not any(values.requires_grad for values in found.values()), method
        assert ("bin_importance" in found) == (method == "occlusion")
        if not chosen.signed:
            assert found["importance"].min() >= 0, method


@pytest.mark.parametrize("method", METHODS)
def test_which_model_takes_which(method):
    assert {name for name in CHROMATIN_MODELS if method in methods_of(name)} == EXPECTED[method]


@pytest.mark.parametrize("method", METHODS)
def test_the_others_say_why_and_what_to_use(name, method):
    if name in EXPECTED[method]:
        assert method_for(method, name) is METHODS[method]
        return
    with pytest.raises(SettingsError) as raised:
        method_for(method, name)
    said = str(raised.value)
    others = ", ".join(methods_of(name))
    assert said.endswith(f". Methods for {name}: {others}.")
    if method in ("attention", "alpha", "beta"):
        sign = {"attention": "α or β", "alpha": "α", "beta": "β"}[method]
        assert said.startswith(f"{name} has no {sign}; models with attention: attentive-chrome (α")
    elif CHROMATIN_MODELS[name].classical:
        assert said.startswith(f"{name} is fitted by scikit-learn and has no gradient.")
    else:
        assert f"no rule for the LSTM, or the attention, of {name}" in said


def test_an_unknown_method():
    with pytest.raises(SettingsError, match="'saliensy': did you mean 'saliency'"):
        method_for("saliensy", "mlp")
    with pytest.raises(SettingsError, match="Unknown model 'mpl': did you mean 'mlp'"):
        method_for("saliency", "mpl")


@pytest.mark.parametrize("method", METHODS)
def test_presets_are_settings(method):
    for values in METHODS[method].presets.values():
        validate(METHODS[method].settings, values)


# Attention


@pytest.fixture
def attentive(network, signal):
    model = network("attentive-chrome")
    return model, model.output(signal)


def explained(method, model, signal):
    return METHODS[method].make(model, signal, METHODS[method].settings())(signal)


def test_attention_is_alpha_times_beta(attentive, signal):
    model, output = attentive
    found = explained("attention", model, signal)
    product = output.alpha * output.beta[:, :, None]
    torch.testing.assert_close(found["importance"], product)
    torch.testing.assert_close(found["mark_importance"], output.beta)
    assert torch.equal(found["alpha"], output.alpha)
    assert torch.equal(found["beta"], output.beta)


def test_alpha_and_beta_alone(attentive, signal):
    model, output = attentive
    found = explained("alpha", model, signal)
    torch.testing.assert_close(found["importance"], output.alpha)
    torch.testing.assert_close(found["mark_importance"], torch.ones(6, 3))
    found = explained("beta", model, signal)
    torch.testing.assert_close(found["importance"], output.beta[:, :, None].expand(6, 3, 14) / 14)
    torch.testing.assert_close(found["mark_importance"], output.beta)


def test_attention_of_a_model_without_beta_is_alpha(network, signal):
    model = network("lstm-alpha")
    found = explained("attention", model, signal)
    torch.testing.assert_close(found["importance"], model.output(signal).alpha)
    torch.testing.assert_close(found["mark_importance"], torch.ones(6, 3))
    assert "beta" not in found


def test_attention_of_marks_that_are_there(network, signal):
    """The attention of a model of three marks, two of them measured."""
    model, full = network("attentive-set", present=[2, 0]), signal[:, [2, 0]]
    found = explained("attention", model, full)
    known = signal.clone()
    known[:, 1] = torch.nan
    output = model.model(known)
    torch.testing.assert_close(found["alpha"], output.alpha[:, [2, 0]])
    torch.testing.assert_close(found["beta"], output.beta[:, [2, 0]])
    torch.testing.assert_close(found["mark_importance"].sum(1), torch.ones(6))


def test_every_method_with_a_mark_that_was_not_measured(network, signal):
    model, part = network("attentive-set", present=[0, 2]), signal[:, [0, 2]]
    for method in methods_of("attentive-set"):
        chosen = METHODS[method]
        settings = validate(chosen.settings, QUICK.get(method, {}))
        found = chosen.make(model, part, settings)(part)
        assert found["importance"].shape == (6, 2, 14)
        assert all(torch.isfinite(values).all() for values in found.values()), method


def test_a_prediction_has_the_unit_of_its_readout(network, signal):
    plain = network("mlp")
    odds = plain.predict(signal)
    scaled = OnMarks(plain.model, Readout(scale=2.0, offset=1.0), 3, range(3))
    torch.testing.assert_close(scaled.predict(signal), 2 * odds + 1)
