import pytest

from attendome.errors import SettingsError
from attendome.models.registry import CHROMATIN_MODELS
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
