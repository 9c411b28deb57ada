import pytest

from attendome.errors import RunError, SettingsError
from attendome.models.readout import Readout
from attendome.models.registry import CHROMATIN_MODELS
from attendome.training.settings import TrainingSettings
from attendome.workflows.configuration import (
    check_replaceable,
    describe_model,
    read_config,
    read_template,
    resolve,
    versions,
    write_config,
)

MODEL = "attentive-chrome"


def resolved(overrides, inherited=None):
    """Resolve, to all settings in one dictionary."""
    model, training = resolve(MODEL, overrides, inherited)
    return model.model_dump() | training.model_dump()


@pytest.mark.parametrize("preset", CHROMATIN_MODELS[MODEL].presets)
def test_a_preset_gives_its_values_and_the_rest_are_defaults(preset):
    values, expected = resolved({"preset": preset}), CHROMATIN_MODELS[MODEL].presets[preset]
    defaults = CHROMATIN_MODELS[MODEL].settings().model_dump() | TrainingSettings().model_dump()
    assert values == defaults | dict(expected)


def test_without_a_preset_it_is_the_default():
    assert resolved({}) == resolved({"preset": "default"}) != resolved({"preset": "paper"})


def test_overrides_beat_what_is_inherited_and_that_beats_the_preset():
    paper = resolved({"preset": "paper"})
    assert paper["transform"] == "counts"
    assert resolved({"preset": "paper", "transform": "log1p"})["transform"] == "log1p"
    inherited = {"transform": "depth-normalised", "bin_hidden": 7}
    values = resolved({"preset": "paper", "bin_hidden": 9}, inherited)
    assert (values["transform"], values["bin_hidden"]) == ("depth-normalised", 9)
    assert values == paper | {"transform": "depth-normalised", "bin_hidden": 9}


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("attentive-crome", {}, "did you mean 'attentive-chrome'"),
        (MODEL, {"preset": "papre"}, "did you mean 'paper'"),
        (MODEL, {"preset": ["paper"]}, "Unknown preset"),
        (MODEL, {"preset": None}, "choose from: default, paper"),
        (MODEL, {"learning_rat": 1}, "did you mean 'learning_rate'"),
        (MODEL, {"bin_hiden": 1}, "did you mean 'bin_hidden'"),
        (MODEL, {"prest": "paper"}, "did you mean 'preset'"),
        (MODEL, {"zzz": 1}, "choose from: .*epochs"),
        (MODEL, {"epochs": 0}, "'epochs' cannot be 0"),
        (MODEL, {"bin_hidden": "many"}, "'bin_hidden' cannot be 'many'"),
        (MODEL, {"transform": "log"}, "'transform' cannot be 'log'"),
    ],
)
def test_wrong_settings(model, settings, message):
    with pytest.raises(SettingsError, match=message):
        resolve(model, settings)


def test_config_round_trip(trained, tmp_path):
    write_config(trained.config, tmp_path)
    assert read_config(tmp_path) == trained.config


@pytest.mark.parametrize(
    "content",
    [
        "",
        "model: [",
        "- a list",
        "model: attentive-chrome",
        "!!python/object/apply:os.getcwd []",
        b"\xff\xfe\x00",
    ],
)
def test_a_damaged_config(tmp_path, content):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(RunError, match=r"config\.yaml: damaged"):
        read_config(tmp_path)


def test_no_config(tmp_path):
    with pytest.raises(RunError, match="no such run folder"):
        read_config(tmp_path / "run")
    with pytest.raises(RunError, match=r"holds no config\.yaml"):
        read_config(tmp_path)


def test_what_may_be_replaced(trained, tmp_path):
    check_replaceable(tmp_path / "nothing")
    check_replaceable(tmp_path)
    check_replaceable(trained.path)
    (tmp_path / "config.yaml").write_text("of: another program")
    with pytest.raises(RunError, match="not a run; choose another name"):
        check_replaceable(tmp_path)
    (tmp_path / "config.yaml").unlink()
    (tmp_path / "notes.txt").touch()
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(RunError, match="not a run; choose another name"):
            check_replaceable(path)


def test_a_description_is_of_the_dataset(simulated):
    description = describe_model(MODEL, resolve(MODEL, {})[0], simulated, simulated.marks[::-1])
    assert list(description.marks) == simulated.marks[::-1]
    assert description.readout == Readout()
    assert (description.bins, description.bin_size, description.oriented) == (20, 100, True)


def test_versions_name_what_the_result_depends_on():
    assert set(versions()) == {
        *("attendome", "lightning", "numpy", "python", "scikit-learn", "torch"),
    }


def test_a_template_may_be_a_whole_configuration_or_a_part(trained, tmp_path):
    assert read_template(trained.path / "config.yaml", MODEL) == trained.config
    (tmp_path / "c.yaml").write_text("settings: {epochs: 3}")
    template = read_template(tmp_path / "c.yaml", MODEL)
    assert (template.model, template.settings, template.init_from) == (MODEL, {"epochs": 3}, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("setings: {epochs: 3}", "Unknown setting 'setings': did you mean 'settings'"),
        ("epochs: 3", "Unknown setting 'epochs': choose from: data,"),
        ("settings: [1]", "'settings' cannot be"),
        ("settings:", "'settings' cannot be None"),
        ("init_from: 5", "'init_from' cannot be 5"),
        ("model: 5", "'model' cannot be 5"),
        ("model: atentive-chrome", "did you mean 'attentive-chrome'"),
        ("versions: {torch: [2]}", "'versions.torch' cannot be"),
    ],
)
def test_a_wrong_template(tmp_path, content, message):
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(SettingsError, match=rf"c\.yaml: .*{message}"):
        read_template(tmp_path / "c.yaml", MODEL)


def test_a_template_of_another_model(tmp_path):
    (tmp_path / "c.yaml").write_text("model: mlp")
    with pytest.raises(SettingsError, match=f"is of the model mlp; expected {MODEL}"):
        read_template(tmp_path / "c.yaml", MODEL)


def test_expression_is_not_counted_twice():
    with pytest.raises(SettingsError, match="second target beside the label"):
        resolve("mlp", {"target": "expression", "expression_weight": 1})
