"""Settings: from YAML and ``key=value`` to frozen, validated objects, and back to YAML."""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from attendome.errors import SettingsError

# PyYAML lets the errors of values through, such as a date in month 13.
_UNREADABLE = (yaml.YAMLError, ValueError, AttributeError)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which refuses a key that stands twice instead of taking the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - PyYAML's
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            name = (key.tag, str(key.value))
            if name in seen:
                line = key.start_mark.line + 1
                raise ValueError(f"line {line}: the key '{key.value}' stands twice; give it once")
            seen.add(name)
        return node


S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """Base class of all settings: frozen, no unknown keys, a docstring under each field."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def suggestion(name: str, candidates: Iterable[str]) -> str:
    """Name the candidate nearest to a mistyped name, or list them all.

    >>> suggestion("batch_sise", ["batch_size", "epochs"])
    "did you mean 'batch_size'?"
    >>> suggestion("zzz", ["batch_size", "epochs"])
    'choose from: batch_size, epochs'
    """
    known = sorted(candidates)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"choose from: {', '.join(known)}"


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Turn ``["epochs=5", "preset=paper"]`` into ``{"epochs": 5, "preset": "paper"}``.

    Raises:
        SettingsError: an item is not of the form ``key=value``, or a key stands twice.
    """
    values: dict[str, Any] = {}
    for item in assignments:
        key, separator, text = item.partition("=")
        if not separator or not key:
            raise SettingsError(f"Setting '{item}' is not of the form key=value, such as epochs=5.")
        if key in values:
            raise SettingsError(f"Setting '{key}' is given twice; give it once.")
        try:
            values[key] = _load(text)
        except _UNREADABLE as error:
            raise SettingsError(f"The value of setting '{key}' cannot be read: {text}") from error
    return values


def validate(kind: type[S], values: Mapping[str, Any]) -> S:
    """Build settings from plain values.

    Raises:
        SettingsError: an unknown key (the nearest valid one is named) or a value out of range.
    """
    for key in values:
        if key not in kind.model_fields:
            raise SettingsError(f"Unknown setting '{key}': {suggestion(key, kind.model_fields)}")
    try:
        return kind(**values)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    faults = error.errors()
    fault = next((f for f in faults if f["type"] == "extra_forbidden"), faults[0])
    key = ".".join(str(part) for part in fault["loc"])
    reason = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        return f"Unknown setting '{key}'."
    if fault["type"] == "missing":
        return f"The setting '{key}' is missing."
    if not key:
        return f"{reason}."
    return f"Setting '{key}' cannot be {fault['input']!r}: {reason[:1].lower()}{reason[1:]}."


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises:
        SettingsError: the file is missing, not YAML, or not a mapping, or a key stands twice.
    """
    try:
        content = _load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file.") from error
    except (*_UNREADABLE, OSError) as error:
        raise SettingsError(f"{path}: cannot be read as YAML ({error}).") from error
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise SettingsError(f"{path}: expected a mapping of names to values at the top level.")
    return content


def _load(text: str) -> Any:  # noqa: ANN401 - YAML holds anything
    return yaml.load(text, _Loader)  # noqa: S506 - it is a SafeLoader


def to_yaml(content: Mapping[str, Any]) -> str:
    """Write a mapping as YAML, in the order given."""
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
