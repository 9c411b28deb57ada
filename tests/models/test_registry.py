"""What every registered network must do; the classical models have tests of their own."""

import pytest
import torch
from torch.nn import functional

from attendome.config import Settings, validate
from attendome.errors import RunError, SettingsError
from attendome.models.descriptions import ChromatinDescription, save_description
from attendome.models.registry import CHROMATIN_MODELS, architecture, models_with_attention
from attendome.models.weights import load_model, save_weights
from attendome.training.settings import TrainingSettings

MARKS, BINS = ("H3K4me3", "H3K27me3", "H3K36me3"), 20


def describe(name):
    entry = CHROMATIN_MODELS[name]
    return ChromatinDescription(
        model=name,
        settings=entry.settings().model_dump(),
        marks=MARKS,
        bins=BINS,
        bin_size=100,
        oriented=True,
    )


@pytest.fixture(
    params=sorted(name for name, entry in CHROMATIN_MODELS.items() if not entry.classical)
)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    torch.manual_seed(0)
    return describe(name).build()


@pytest.fixture
def signal():
    torch.manual_seed(1)
    return torch.poisson(torch.full((8, len(MARKS), BINS), 4.0))


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_shapes_for_any_batch(model, signal, batch):
    output = model(signal[:batch])
    assert output.prediction.shape == (batch,)
    assert output.alpha is None or output.alpha.shape == (batch, len(MARKS), BINS)
    assert output.beta is None or output.beta.shape == (batch, len(MARKS))


@pytest.mark.parametrize(("marks", "bins"), [(1, 14), (2, 37), (7, 100), (23, 40)])
def test_any_number_of_marks_and_bins(name, marks, bins):
    output = CHROMATIN_MODELS[name].build(marks, bins, CHROMATIN_MODELS[name].settings())(
        torch.ones(2, marks, bins)
    )
    assert torch.isfinite(output.prediction).all()
    assert output.alpha is None or output.alpha.shape == (2, marks, bins)
    assert output.beta is None or output.beta.shape == (2, marks)


def test_marks_that_were_not_measured_are_taken_by_those_that_say_so(name, model, signal):
    signal[:, 1] = torch.nan
    assert torch.isfinite(model.eval()(signal).prediction).all() == CHROMATIN_MODELS[name].any_marks


def test_attention_is_what_the_registry_says(name, model, signal):
    output = model(signal)
    found = [kind for kind in ("alpha", "beta") if getattr(output, kind) is not None]
    assert found == list(CHROMATIN_MODELS[name].attention)


PARAMETERS = {
    # per mark BiLSTM(1→32) and u: 2·(4·32·(1 + 32) + 8·32) + 64 = 9,024; BiLSTM(64→16) and u:
    # 2·(4·16·(64 + 16) + 8·16) + 32 = 10,528; linear 32 + 1
    "attentive-chrome": 5 * 9_024 + 10_528 + 33,
    "lstm-alpha": 5 * 9_024 + 5 * 64 + 1,
    # BiLSTM(5→32): 2·(4·32·(5 + 32) + 8·32) = 9,984; u; linear
    "lstm-attention": 9_984 + 64 + 65,
    "lstm": 9_984 + 65,
    # 50 filters of 5 marks × 10 bins, their biases; u; linear
    "cnn-attention": 50 * 50 + 50 + 50 + 51,
    # per mark 50 filters of 10 bins, biases and u; BiLSTM(50→16): 2·(4·16·(50 + 16) + 8·16) and u
    "cnn-alpha-beta": 5 * (50 * 10 + 50 + 50) + 8_704 + 32 + 33,
    # the convolution; (100 − 10 + 1) // 5 = 18 pooled positions of 50 filters
    "deep-chrome": 50 * 50 + 50 + (18 * 50 + 1) * 625 + 626 * 125 + 126,
    "mlp": 501 * 125 + 126 * 50 + 51,
    # of each of 4 members: per mark w, c and e, and per group p, s and a; q, k and y; u, o and b
    "attentive-set": 4 * (5 * (3 * 16 + 50 * (16 + 2)) + 3 * 16 * 16 + 16 + 17),
}


def test_number_of_parameters_at_the_published_size(name):
    model = CHROMATIN_MODELS[name].build(5, 100, CHROMATIN_MODELS[name].settings())
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[name]


def test_the_seed_decides_the_first_weights(name):
    def first_weights(seed):
        torch.manual_seed(seed)
        return torch.cat([p.detach().flatten() for p in describe(name).build().parameters()])

    assert torch.equal(first_weights(3), first_weights(3))
    assert not torch.equal(first_weights(3), first_weights(4))


