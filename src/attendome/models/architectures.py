"""Rows of the model table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from torch import nn

from attendome.config import Settings
from attendome.models.features import FeatureSettings
from attendome.models.sequence.shape import SequenceShape

Task = Literal["chromatin", "sequence"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One row of the model table.

    Attributes:
        task: the kind of dataset that the model reads.
        summary: what it is, in a line.
        settings: its settings.
        presets: named values of its settings and of the training settings.
    """

    task: ClassVar[Task]
    summary: str
    settings: type[Settings]
    presets: Mapping[str, Mapping[str, Any]]

    @property
    def classical(self) -> bool:
        """Whether it is fitted at once by scikit-learn, not trained epoch by epoch."""
        return issubclass(self.settings, FeatureSettings)


@dataclass(frozen=True, kw_only=True)
class ChromatinArchitecture(Architecture):
    """A model that reads the signal of histone marks.

    Attributes:
        build: makes it from the number of marks, the number of bins and its settings.
        attention: which of ``alpha`` and ``beta`` it gives.
        any_marks: whether it takes NaN for the signal of marks that were not measured.
    """

    task = "chromatin"
    build: Callable[[int, int, Any], nn.Module]
    attention: tuple[Literal["alpha", "beta"], ...] = ()
    any_marks: bool = False


@dataclass(frozen=True, kw_only=True)
class SequenceArchitecture(Architecture):
    """A model that reads DNA.

    Attributes:
        build: makes it from the sizes of input and output and its settings.
        published: settings of its rows in the paper's table, in their order.
    """

    task = "sequence"
    build: Callable[[SequenceShape, Any], nn.Module]
    published: tuple[Mapping[str, Any], ...] = field(default=({},))
