"""Warm starts: the weights of a trained model as the first ones of another architecture.

The networks of DNA share all but their context. A part, the tower, the context, the last block or
the output, is restored where each of its tensors has the same name and shape in both; the context
only in a model of the same architecture and settings, and the output only for the same tracks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from attendome.errors import RunError
from attendome.models.descriptions import SequenceDescription, read_description
from attendome.models.sequence.trunk import TrunkSettings
from attendome.models.weights import WEIGHTS, read_weights
from attendome.workflows.starting import digest


@dataclass(frozen=True)
class Restored:
    """What a warm start has restored.

    Attributes:
        model: architecture that the weights came from.
        parts: parts of the new model that have them, with their number of tensors.
        new: its other parts.
        left_over: parts of the old model that were not used.
    """

    model: str
    parts: Mapping[str, int]
    new: Mapping[str, int]
    left_over: Mapping[str, int]

    def __str__(self) -> str:
        return (
            f"Started from {self.model}: restored {_listed(self.parts)}; "
            f"new: {_listed(self.new)}; left over: {_listed(self.left_over)}."
        )


@dataclass(frozen=True)
class WarmStart:
    """Weights to start from.

    Attributes:
        source: the run folder that they were read from.
        description: what they belong to.
        weights: the tensors by name.
        sha256: SHA-256 of the file of weights.
    """

    source: Path
    description: SequenceDescription
    weights: dict[str, Tensor]
    sha256: str

    def settings_for(self, model: str) -> Mapping[str, Any]:
        """Give the settings of the model that hold for another, too, unless told otherwise."""
        if model == self.description.model:
            return self.description.settings
        shared = TrunkSettings.model_fields
        return {name: value for name, value in self.description.settings.items() if name in shared}

    def restore(self, network: nn.Module, description: SequenceDescription) -> Restored:
        """Put the weights into a network, where they fit.

        Raises:
            RunError: nothing fits.
        """
        old, new = _by_part(self.weights), _by_part(network.state_dict())
        fitting = [part for part in new if part in old and _shapes(old[part]) == _shapes(new[part])]
        if _context(self.description) != _context(description):
            fitting = [part for part in fitting if part != "context"]
        if self.description.tracks != description.tracks:
            fitting = [part for part in fitting if part != "output"]
        if not fitting or self.description.bin_size != description.bin_size:
            raise RunError(
                f"{self.source}: nothing of the weights of {self.description.model} fits; expected "
                "a run with the same scale and bins."
            )
        network.load_state_dict(
            {name: tensor for part in fitting for name, tensor in old[part].items()}, strict=False
        )
        return Restored(
            self.description.model,
            {part: len(new[part]) for part in fitting},
            {part: len(new[part]) for part in new if part not in fitting},
            {part: len(old[part]) for part in old if part not in fitting},
        )


def read_warm_start(source: Path) -> WarmStart:
    """Read weights from the run folder of a model that reads DNA.

    Raises:
        RunError: there is none, it is damaged, or it is of a model that reads histone marks.
    """
    if not source.is_dir():
        raise RunError(f"{source}: expected the run folder of a model that reads DNA.")
    description = read_description(source)
    if not isinstance(description, SequenceDescription):
        raise RunError(
            f"{source}: expected a run of a model that reads DNA; found one of "
            f"{description.model}, which reads histone marks."
        )
    return WarmStart(source, description, read_weights(source / WEIGHTS), digest(source))


def _by_part(weights: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in weights.items():
        parts.setdefault(name.partition(".")[0], {})[name] = tensor
    return parts


def _context(description: SequenceDescription) -> dict[str, Any]:
    """Give what a context's weights mean something in: the architecture and its settings."""
    kept = {*TrunkSettings.model_fields, "layer_dropout"}
    own = {name: value for name, value in description.settings.items() if name not in kept}
    return {"model": description.model, **own}


def _shapes(part: Mapping[str, Tensor]) -> dict[str, Any]:
    return {name: tensor.shape for name, tensor in part.items()}


def _listed(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count} tensors)" for name, count in parts.items()) or "nothing"
