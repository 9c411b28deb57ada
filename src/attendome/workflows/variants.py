"""Which models to compare, with which settings."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attendome.config import parse_assignments, read_yaml, suggestion
from attendome.errors import SettingsError
from attendome.models.architectures import Architecture, Task
from attendome.models.registry import (
    CHROMATIN_MODELS,
    MODELS,
    architecture,
    chromatin_architecture,
    sequence_architecture,
)
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.workflows.configuration import resolve, settings_of

_ITEM = re.compile(r"(?P<model>[^\[\],]+)(\[(?P<settings>[^\[\]]*)\])?")
_FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Variant:
    """A model with settings.

    Attributes:
        name: as the user wrote it, such as ``deep-chrome[dropout=0.3]``.
        model: name of the architecture.
        settings: settings by name, or ``preset``.
    """

    name: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say what it is, also where the name does not."""
        if self.name.startswith(self.model):
            return self.name
        return f"{self.name} ({_bracketed(self.model, self.settings)})"

    def complete(self, seed: int) -> dict[str, Any]:
        """Give all settings of the model and its training."""
        model, training = resolve(self.model, {**self.settings, "seed": seed})
        return model.model_dump(mode="json") | training.model_dump(mode="json")


def read_variants(
    text: str, common: Mapping[str, Any] | None = None, task: Task = "chromatin"
) -> list[Variant]:
    """Read models such as ``published,logistic,deep-chrome[dropout=0.3,epochs=20]``.

    Args:
        text: names of models or of groups of them: published, baselines, all. Or a file whose name
            ends in .yaml, with a line ``name: {model: mlp, epochs: 5}`` for each.
        common: settings for every model that has them.
        task: the kind of data that the models read.

    Raises:
        SettingsError: a model, a setting or a value is not known, a model stands twice, or no
            model has one of the common settings.

    >>> [variant.name for variant in read_variants("mlp,mlp[epochs=5]")]
    ['mlp', 'mlp[epochs=5]']
    """
    if text.endswith(_FILES):
        variants = _in_file(Path(text), task)
    else:
        variants = [variant for item in _items(text) for variant in _named(*item, task)]
    names = [variant.name for variant in variants]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SettingsError(f"{', '.join(sorted(twice))}: named twice; name each model once.")
    completed = [_with_common(variant, common or {}) for variant in variants]
    _check_common(variants, common or {})
    for variant in completed:
        try:
            variant.complete(0)
        except SettingsError as error:
            raise SettingsError(f"{variant.name}: {error}") from error
    return completed


def _models(task: Task) -> Mapping[str, Architecture]:
    return CHROMATIN_MODELS if task == "chromatin" else SEQUENCE_MODELS


def _groups(task: Task) -> dict[str, list[Variant]]:
    groups = {"all": [Variant(name, name) for name in _models(task)]}
    if task == "chromatin":
        networks = {n: entry for n, entry in CHROMATIN_MODELS.items() if not entry.classical}
        groups["published"] = [Variant(n, n) for n, e in networks.items() if "paper" in e.presets]
        groups["baselines"] = [Variant(n, n) for n in CHROMATIN_MODELS if n not in networks]
    else:
        groups["published"] = [
            Variant(_bracketed(name, settings), name, settings)
            for name, entry in SEQUENCE_MODELS.items()
            for settings in entry.published
        ]
    return groups


def _bracketed(name: str, settings: Mapping[str, Any]) -> str:
    written = ",".join(f"{key}={value}" for key, value in settings.items())
    return f"{name}[{written}]" if written else name


def _items(text: str) -> list[tuple[str, str | None]]:
    found, at = [], 0
    while at <= len(text):
        item = _ITEM.match(text, at)
        if item is None or text[item.end() : item.end() + 1] not in {"", ","}:
            raise SettingsError(
                f"Models '{text}' cannot be read from '{text[at:]}' on; write them as "
                "deep-chrome,mlp[epochs=5,dropout=0.3]."
            )
        found.append((item["model"].strip(), item["settings"]))
        at = item.end() + 1
    return found


def _named(name: str, settings: str | None, task: Task) -> list[Variant]:
    groups = _groups(task)
    if name in groups and settings is None:
        return groups[name]
    _check_model(name, task, groups)
    if settings is None:
        return [Variant(name, name)]
    given = parse_assignments(part.strip() for part in settings.split(","))
    return [Variant(f"{name}[{settings}]", name, given)]


def _in_file(path: Path, task: Task) -> list[Variant]:
    variants = []
    for name, content in read_yaml(path).items():
        if not isinstance(content, dict) or not isinstance(content.get("model"), str):
            raise SettingsError(
                f"{path}: {name}: expected a model with its settings, such as "
                f"{{model: {next(iter(_models(task)))}, epochs: 5}}; found {content!r}."
            )
        settings = {str(key): value for key, value in content.items() if key != "model"}
        try:
            _check_model(content["model"], task)
        except SettingsError as error:
            raise SettingsError(f"{path}: {name}: {error}") from error
        variants.append(Variant(name, content["model"], settings))
    if not variants:
        raise SettingsError(f"{path}: names no models.")
    return variants


def _check_model(name: str, task: Task, groups: Iterable[str] = ()) -> None:
    """Check that a model is known, and reads data of this kind."""
    if name not in MODELS:
        known = [*_models(task), *groups]
        raise SettingsError(f"Unknown model '{name}': {suggestion(name, known)}")
    if task == "chromatin":
        chromatin_architecture(name)
    else:
        sequence_architecture(name)


def _with_common(variant: Variant, common: Mapping[str, Any]) -> Variant:
    known = {name: value for name, value in common.items() if _has(variant.model, name, value)}
    return Variant(variant.name, variant.model, {**known, **variant.settings})


def _check_common(variants: Sequence[Variant], common: Mapping[str, Any]) -> None:
    if "seed" in common or any("seed" in variant.settings for variant in variants):
        raise SettingsError("The seeds are those of the comparison; give how many with --seeds.")
    for name, value in common.items():
        if not any(_has(variant.model, name, value) for variant in variants):
            known = {key for variant in variants for key in settings_of(variant.model)}
            hint = suggestion(name, [*known, "preset"])
            raise SettingsError(f"Unknown setting '{name}': {hint}")


def _has(model: str, name: str, value: object) -> bool:
    if name == "preset":
        return value in architecture(model).presets
    return name in settings_of(model)
