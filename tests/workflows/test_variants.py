import pytest

from attendome.errors import SettingsError
from attendome.models.registry import CHROMATIN_MODELS
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.workflows.variants import read_variants


def names(text, **common):
    return [variant.name for variant in read_variants(text, common)]


def test_groups():
    assert names("all") == list(CHROMATIN_MODELS)
    assert names("baselines") == [
        name for name, entry in CHROMATIN_MODELS.items() if entry.classical
    ]
    published = names("published")
    assert {"attentive-chrome", "lstm-alpha", "deep-chrome"} <= set(published)
    assert not {"logistic", "attentive-set"} & set(published)
    assert names("logistic,published") == ["logistic", *published]


def test_settings_stand_in_brackets():
    first, second = read_variants("mlp[epochs=5, dropout=0.25],deep-chrome[preset=paper]")
    assert (first.model, first.settings) == ("mlp", {"epochs": 5, "dropout": 0.25})
    assert first.complete(seed=7)["seed"] == 7
    assert second.complete(seed=1)["optimiser"] == "sgd"


def test_common_settings_go_to_those_that_have_them():
    mlp, named, logistic = read_variants("mlp,mlp[epochs=5],logistic", {"epochs": 2, "c": 3})
    assert mlp.settings == {"epochs": 2}
    assert named.settings == {"epochs": 5}
    assert logistic.settings == {"c": 3}


def test_a_common_preset_goes_to_those_that_have_it():
    ours, deep = read_variants("attentive-set,deep-chrome", {"preset": "paper"})
    assert (ours.settings, deep.settings) == ({}, {"preset": "paper"})


@pytest.mark.parametrize(
    ("text", "common", "message"),
    [
        ("mpl", {}, "Unknown model 'mpl': did you mean 'mlp'"),
        ("publishd", {}, "did you mean 'published'"),
        ("mlp,svm,mlp", {}, "mlp: named twice"),
        ("all,mlp", {}, "mlp: named twice"),
        ("mlp[epochs=2", {}, "cannot be read from 'mlp"),
        ("mlp[epochs=2]x", {}, "cannot be read from"),
        ("mlp,", {}, "cannot be read from ''"),
        ("", {}, "cannot be read from ''"),
        ("all[epochs=2]", {}, "Unknown model 'all'"),
        ("mlp[epoch=2]", {}, r"mlp\[epoch=2\]: Unknown setting 'epoch' of mlp: did you mean"),
        ("mlp[epochs=0]", {}, "Setting 'epochs' cannot be 0"),
        ("mlp[preset=papr]", {}, "Unknown preset 'papr'"),
        ("mlp", {"epoch": 2}, "Unknown setting 'epoch': did you mean 'epochs'"),
        ("logistic", {"epochs": 2}, "Unknown setting 'epochs'"),
        ("mlp[seed=3]", {}, "give how many with --seeds"),
        ("mlp", {"seed": 3}, "give how many with --seeds"),
        ("attentive-set", {"preset": "paper"}, "Unknown setting 'preset'"),
    ],
)
def test_what_cannot_be_read(text, common, message):
    with pytest.raises(SettingsError, match=message):
        read_variants(text, common)


def test_groups_of_models_that_read_dna():
    every = [variant.name for variant in read_variants("all", task="sequence")]
    assert every == list(SEQUENCE_MODELS)
    published = read_variants("published", task="sequence")
    assert len(published) == 9, "the rows of the paper's table"
    for variant in published:
        written = ",".join(f"{key}={value}" for key, value in variant.settings.items())
        assert variant.name == (f"{variant.model}[{written}]" if written else variant.model)
        again = read_variants(variant.name, task="sequence")[0]
        assert again.complete(1) == variant.complete(1)


def test_models_of_a_file(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text("wide, too: {model: mlp, first_hidden: 250}\nplain: {model: mlp}\n")
    wide, plain = read_variants(str(path), {"epochs": 2})
    assert (wide.name, wide.model) == ("wide, too", "mlp")
    assert wide.settings == {"first_hidden": 250, "epochs": 2}
    assert str(wide) == "wide, too (mlp[epochs=2,first_hidden=250])"
    assert (plain.name, plain.settings) == ("plain", {"epochs": 2})


@pytest.mark.parametrize(
    ("text", "task", "message"),
    [
        ("a: {model: mpl}", "chromatin", "a: Unknown model 'mpl': did you mean 'mlp'"),
        ("a: {model: dilated}", "chromatin", "a: dilated reads DNA"),
        ("a: {model: mlp}", "sequence", "a: mlp reads histone marks"),
        ("a: {model: mlp, epoch: 5}", "chromatin", "a: Unknown setting 'epoch' of mlp: did you"),
        ("a: {modle: mlp}", "chromatin", "a: expected a model with its settings, such as"),
        ("a: mlp", "sequence", r"such as \{model: standard, epochs: 5\}; found 'mlp'"),
        ("a: {model: mlp, seed: 5}", "chromatin", "give how many with --seeds"),
        ("- mlp", "chromatin", "expected a mapping of names"),
        ("{}", "chromatin", "names no models"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, text, task, message):
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_variants(str(path), task=task)


@pytest.mark.parametrize("text", ["mlp", "mlp[epochs=2]", "baselines"])
def test_models_of_the_other_kind_of_data(text):
    with pytest.raises(SettingsError, match=r"reads histone marks|Unknown model 'baselines'"):
        read_variants(text, task="sequence")
