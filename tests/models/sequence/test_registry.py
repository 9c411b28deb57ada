"""What every registered model that reads DNA must do."""

import pytest
import torch

from attendome.config import Settings, validate
from attendome.errors import RunError, SettingsError
from attendome.models.descriptions import SequenceDescription, save_description
from attendome.models.registry import MODELS, chromatin_architecture, sequence_architecture
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.models.sequence.shape import SequenceShape
from attendome.models.weights import load_model, save_weights
from attendome.training.sequence.losses import poisson_losses
from attendome.training.sequence.settings import SequenceTrainingSettings

# 12 bins of 16 bp, of which the crop leaves 8
SHAPE = SequenceShape(length=192, bin_size=16, tracks=3, crop=32)


def build(name, shape=SHAPE, **settings):
    entry = SEQUENCE_MODELS[name]
    return entry.build(shape, validate(entry.settings, {"scale": "small", **settings}))


def describe(name):
    settings = SEQUENCE_MODELS[name].settings(scale="small")
    return SequenceDescription(
        model=name,
        settings=settings.model_dump(mode="json"),
        tracks=("A", "B", "C"),
        assays=("CAGE", "CAGE", "DNASE"),
        strand_pairs=(1, 0, 2),
        length=SHAPE.length,
        bin_size=SHAPE.bin_size,
        crop=SHAPE.crop,
    )


@pytest.fixture(params=sorted(SEQUENCE_MODELS))
def name(request):
    return request.param


@pytest.fixture
def model(name):
    torch.manual_seed(0)
    return build(name)


@pytest.fixture
def sequence():
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 5, (4, SHAPE.length), dtype=torch.uint8, generator=generator)
    return one_hot(codes)


@pytest.mark.parametrize("batch", [1, 2])
def test_shapes_for_any_batch(model, sequence, batch):
    model.eval()
    predicted = model(sequence[:batch])
    assert predicted.shape == (batch, 8, 3)
    assert (predicted > 0).all()


@pytest.mark.parametrize(
    ("length", "bin_size", "tracks", "crop"), [(64, 32, 1, 0), (700, 100, 5, 100), (256, 128, 2, 0)]
)
def test_any_length_bin_and_number_of_tracks(name, length, bin_size, tracks, crop):
    shape = SequenceShape(length, bin_size, tracks, crop)
    predicted = build(name, shape)(torch.full((2, 4, length), 0.25))
    assert predicted.shape == (2, shape.bins, tracks)
    assert predicted.isfinite().all()


def test_another_length_is_read(model, sequence):
    model.eval()
    assert model(sequence[:, :, :112]).shape == (4, 3, 3)
    with pytest.raises(ValueError, match="whole bins of 16 bp"):
        model(sequence[:, :, :100])


def test_regions_do_not_mix(model, sequence):
    model.eval()
    alone = torch.cat([model(part) for part in sequence.split(1)])
    torch.testing.assert_close(model(sequence), alone, atol=1e-5, rtol=1e-5)


def test_gradients_are_finite_and_reach_every_parameter(model, sequence):
    model(sequence).square().sum().backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.isfinite().all(), parameter_name
        assert parameter.grad.abs().max() > 0, parameter_name


def test_attention_sums_to_one_and_predicts_the_same(model, sequence):
    model.eval()
    output = model.attend(sequence)
    torch.testing.assert_close(output.prediction, model(sequence), atol=1e-5, rtol=1e-5)
    for weights in output.attention:
        assert weights.shape == (4, weights.shape[1], 12, 12)
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_which_have_attention(name, model, sequence):
    assert bool(model.attend(sequence).attention) == (name in ("attention", "hybrid"))


def test_overfits_one_batch(name, sequence):
    torch.manual_seed(0)
    model = build(name, dropout=0.0)
    model.train()
    coverage = torch.rand(4, 8, 3, generator=torch.Generator().manual_seed(2)) * 4

    def loss():
        return poisson_losses(model(sequence), coverage)[0].sum() / coverage.numel()

    best = (coverage - coverage * coverage.log()).mean()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    first = loss().item()
    for _ in range(60):
        optimizer.zero_grad()
        found = loss()
        found.backward()
        optimizer.step()
    assert found - best < 0.2 * (first - best)


def test_the_seed_decides_the_first_weights(name):
    def first_weights(seed):
        torch.manual_seed(seed)
        return torch.cat([p.detach().flatten() for p in build(name).parameters()])

    assert torch.equal(first_weights(3), first_weights(3))
    assert not torch.equal(first_weights(3), first_weights(4))


