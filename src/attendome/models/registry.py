"""The architectures by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from attendome.config import Settings, suggestion
from attendome.errors import SettingsError
from attendome.models.attentive_chrome import (
    DEFAULT,
    PAPER,
    AttentiveChrome,
    AttentiveChromeSettings,
)


@dataclass(frozen=True)
class Architecture:
    """One row of the model table.

    Attributes:
        task: the kind of dataset that the model reads.
        summary: what it is, in a line.
        settings: its settings.
        build: makes it from the number of marks, the number of bins and its settings.
        presets: named values of its settings and of the training settings.
    """

    task: Literal["chromatin"]
    summary: str
    settings: type[Settings]
    build: Callable[[int, int, Any], nn.Module]
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


MODELS: Mapping[str, Architecture] = {
    "attentive-chrome": Architecture(
        task="chromatin",
        summary="LSTMs with attention over bins (α) and marks (β); AttentiveChrome's LSTM-α,β",
        settings=AttentiveChromeSettings,
        build=AttentiveChrome,
        presets={"default": DEFAULT, "paper": PAPER},
    ),
}


def architecture(name: str) -> Architecture:
    """Look up an architecture.

    Raises:
        SettingsError: there is none of that name (the nearest one is named).
    """
    if name not in MODELS:
        raise SettingsError(f"Unknown model '{name}': {suggestion(name, MODELS)}")
    return MODELS[name]
