"""The configuration of a run: resolved, complete, and written into its folder."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from attendome.config import Settings, read_yaml, suggestion, to_yaml, validate
from attendome.data import ChromatinDataset, SequenceDataset
from attendome.errors import RunError, SettingsError
from attendome.models.descriptions import ChromatinDescription
from attendome.models.readout import Readout
from attendome.models.registry import architecture
from attendome.outputs import write_text
from attendome.training.sequence.settings import SequenceTrainingSettings
from attendome.training.settings import FitSettings, SeedSettings, TrainingSettings

CONFIG = "config.yaml"
SEARCH = "search"
"""The folder, in that of a run, of a search for its settings."""
TRIALS = "trials.csv"


class RunConfig(Settings):
    """What a run was made from."""

    model: str
    """Name of the architecture."""
    data: tuple[str, ...]
    """The dataset, or the datasets that were trained on together."""
    fingerprint: str
    """SHA-256 of their content."""
    settings: dict[str, Any]
    """All settings of the model and, where it was trained here, of its training."""
    marks: tuple[str, ...] | None = None
    """The marks that were chosen, in this order; None for those of the datasets."""
    init_from: str | None = None
    """Where the first weights came from: a run folder or a file."""
    init_from_sha256: str | None = None
    """SHA-256 of the file of these weights."""
    restored: tuple[str, ...] | None = None
    """The parts of a model that reads DNA which have these weights; None for all."""
    imported_from: dict[str, str] | None = None
    """The file that the weights were imported from, and its SHA-256; None where trained here."""
    versions: dict[str, str]
    """Versions of what the result depends on."""


def resolve(
    model: str, overrides: Mapping[str, Any], inherited: Mapping[str, Any] | None = None
) -> tuple[Settings, SeedSettings]:
    """Complete the settings of a model and of its training, or fit.

    Args:
        model: name of the architecture.
        overrides: settings of either by name; ``preset`` names the values to start from.
        inherited: settings of the model that the first weights come from; they replace the
            preset's, and ``overrides`` replace them.

    Raises:
        SettingsError: a name is unknown (the nearest one is offered) or a value is not valid.
    """
    entry = architecture(model)
    values = dict(overrides)
    preset = values.pop("preset", "default")
    if not isinstance(preset, str) or preset not in entry.presets:
        raise SettingsError(f"Unknown preset '{preset}': {suggestion(str(preset), entry.presets)}")
    values = {**entry.presets[preset], **(inherited or {}), **values}
    kind, known = training_settings(model), settings_of(model)
    for name in values:
        if name not in known:
            hint = suggestion(name, [*known, "preset"])
            raise SettingsError(f"Unknown setting '{name}' of {model}: {hint}")
    ours = {name: v for name, v in values.items() if name in entry.settings.model_fields}
    training = {name: v for name, v in values.items() if name not in ours}
    return validate(entry.settings, ours), validate(kind, training)


def settings_of(model: str) -> list[str]:
    """Name the settings of a model, and of its training or fit."""
    groups = architecture(model).settings, training_settings(model)
    return [name for group in groups for name in group.model_fields]


def training_settings(model: str) -> type[SeedSettings]:
    """Give the settings of how a model is trained, or fitted."""
    entry = architecture(model)
    if entry.task == "sequence":
        return SequenceTrainingSettings
    return FitSettings if entry.classical else TrainingSettings


def read_config(folder: Path) -> RunConfig:
    """Read the configuration of a run.

    Raises:
        RunError: the folder is not a run, or its configuration is damaged.
    """
    path = folder / CONFIG
    if not folder.is_dir():
        raise RunError(f"{folder}: no such run folder.")
    if not path.is_file():
        raise RunError(f"{folder}: not a run folder, since it holds no {CONFIG}.")
    try:
        return RunConfig(**read_yaml(path))
    except (SettingsError, ValidationError, TypeError) as error:
        raise RunError(f"{path}: damaged, cannot be read as the configuration of a run.") from error


def read_template(path: Path, model: str) -> RunConfig:
    """Read what to make a run of a model like: the configuration of a run, or a part of one.

    Raises:
        SettingsError: the file cannot be read, a key is unknown, a value has the wrong type, or
            the file is of another model.
    """
    content = read_yaml(path)
    blank = {"model": model, "data": [], "fingerprint": "", "settings": {}, "versions": {}}
    try:
        template = validate(RunConfig, blank | content)
        architecture(template.model)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    if template.model != model:
        raise SettingsError(f"{path}: is of the model {template.model}; expected {model}.")
    return template


def trials_of(folder: Path) -> int:
    """Count the settings that were tried before a run was trained."""
    path = folder / SEARCH / TRIALS
    return len(pd.read_csv(path)) if path.is_file() else 0


def holds_run(folder: Path) -> bool:
    """Tell whether a folder holds anything but a search for the settings of a run to come."""
    return any(path.name != SEARCH for path in folder.iterdir())


def check_replaceable(folder: Path) -> None:
    """Check that what stands in the way of a new run folder is a run, or empty.

    Raises:
        RunError: it is something else.
    """
    if not folder.exists() or (folder.is_dir() and not holds_run(folder)):
        return
    try:
        read_config(folder)  # many programs call a file config.yaml
    except RunError as error:
        raise RunError(
            f"{folder}: not replaced, since it is not a run; choose another name."
        ) from error


def write_config(config: RunConfig, folder: Path) -> None:
    """Write the configuration into a run folder."""
    write_text(folder / CONFIG, to_yaml(config.model_dump(mode="json")))


def fingerprint(datasets: Sequence[ChromatinDataset | SequenceDataset]) -> str:
    """Give a SHA-256 over the content of one dataset, or of several."""
    found = [dataset.fingerprint() for dataset in datasets]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def describe_model(
    model: str,
    settings: Settings,
    data: ChromatinDataset,
    marks: Sequence[str],
    readout: Readout | None = None,
) -> ChromatinDescription:
    """Say what a model made for a dataset is, which input it takes, and what it predicts."""
    return ChromatinDescription(
        model=model,
        settings=settings.model_dump(),
        marks=tuple(marks),
        bins=data.bins,
        bin_size=data.bin_size,
        oriented=data.oriented,
        readout=readout or Readout(),
    )


def versions() -> dict[str, str]:
    """Give the versions of what a result depends on."""
    packages = ("attendome", "lightning", "numpy", "scikit-learn", "torch")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
