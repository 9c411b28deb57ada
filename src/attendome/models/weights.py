"""Models on disk: ``model.safetensors`` for the weights, ``model.json`` for what they belong to."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from attendome.config import Settings, validate
from attendome.errors import RunError
from attendome.models.classical import ClassicalModel, load_estimator
from attendome.models.readout import Readout
from attendome.models.registry import architecture
from attendome.outputs import new_output, write_text

WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"


class ModelDescription(Settings):
    """What must be known to build a model again and to give it the right input."""

    model: str
    """Name of the architecture."""
    settings: dict[str, Any]
    """Its settings."""
    marks: tuple[str, ...]
    """Names of the marks, in the order of the input."""
    bins: int
    """Number of bins."""
    bin_size: int
    """Length of a bin, in bp."""
    oriented: bool
    """Whether bins run 5'→3' on both strands."""
    readout: Readout = Readout()
    """What the model's prediction means."""

    def build(self) -> nn.Module:
        """Make the model, with initial weights."""
        entry = architecture(self.model)
        return entry.build(len(self.marks), self.bins, validate(entry.settings, self.settings))


def save_weights(model: nn.Module, folder: Path) -> None:
    """Write the weights, replacing older ones in one step."""
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with new_output(folder / WEIGHTS, force=True) as made:
        made.write_bytes(save(tensors))


def save_description(description: ModelDescription, folder: Path) -> None:
    """Write what the weights belong to."""
    write_text(folder / DESCRIPTION, description.model_dump_json(indent=2) + "\n")


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a .safetensors file.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file.") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path}: damaged, or not a .safetensors file ({error}).") from error


def assign_weights(model: nn.Module, tensors: dict[str, Tensor], where: Path) -> None:
    """Put tensors into a model.

    Raises:
        RunError: names or shapes do not fit the model.
    """
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{where}: the weights do not fit the model ({reason}).") from error


def load_model(folder: Path) -> tuple[nn.Module, ModelDescription]:
    """Read a trained model from a run folder.

    Raises:
        RunError: a file is missing or damaged, or the weights do not fit the description.
    """
    path = folder / DESCRIPTION
    try:
        description = ModelDescription(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file; is {folder} a run folder?") from error
    except (ValidationError, ValueError, TypeError, OSError) as error:
        raise RunError(f"{path}: damaged, cannot be read as the description of a model.") from error
    return load_fitted(description, folder), description


def load_fitted(description: ModelDescription, folder: Path) -> nn.Module:
    """Make a model with the weights, or the estimator, that a run folder holds.

    Raises:
        RunError: a file is missing or damaged, or does not fit the description.
    """
    model = description.build()
    assign_weights(model, read_weights(folder / WEIGHTS), folder / WEIGHTS)
    if isinstance(model, ClassicalModel):
        load_estimator(model, description.readout.target, folder)
    return model.eval()
