"""What must be known to build a trained model again and to give it the right input."""

import json
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import nn

from attendome.config import Settings, validate
from attendome.errors import RunError
from attendome.models.readout import Readout
from attendome.models.registry import chromatin_architecture, sequence_architecture
from attendome.models.sequence.shape import SequenceShape
from attendome.outputs import write_text

DESCRIPTION = "model.json"


class ChromatinDescription(Settings):
    """A model that reads histone marks."""

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
        entry = chromatin_architecture(self.model)
        return entry.build(len(self.marks), self.bins, validate(entry.settings, self.settings))


class SequenceDescription(Settings):
    """A model that reads DNA."""

    model: str
    """Name of the architecture."""
    settings: dict[str, Any]
    """Its settings."""
    tracks: tuple[str, ...]
    """Names of the tracks, in the order of the output."""
    assays: tuple[str, ...]
    """Assay of each track."""
    strand_pairs: tuple[int, ...]
    """Number of the track of the other strand, of each track; its own where it has none."""
    length: int
    """Length of the sequence, in bp."""
    bin_size: int
    """Length of a bin, in bp."""
    crop: int
    """What is cut off each side of the sequence before it is binned, in bp."""

    @property
    def shape(self) -> SequenceShape:
        """Sizes of the input and the output."""
        return SequenceShape(self.length, self.bin_size, len(self.tracks), self.crop)

    def build(self) -> nn.Module:
        """Make the model, with initial weights."""
        entry = sequence_architecture(self.model)
        return entry.build(self.shape, validate(entry.settings, self.settings))


Description = ChromatinDescription | SequenceDescription


def build_seeded(description: Description, seed: int) -> nn.Module:
    """Make a model, on the CPU, whose initial weights depend on the seed only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return description.build()


def save_description(description: Description, folder: Path) -> None:
    """Write what the weights of a run folder belong to."""
    write_text(folder / DESCRIPTION, description.model_dump_json(indent=2) + "\n")


def read_description(folder: Path) -> Description:
    """Read what the weights of a run folder belong to.

    Raises:
        RunError: the file is missing or damaged.
    """
    path = folder / DESCRIPTION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        kind = SequenceDescription if "tracks" in content else ChromatinDescription
        return kind(**content)
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file; is {folder} a run folder?") from error
    except (ValidationError, ValueError, TypeError, OSError) as error:
        raise RunError(f"{path}: damaged, cannot be read as the description of a model.") from error
