"""The weights of models on disk, ``model.safetensors``."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from attendome.errors import RunError
from attendome.models.classical import ClassicalModel, load_estimator
from attendome.models.descriptions import ChromatinDescription, Description, read_description
from attendome.outputs import new_output

WEIGHTS = "model.safetensors"


def save_weights(model: nn.Module, folder: Path) -> None:
    """Write the weights, replacing older ones in one step."""
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with new_output(folder / WEIGHTS, force=True) as made:
        made.write_bytes(save(tensors))


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


def load_model(folder: Path) -> tuple[nn.Module, Description]:
    """Read a trained model from a run folder.

    Raises:
        RunError: a file is missing or damaged, or the weights do not fit the description.
    """
    description = read_description(folder)
    return load_fitted(description, folder), description


def load_fitted(description: Description, folder: Path) -> nn.Module:
    """Make a model with the weights, or the estimator, that a run folder holds.

    Raises:
        RunError: a file is missing or damaged, or does not fit the description.
    """
    model = description.build()
    assign_weights(model, read_weights(folder / WEIGHTS), folder / WEIGHTS)
    if isinstance(model, ClassicalModel) and isinstance(description, ChromatinDescription):
        load_estimator(model, description.readout.target, folder)
    return model.eval()
