import pytest
import yaml
from pydantic import Field, ValidationError, model_validator

from attendome.config import Settings, parse_assignments, read_yaml, suggestion, to_yaml, validate
from attendome.errors import SettingsError


class Inner(Settings):
    size: int = Field(gt=0)
    """A size."""


class Example(Settings):
    epochs: int = Field(default=3, ge=1)
    """Passes over the data."""
    rate: float = 0.1
    """Learning rate."""
    name: str | None = None
    """A name."""
    inner: Inner | None = None
    """More settings."""

    @model_validator(mode="after")
    def _agree(self):
        if self.name == "H3K4me3" and self.epochs > 10:
            raise ValueError("H3K4me3 takes 10 epochs at most")
        return self


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Example().epochs = 5


def test_docstrings_describe_the_fields():
    assert Example.model_fields["epochs"].description == "Passes over the data."


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], {}),
        (["epochs=5", "name=x"], {"epochs": 5, "name": "x"}),
        (["rate=0.5", "on=true", "none="], {"rate": 0.5, "on": True, "none": None}),
        (["marks=[A, B]"], {"marks": ["A", "B"]}),
        (["split=chromosome:valid=chr8"], {"split": "chromosome:valid=chr8"}),
    ],
)
def test_assignments(items, expected):
    assert parse_assignments(items) == expected


@pytest.mark.parametrize("item", ["epochs", "=5", ""])
def test_assignments_without_a_key(item):
    with pytest.raises(SettingsError, match="key=value"):
        parse_assignments([item])


def test_assignments_given_twice():
    with pytest.raises(SettingsError, match="'epochs' is given twice"):
        parse_assignments(["epochs=1", "epochs=2"])


UNREADABLE = ["[1", "{[1]: 2}", "=", "'", "\0", "!!python/object:os.system x"]
UNREADABLE += ["{a: 1, a: 2}", "2020-13-45", "0x_", "!!int x", "!!timestamp x"]


@pytest.mark.parametrize("text", UNREADABLE)
def test_assignments_that_cannot_be_read(text):
    with pytest.raises(SettingsError, match="setting 'key' cannot be read"):
        parse_assignments([f"key={text}"])


def test_validate():
    settings = validate(Example, {"epochs": 5, "rate": "1e-4", "inner": {"size": 2}})
    assert settings == Example(epochs=5, rate=1e-4, inner=Inner(size=2))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 5}, "Unknown setting 'epoch': did you mean 'epochs'?"),
        ({"zzz": 5}, "Unknown setting 'zzz': choose from: epochs, inner, name, rate"),
        ({"epochs": 0}, "Setting 'epochs' cannot be 0: input should be greater than or equal to 1"),
        ({"epochs": "many"}, "Setting 'epochs' cannot be 'many': input should be a valid integer"),
        ({"epochs": 1.5}, "Setting 'epochs' cannot be 1.5"),
        ({"inner": {"size": 0}}, "Setting 'inner.size' cannot be 0"),
        ({"inner": {"size": 1, "sise": 2}}, "Unknown setting 'inner.sise'"),
        ({"inner": {"sise": 2}}, "Unknown setting 'inner.sise'"),
        ({"inner": {}}, "The setting 'inner.size' is missing"),
        ({"name": "H3K4me3", "epochs": 20}, "H3K4me3 takes 10 epochs at most"),
    ],
)
def test_wrong_values(values, message):
    with pytest.raises(SettingsError) as caught:
        validate(Example, values)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("batch_sise", "did you mean 'batch_size'?"), ("q", "choose from: batch_size, epochs")],
)
def test_suggestion(name, expected):
    assert suggestion(name, iter(["epochs", "batch_size"])) == expected


def test_yaml_keeps_values_order_and_letters(tmp_path):
    content = {"z": [1, 2.5], "a": {"b": None, "c": "α"}, "on": True}
    path = tmp_path / "config.yaml"
    path.write_text(to_yaml(content), encoding="utf-8")
    assert read_yaml(path) == content
    assert list(read_yaml(path)) == ["z", "a", "on"]
    assert "α" in to_yaml(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a mapping"),
        (b"- 1\n", "expected a mapping"),
        (b"text", "expected a mapping"),
        (b"1: 5", "expected a mapping of names"),
        (b"a: [", "cannot be read as YAML"),
        (b"\xff\xfe", "cannot be read as YAML"),
        (b"a: 2020-13-45", "cannot be read as YAML"),
        (b"a: 1\nb: 2\na: 3", "line 3: the key 'a' stands twice"),
        (b"a:\n  b: 1\n  c: 2\n  'b': 1", "line 4: the key 'b' stands twice"),
        (b"a: !!python/object/apply:os.system [true]", "cannot be read as YAML"),
    ],
)
def test_yaml_that_is_wrong(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=message) as caught:
        read_yaml(path)
    assert str(path) in str(caught.value)


def test_yaml_may_override_what_it_merges(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("x: &x {a: 1, b: 2}\ny: &y {<<: *x, a: 3}\nz: {<<: *y, b: 4}")
    assert read_yaml(path)["z"] == {"a": 3, "b": 4}


def test_yaml_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_yaml(tmp_path)


def test_objects_are_never_written():
    with pytest.raises(yaml.YAMLError):
        to_yaml({"a": object()})
