"""A trained model in its run folder, whatever it reads."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from torch import nn

from attendome.data import ChromatinDataset, SequenceDataset
from attendome.models.descriptions import Description
from attendome.training.inference import placed
from attendome.workflows.configuration import RunConfig
from attendome.workflows.run_folder import (
    check_unchanged,
    read_metrics,
    read_summary,
    scored_data,
)

Of = TypeVar("Of", bound=Description)
Reads = TypeVar("Reads", ChromatinDataset, SequenceDataset)


@dataclass(frozen=True)
class TrainedModel(ABC, Generic[Of, Reads]):
    """What runs of either task have in common.

    Attributes:
        path: the run folder.
        config: what the run was made from.
        description: what the model is, which input it takes, and what it predicts.
        loaded: the model as it was read.
    """

    scores: ClassVar[Any]
    """Type of the scores that metrics.json holds."""

    path: Path
    config: RunConfig
    description: Of
    loaded: nn.Module = field(repr=False, compare=False)

    @cached_property
    def model(self) -> nn.Module:
        """The model, with the weights of its best epoch; on a GPU unless the run is of the CPU."""
        return placed(self.loaded, self.config.settings.get("accelerator", "auto"))

    @abstractmethod
    def dataset(self, data: Any = None) -> Reads:  # noqa: ANN401 - of either task
        """Open a dataset as this model takes it."""

    @abstractmethod
    def evaluate(self) -> object:
        """Score the predictions for the test split."""

    def training_summary(self) -> dict[str, Any]:
        """Say how training went: number of ``epochs``, the ``best`` and its validation score.

        The score is ``valid_auroc`` or, for expression and coverage, ``valid_pearson``.

        Raises:
            RunError: the model was not trained here.
        """
        return read_summary(self.path)

    def last_scores(self) -> dict[str, Any] | None:
        """Give the content of metrics.json; None where nothing was evaluated yet.

        Raises:
            RunError: the file is damaged.
        """
        return read_metrics(self.path, self.scores)

    def scored(self) -> tuple[Reads, dict[str, Any]]:
        """Give the dataset scored last, and metrics.json; where there is none, evaluate first.

        Raises:
            DataError: the dataset is not there or has changed.
        """
        metrics = self.last_scores()
        if metrics is None:
            self.evaluate()
            metrics = self.last_scores() or {}
        data = self.dataset(scored_data(self.path, metrics))
        check_unchanged(self.path, metrics, data)
        return data, metrics