@pytest.mark.parametrize("bins", [BINS - 1, BINS + 7])
def test_another_number_of_bins_is_read_or_refused_in_words(name, model, bins):
    signal = torch.ones(2, len(MARKS), bins)
    if name in ("attentive-set", "deep-chrome", "mlp"):
        with pytest.raises(ValueError, match=f"expected {BINS} bins on axis 2, found {bins}"):
            model(signal)
    else:
        assert model(signal).prediction.shape == (2,)


@pytest.mark.parametrize("marks", [len(MARKS) - 1, len(MARKS) + 1])
def test_another_number_of_marks_is_refused(model, marks):
    with pytest.raises(ValueError, match=f"expected 3 marks on axis 1, found {marks}"):
        model(torch.zeros(2, marks, BINS))


def test_attention_sums_to_one(model, signal):
    output = model.eval()(signal)
    for weights in (output.alpha, output.beta):
        if weights is not None:
            torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights.sum(-1)))
            assert (weights > 0).all()


def test_genes_do_not_mix(model, signal):
    model.eval()
    alone = torch.cat([model(signal[[gene]]).prediction for gene in range(len(signal))])
    torch.testing.assert_close(model(signal).prediction, alone, atol=1e-6, rtol=0)


def test_gradients_are_finite_and_reach_every_parameter(model, signal):
    model(signal).prediction.square().sum().backward()
    for parameter_name, parameter in model.named_parameters():
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().max() > 0, parameter_name


def test_overfits_one_batch(model, signal):
    model.eval()  # dropout is there to prevent this
    labels = torch.tensor([0.0, 1.0] * 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(150):
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(model(signal).prediction, labels)
        loss.backward()
        optimizer.step()
    assert loss < 0.05


def test_saved_and_loaded_is_the_same(name, model, signal, tmp_path):
    save_weights(model, tmp_path)
    save_description(describe(name), tmp_path)
    loaded, description = load_model(tmp_path)
    assert description == describe(name)
    assert torch.equal(loaded(signal).prediction, model.eval()(signal).prediction)


@pytest.mark.parametrize("damage", [b"", b"not tensors", b"\xff" * 100])
def test_damaged_weights_are_named(name, model, tmp_path, damage):
    save_weights(model, tmp_path)
    save_description(describe(name), tmp_path)
    (tmp_path / "model.safetensors").write_bytes(damage)
    with pytest.raises(RunError, match=r"model\.safetensors"):
        load_model(tmp_path)


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"model": 3}', "\0"])
def test_a_damaged_description_is_named(model, tmp_path, damage):
    save_weights(model, tmp_path)
    (tmp_path / "model.json").write_text(damage)
    with pytest.raises(RunError, match=r"model\.json"):
        load_model(tmp_path)


def test_weights_of_another_size_are_refused(name, model, tmp_path):
    save_weights(model, tmp_path)
    save_description(describe(name).model_copy(update={"marks": MARKS[:2]}), tmp_path)
    with pytest.raises(RunError, match="do not fit"):
        load_model(tmp_path)


def test_settings_of_model_and_training_have_different_names(name):
    assert not set(CHROMATIN_MODELS[name].settings.model_fields) & set(
        TrainingSettings.model_fields
    )


def test_presets_are_of_valid_settings(name):
    presets, own = CHROMATIN_MODELS[name].presets, CHROMATIN_MODELS[name].settings
    published = {"default"} if name == "attentive-set" else {"default", "paper"}
    assert set(presets) == published
    for values in presets.values():
        model = {key: value for key, value in values.items() if key in own.model_fields}
        training = {key: value for key, value in values.items() if key not in model}
        assert validate(own, model).model_dump().items() >= model.items()
        assert validate(TrainingSettings, training).model_dump().items() >= training.items()


def test_every_setting_is_explained(name):
    fields = {**CHROMATIN_MODELS[name].settings.model_fields, **TrainingSettings.model_fields}
    assert issubclass(CHROMATIN_MODELS[name].settings, Settings)
    assert [key for key, field in fields.items() if not field.description] == []


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'attentive-chrome'"):
        architecture("attentiv-chrome")


def test_models_with_attention_are_named():
    named = models_with_attention().split(", ")
    assert "cnn-alpha-beta (α and β)" in named
    assert "lstm-attention (α)" in named
    assert (
        len(named)
        == sum(bool(entry.attention) for entry in CHROMATIN_MODELS.values())
        < len(CHROMATIN_MODELS)
    )
