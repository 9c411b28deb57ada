"""A trained model in its run folder, and what can be asked of it."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import xarray as xr
from pydantic import TypeAdapter, ValidationError
from torch import nn

from attendome.config import suggestion
from attendome.data import ChromatinDataset, open_dataset
from attendome.errors import DataError, RunError, SettingsError
from attendome.evaluation.scores import Scores, score
from attendome.interpretation.attention import attention_maps
from attendome.interpretation.files import check_maps, save_maps
from attendome.models.weights import DESCRIPTION, ModelDescription, load_model
from attendome.outputs import check_new, write_text
from attendome.reports import write_report
from attendome.training.batches import check_complete
from attendome.training.history import best_epoch, read_history
from attendome.training.inference import placed, run_model
from attendome.workflows.configuration import RunConfig, read_config
from attendome.workflows.reporting import report_content
from attendome.workflows.tables import check_table, save_table

METRICS, PREDICTIONS = "metrics.json", "predictions.parquet"
ATTENTION, REPORT = "attention.zarr", "report.html"
_METHODS = {"attention": attention_maps}

Data = ChromatinDataset | str | Path | None


@dataclass(frozen=True)
class Run:
    """A trained model.

    Attributes:
        path: the run folder.
        config: what the run was made from.
        description: what the model is, and which input it takes.
        loaded: the model as it was read.
    """

    path: Path
    config: RunConfig
    description: ModelDescription
    loaded: nn.Module = field(repr=False, compare=False)

    @cached_property
    def model(self) -> nn.Module:
        """The model, with the weights of its best epoch; on a GPU unless the run is of the CPU."""
        return placed(self.loaded, self.config.settings.get("accelerator", "auto"))

    def dataset(self, data: Data = None) -> ChromatinDataset:
        """Open a dataset as this model takes it: its marks, by name, in its order.

        Args:
            data: a dataset, or where it is stored; by default the one that the run was made from.

        Raises:
            DataError: it is not there, its marks, bins or orientation do not fit, its signal has
                missing values, or the run's own dataset has changed.
        """
        if data is None and not Path(self.config.data).exists():
            raise DataError(
                f"{self.config.data}: the dataset of {self.path} is not there; name it with --data."
            )
        opened = (
            data if isinstance(data, ChromatinDataset) else open_dataset(data or self.config.data)
        )
        expected = self.description.bins, self.description.bin_size, self.description.oriented
        found = opened.bins, opened.bin_size, opened.oriented
        if expected != found:
            layout = "{} bins of {} bp, oriented = {}".format
            raise DataError(
                f"{opened.name}: the model of {self.path} expects {layout(*expected)}; "
                f"found {layout(*found)}."
            )
        chosen = opened.with_marks(self.description.marks)
        if data is None and chosen.fingerprint() != self.config.fingerprint:
            raise DataError(
                f"{opened.name}: changed since {self.path} was made from it, and its splits may be "
                "others; name it with --data to use it all the same."
            )
        check_complete(chosen)
        return chosen

    def training_summary(self) -> dict[str, Any]:
        """Say how training went: number of ``epochs``, the ``best`` and its ``valid_auroc``.

        Raises:
            RunError: the model was not trained here.
        """
        history = read_history(self.path)
        if history is None:
            raise RunError(f"{self.path}: the model was imported, not trained here.")
        best = best_epoch(history)
        auroc = float(history["valid_auroc"].max())
        return {"epochs": len(history), "best": best, "valid_auroc": auroc}

    def predict(
        self, data: Data = None, out: str | Path | None = None, *, force: bool = False
    ) -> pd.DataFrame:
        """Predict for each gene the probability that it is on.

        Args:
            data: the genes; by default all of the run's dataset.
            out: where to write the table, a name ending in .tsv or .parquet; nowhere by default.
            force: replace ``out`` where it exists.

        Returns:
            The columns ``gene``, ``gene_name``, ``split``, ``label`` where known, ``probability``.

        Raises:
            SettingsError: ``out`` has another ending.
        """
        if out:
            check_table(Path(out), force=force)
        dataset = self.dataset(data)
        output = run_model(self.model, torch.from_numpy(dataset.signal.to_numpy()))
        columns = [c for c in ("gene_name", "split", "label") if c in dataset.genes]
        table = dataset.genes[columns].assign(probability=output.prediction.sigmoid().numpy())
        table = table.reset_index()
        if out:
            save_table(table, Path(out), force=force)
        return table

    def evaluate(self, data: Data = None, split: str = "test") -> Scores:
        """Score the predictions for a split; writes metrics.json and predictions.parquet.

        Beside the scores, metrics.json holds the ``fingerprint`` of the dataset.

        Raises:
            DataError: the split has no genes, or they have no labels.
        """
        dataset = self.dataset(data)
        part = dataset.split(split)
        labels = part.labels()
        table = self.predict(part)
        where = str(dataset.path.resolve()) if dataset.path else dataset.name
        scores = score(labels, table["probability"].to_numpy(), split=split, data=where)
        content = scores.to_dict() | {"fingerprint": dataset.fingerprint()}
        save_table(table, self.path / PREDICTIONS, force=True)
        write_text(self.path / METRICS, json.dumps(content, indent=2) + "\n")
        return scores

    def explain(
        self,
        data: Data = None,
        method: str = "attention",
        out: str | Path | None = None,
        *,
        force: bool = False,
    ) -> xr.Dataset:
        """Say what the predictions looked at.

        Args:
            data: the genes to explain; by default all of the run's dataset.
            method: how; ``attention``.
            out: a name ending in .zarr or .nc; by default attention.zarr in the run folder.
            force: replace ``out`` where it exists.

        Raises:
            SettingsError: the method is unknown, ``out`` has another ending, or the model has no
                attention.
            DataError: ``out`` exists and ``force`` is not set.
        """
        if method not in _METHODS:
            raise SettingsError(f"Unknown method '{method}': {suggestion(method, _METHODS)}")
        target, force = Path(out or self.path / ATTENTION), force or out is None
        check_maps(target, force=force)
        maps = _METHODS[method](self.model, self.dataset(data))
        save_maps(maps, target, force=force)
        return maps

    def report(self, out: str | Path | None = None, *, force: bool = False) -> Path:
        """Write a self-contained HTML page about the model, its score and its attention.

        It shows the last evaluation; where there is none, the test split is evaluated first.

        Args:
            out: where to write; by default report.html in the run folder.
            force: replace ``out`` where it exists.

        Raises:
            DataError: the dataset scored last is not there or has changed, or ``out`` exists.
        """
        target = Path(out or self.path / REPORT)
        check_new(target, force=force or out is None)
        metrics = self.last_scores() or self.evaluate().to_dict()
        if not Path(metrics["data"]).exists():
            raise DataError(
                f"{metrics['data']}: the dataset scored last is not stored there; score one that "
                f"is with: attendome evaluate {self.path} --data DATA.zarr"
            )
        data = self.dataset(metrics["data"])
        scored = json.loads((self.path / METRICS).read_bytes()).get("fingerprint")
        if data.fingerprint() != scored:
            raise DataError(
                f"{data.name}: changed since it was scored; score it again with: attendome "
                f"evaluate {self.path} --data {data.name} --split {metrics['split']}"
            )
        write_report(report_content(self.config, self.model, self.path, data, metrics), target)
        return target

    def last_scores(self) -> dict[str, Any] | None:
        """Give the content of metrics.json; None where nothing was evaluated yet.

        Raises:
            RunError: the file is damaged.
        """
        path = self.path / METRICS
        if not path.is_file():
            return None
        try:
            return TypeAdapter(Scores).validate_json(path.read_bytes()).to_dict()
        except ValidationError as error:
            raise RunError(
                f"{path}: damaged; make it again with: attendome evaluate {self.path}"
            ) from error


def open_run(path: str | Path) -> Run:
    """Open a run folder.

    Raises:
        RunError: there is no run, its training is not finished, or a file is damaged.
    """
    folder = Path(path)
    config = read_config(folder)
    if not (folder / DESCRIPTION).is_file():
        raise RunError(
            f"{folder}: training is not finished; go on with: attendome train {config.data} "
            f"--model {config.model} --out {folder} --resume (and the same settings)."
        )
    model, description = load_model(folder)
    return Run(folder, config, description, model)
