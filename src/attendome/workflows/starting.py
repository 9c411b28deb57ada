"""Where the first weights of a training come from, other than from the seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from attendome.data import ChromatinDataset
from attendome.data.attentivechrome import PUBLISHED_MARKS
from attendome.errors import RunError, SettingsError
from attendome.genome.files import sha256
from attendome.models.descriptions import ChromatinDescription
from attendome.models.published_weights import read_published_weights
from attendome.models.registry import architecture
from attendome.models.weights import WEIGHTS, load_model
from attendome.workflows.configuration import RunConfig


@dataclass(frozen=True)
class Start:
    """Weights to start from.

    Attributes:
        source: the run folder or file that they were read from.
        weights: the tensors by name.
        marks: the marks, in the order of the input.
        settings: the settings of the model.
        sha256: SHA-256 of the file of weights.
    """

    source: Path
    weights: dict[str, Tensor]
    marks: tuple[str, ...]
    settings: Mapping[str, Any]
    sha256: str


def read_start(source: Path, model: str, data: ChromatinDataset) -> Start:
    """Read weights from a run folder or from a .pt file of the original AttentiveChrome.

    A .pt file does not name its marks: five are taken to be the published ones in the published
    order, another number to be those of the dataset.

    Raises:
        RunError: there is nothing to read, it is damaged, or it is of another architecture.
        SettingsError: the architecture is fitted at once, and starts from nothing.
    """
    if architecture(model).classical:
        raise SettingsError(f"{model} is fitted at once and cannot start from other weights.")
    if source.is_dir():
        network, description = load_model(source)
        if not isinstance(description, ChromatinDescription):
            raise RunError(f"{source}: expected weights of {model}; found a model that reads DNA.")
        found, marks, settings = description.model, description.marks, description.settings
    else:
        published, own = read_published_weights(source, data.bins)
        network, settings = published, own.model_dump()
        found, marks = "attentive-chrome", published_marks(published.marks, data)
    if found != model:
        raise RunError(f"{source}: expected weights of {model}; found those of {found}.")
    return Start(source, network.state_dict(), marks, settings, digest(source))


def recorded_start(config: RunConfig) -> str | None:
    """Give where the first weights of a run came from, to start from them again.

    Raises:
        RunError: the weights have changed since.
    """
    source, sha256 = config.init_from, config.init_from_sha256
    if source and sha256 and Path(source).exists() and digest(Path(source)) != sha256:
        raise RunError(
            f"{source}: the weights have changed since the run that is to be repeated started from "
            "them; put them back, or name the weights to start from with --init-from."
        )
    return source


def digest(source: Path) -> str:
    """Give the SHA-256 of weights, of a run folder or a file."""
    return sha256(source / WEIGHTS if source.is_dir() else source)


def published_marks(count: int, data: ChromatinDataset) -> tuple[str, ...]:
    """Name the marks of a file of the original's weights.

    Raises:
        RunError: the number of marks is neither the published one nor that of the dataset.
    """
    if count == len(PUBLISHED_MARKS):
        return PUBLISHED_MARKS
    if count != len(data.marks):
        raise RunError(
            f"The weights are for {count} marks, {data.name} has {len(data.marks)}: "
            f"{', '.join(data.marks)}."
        )
    return tuple(data.marks)
