"""A trained model in its run folder, and what can be asked of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from attendome.data import ChromatinDataset
from attendome.errors import RunError, SettingsError
from attendome.evaluation.regression import RegressionScores
from attendome.evaluation.scores import Scores
from attendome.interpretation.files import check_maps
from attendome.models.descriptions import DESCRIPTION, ChromatinDescription
from attendome.models.outputs import ChromatinOutput
from attendome.models.weights import load_model
from attendome.outputs import check_new, write_text
from attendome.reports import write_report
from attendome.training.inference import model_input, run_model
from attendome.workflows.configuration import read_config
from attendome.workflows.explaining import check_nothing_lost, explain_into
from attendome.workflows.matching import Data, matching
from attendome.workflows.parts import Progress
from attendome.workflows.reporting import report_content
from attendome.workflows.run_folder import METRICS, REPORT
from attendome.workflows.scoring import prediction_table, score_predictions, seen_in_training
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.tables import check_table, save_table
from attendome.workflows.trained import TrainedModel

PREDICTIONS = "predictions.parquet"


class Run(TrainedModel[ChromatinDescription, ChromatinDataset]):
    """A trained model that reads histone marks."""

    scores = Scores | RegressionScores

    def dataset(self, data: Data = None) -> ChromatinDataset:
        """Open a dataset as this model takes it: its marks, by name, in its order.

        Args:
            data: a dataset, or where it is stored; by default the one that the run was made from.

        Raises:
            DataError: it is not there, its marks, bins or orientation do not fit, its signal has
                missing values, or the run's own dataset has changed.
        """
        return matching(self.config, self.description, self.path, data)

    def output(self, data: ChromatinDataset) -> ChromatinOutput:
        """Run the model over the genes of a dataset that ``dataset`` has given."""
        return run_model(self.model, model_input(data, self.description.marks))

    def predict(
        self, data: Data = None, out: str | Path | None = None, *, force: bool = False
    ) -> pd.DataFrame:
        """Predict for each gene the probability that it is on, or its log expression.

        Args:
            data: the genes; by default all of the run's dataset.
            out: where to write the table, a name ending in .tsv or .parquet; nowhere by default.
            force: replace ``out`` where it exists.

        Returns:
            The columns ``gene``, ``gene_name``, ``split``, ``label`` where known, ``probability``;
            of a model of expression ``observed_expression`` where known and
            ``predicted_expression`` in place of the last two.

        Raises:
            SettingsError: ``out`` has another ending.
        """
        if out:
            check_table(Path(out), force=force)
        dataset = self.dataset(data)
        prediction = self.output(dataset).prediction
        table = prediction_table(dataset, prediction, self.description.readout)
        if out:
            save_table(table, Path(out), force=force)
        return table

    def evaluate(self, data: Data = None, split: str = "test") -> Scores | RegressionScores:
        """Score the predictions for a split; writes metrics.json and predictions.parquet.

        Beside the scores, metrics.json holds the ``fingerprint`` of the dataset, and how many of
        the genes scored the model has ``seen_in_training``, in this or in another cell type (null
        where that is not known: imported weights, or datasets that are not there any more).

        Raises:
            DataError: the split has no genes, or their labels or expression are not known.
        """
        dataset = self.dataset(data)
        part = dataset.split(split)
        prediction, readout = self.output(part).prediction, self.description.readout
        table = prediction_table(part, prediction, readout)
        scores = score_predictions(part, prediction, readout, split)
        found = dataset.fingerprint()
        content = scores.to_dict() | {
            "fingerprint": found,
            "seen_in_training": seen_in_training(self.config, self.description.marks, part, found),
        }
        save_table(table, self.path / PREDICTIONS, force=True)
        write_text(self.path / METRICS, json.dumps(content, indent=2) + "\n")
        return scores

    def explain(
        self,
        data: Data = None,
        method: str = "attention",
        out: str | Path | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        force: bool = False,
        progress: Progress = lambda _done, _all: None,
    ) -> xr.Dataset:
        """Say what the predictions looked at.

        Args:
            data: the genes to explain; by default all of the run's dataset.
            method: how, such as ``attention`` or ``integrated-gradients``.
            out: a name ending in .zarr or .nc; by default METHOD.zarr in the run folder. What an
                interruption left of it is used.
            settings: settings of the method by name, or ``preset``.
            force: replace ``out`` where it exists.
            progress: told how many genes are done, and of how many.

        Returns:
            ``importance[gene, mark, bin]`` and ``mark_importance[gene, mark]``, of attention also
            ``alpha`` and ``beta``, with coordinates, predictions and means over genes.

        Raises:
            SettingsError: the method or a setting is unknown, the model does not take the method,
                or ``out`` has another ending.
            DataError: ``force`` is not set, and ``out`` exists or the file in the run folder holds
                genes that are not among these.
        """
        target, replace = Path(out or self.path / f"{method}.zarr"), force or out is None
        check_maps(target, force=replace)
        genes, given = self.dataset(data), settings or {}
        if not force:
            check_nothing_lost(target, genes)
        return explain_into(target, self, genes, method, given, force=replace, progress=progress)

    def report(self, out: str | Path | None = None, *, force: bool = False) -> Path:
        """Write a self-contained HTML page about the model, its score and what it looked at.

        It shows the last evaluation; where there is none, the test split is evaluated first. Maps
        that ``explain`` has left in the run folder are shown where they are of these predictions.

        Args:
            out: where to write; by default report.html in the run folder.
            force: replace ``out`` where it exists.

        Raises:
            DataError: the dataset scored last is not there or has changed, or ``out`` exists.
        """
        target = Path(out or self.path / REPORT)
        check_new(target, force=force or out is None)
        data, metrics = self.scored()
        write_report(report_content(self, data, metrics), target)
        return target


def open_run(path: str | Path) -> Run | SequenceRun:
    """Open a run folder.

    Raises:
        RunError: there is no run, its training is not finished, or a file is damaged.
    """
    folder = Path(path)
    config = read_config(folder)
    if not (folder / DESCRIPTION).is_file():
        raise RunError(
            f"{folder}: training is not finished; go on with: attendome train "
            f"{' '.join(config.data)} --model {config.model} --out {folder} --resume (and the same "
            "settings)."
        )
    model, description = load_model(folder)
    if isinstance(description, ChromatinDescription):
        return Run(folder, config, description, model)
    return SequenceRun(folder, config, description, model)


def open_sequence_run(run: Run | SequenceRun | str | Path) -> SequenceRun:
    """Give a run of a model that reads DNA, or open it.

    Raises:
        SettingsError: its model reads histone marks.
        RunError: as ``open_run``.
    """
    opened = open_run(run) if isinstance(run, (str, Path)) else run
    if not isinstance(opened, SequenceRun):
        raise SettingsError(
            f"{opened.path}: a run of {opened.config.model}, which reads histone marks; expected "
            "one of a model that reads DNA."
        )
    return opened


def open_chromatin_run(run: Run | SequenceRun | str | Path) -> Run:
    """Give a run of a model that reads histone marks, or open it.

    Raises:
        SettingsError: its model reads DNA.
        RunError: as ``open_run``.
    """
    opened = open_run(run) if isinstance(run, (str, Path)) else run
    if isinstance(opened, SequenceRun):
        raise SettingsError(
            f"{opened.path}: a run of {opened.config.model}, which reads DNA; expected one of a "
            "model that reads histone marks."
        )
    return opened
