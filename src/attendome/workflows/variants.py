"""Which models to compare, with which settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attendome.config import parse_assignments, suggestion
from attendome.errors import SettingsError
from attendome.models.registry import CHROMATIN_MODELS, architecture
from attendome.workflows.configuration import resolve, settings_of

_ITEM = re.compile(r"(?P<model>[^\[\],]+)(\[(?P<settings>[^\[\]]*)\])?")
_GROUPS = {
    "all": list(CHROMATIN_MODELS),
    "published": [
        n for n, e in CHROMATIN_MODELS.items() if "paper" in e.presets and not e.classical
    ],
    "baselines": [name for name, entry in CHROMATIN_MODELS.items() if entry.classical],
}


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

    def complete(self, seed: int) -> dict[str, Any]:
        """Give all settings of the model and its training."""
        model, training = resolve(self.model, {**self.settings, "seed": seed})
        return model.model_dump() | training.model_dump()


def read_variants(text: str, common: Mapping[str, Any] | None = None) -> list[Variant]:
    """Read models such as ``published,logistic,deep-chrome[dropout=0.3,epochs=20]``.

    Args:
        text: names of models or of groups of them: published, baselines, all.
        common: settings for every model that has them.

    Raises:
        SettingsError: a model, a setting or a value is not known, a model stands twice, or no
            model has one of the common settings.

    >>> [variant.name for variant in read_variants("mlp,mlp[epochs=5]")]
    ['mlp', 'mlp[epochs=5]']
    """
    variants = [variant for name, settings in _items(text) for variant in _named(name, settings)]
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


def _named(name: str, settings: str | None) -> list[Variant]:
    if name in _GROUPS and settings is None:
        return [Variant(model, model) for model in _GROUPS[name]]
    if name not in CHROMATIN_MODELS:
        raise SettingsError(
            f"Unknown model '{name}': {suggestion(name, [*CHROMATIN_MODELS, *_GROUPS])}"
        )
    if settings is None:
        return [Variant(name, name)]
    given = parse_assignments(part.strip() for part in settings.split(","))
    return [Variant(f"{name}[{settings}]", name, given)]


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