def test_all_start_from_the_same_tower(model):
    torch.manual_seed(0)
    for ours, theirs in zip(
        model.tower.parameters(), build("standard").tower.parameters(), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_saved_and_loaded_is_the_same(name, model, sequence, tmp_path):
    model(sequence)  # so that the statistics of batch norm are no longer the first
    save_weights(model, tmp_path)
    save_description(describe(name), tmp_path)
    loaded, description = load_model(tmp_path)
    assert description == describe(name)
    assert torch.equal(loaded(sequence), model.eval()(sequence))


def test_weights_of_another_number_of_tracks_are_refused(name, model, tmp_path):
    save_weights(model, tmp_path)
    save_description(describe(name).model_copy(update={"tracks": ("A", "B")}), tmp_path)
    with pytest.raises(RunError, match="do not fit"):
        load_model(tmp_path)


def test_settings_of_model_and_training_have_different_names(name):
    own = set(SEQUENCE_MODELS[name].settings.model_fields)
    assert not own & set(SequenceTrainingSettings.model_fields)


def test_presets_are_of_valid_settings(name):
    presets, own = SEQUENCE_MODELS[name].presets, SEQUENCE_MODELS[name].settings
    assert "default" in presets
    for values in presets.values():
        model = {key: value for key, value in values.items() if key in own.model_fields}
        training = {key: value for key, value in values.items() if key not in model}
        assert validate(own, model).model_dump().items() >= model.items()
        assert validate(SequenceTrainingSettings, training).model_dump().items() >= training.items()


def test_the_published_training(name):
    published = {
        "learning_rate": 0.002063,
        "beta1": 0.97,
        "beta2": 0.98,
        "batch_size": 2,
        "gradient_clip_norm": 1.0,
        "margin": 32,
    }
    presets = SEQUENCE_MODELS[name].presets
    assert ("paper" in presets) == (name != "hybrid")
    if "paper" in presets:
        values = {k: v for k, v in presets["paper"].items() if k not in settings_of(name)}
        training = validate(SequenceTrainingSettings, values).model_dump()
        assert published.items() <= training.items()


def settings_of(name):
    return SEQUENCE_MODELS[name].settings.model_fields


def test_every_setting_is_explained(name):
    fields = {**settings_of(name), **SequenceTrainingSettings.model_fields}
    assert issubclass(SEQUENCE_MODELS[name].settings, Settings)
    assert [key for key, field in fields.items() if not field.description] == []


PUBLISHED = {
    ("standard",): 12_386_092,
    ("dilated",): 15_190_636,
    ("decay-constant",): 17_279_617,
    ("decay-learned",): 17_279_617 + 5,
    # α of the position functions: one per head of the exponential, two of the two-sided
    ("attention", 1, 5, "two-sided"): 19_853_647 + 5 * 2,
    ("attention", 1, 5, "none"): 19_853_647,
    ("attention", 1, 5, "exponential"): 19_853_647 + 5,
    ("attention", 1, 16, "exponential"): 36_282_268 + 16,
    ("attention", 2, 5, "exponential"): 141_772_327 + 10,
}


@pytest.mark.parametrize("row", PUBLISHED, ids=str)
def test_parameters_of_the_published_rows(row):
    name, *given = row
    settings = dict(zip(("layers", "heads", "position"), given, strict=False))
    with torch.device("meta"):
        model = build(name, SequenceShape(), scale="full", **settings)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == PUBLISHED[row]


def test_the_published_rows_are_those():
    rows = {
        (name, *(settings[key] for key in ("layers", "heads", "position") if key in settings))
        for name, entry in SEQUENCE_MODELS.items()
        for settings in entry.published
    }
    assert rows == set(PUBLISHED)


def test_the_hybrid_is_smaller_than_attention():
    with torch.device("meta"):
        model = build("hybrid", SequenceShape(), scale="full")
    assert sum(p.numel() for p in model.parameters()) < 19_853_647


def test_a_model_of_the_other_task_is_refused():
    assert set(SEQUENCE_MODELS) < set(MODELS)
    with pytest.raises(SettingsError, match="dilated reads DNA, and the data are of histone marks"):
        chromatin_architecture("dilated")
    with pytest.raises(SettingsError, match=r"mlp reads histone marks.*of DNA.*standard"):
        sequence_architecture("mlp")
