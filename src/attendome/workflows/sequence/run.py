"""A trained model that reads DNA, in its run folder, and what can be asked of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import xarray as xr

from attendome.data import SequenceDataset
from attendome.evaluation.sequence.reach import (
    accuracy_against_reach,
    reach_blocks,
    reach_distances,
)
from attendome.evaluation.sequence.scores import SequenceScores, score_tracks, track_table
from attendome.models.descriptions import SequenceDescription
from attendome.outputs import check_new, write_text
from attendome.training.sequence.inference import Averaging
from attendome.workflows.parts import Progress
from attendome.workflows.run_folder import METRICS, REPORT
from attendome.workflows.sequence.explaining import explain
from attendome.workflows.sequence.matching import Data, matching
from attendome.workflows.sequence.predicting import Predicted, predict
from attendome.workflows.sequence.scoring import predictor, summed, views_of
from attendome.workflows.tables import save_table
from attendome.workflows.trained import TrainedModel

if TYPE_CHECKING:
    from attendome.workflows.sequence.browsing import Beside

REGION_SUMS, TRACKS, REACH = "region_sums.npz", "tracks.parquet", "reach.parquet"
PREDICTIONS = "predictions.zarr"


class SequenceRun(TrainedModel[SequenceDescription, SequenceDataset]):
    """A trained model that reads DNA."""

    scores = SequenceScores

    def dataset(self, data: Data = None) -> SequenceDataset:
        """Open a dataset as this model takes it: its tracks, by name, in its order.

        Args:
            data: a dataset, or where it is stored; by default the one that the run was made from.

        Raises:
            DataError: it is not there, its length, bins, crop or tracks do not fit, or the run's
                own dataset has changed.
        """
        return matching(self.config, self.description, self.path, data)

    def evaluate(
        self,
        data: Data = None,
        split: str = "test",
        *,
        reverse_complement: bool = False,
        shifts: Sequence[int] = (),
        progress: Progress = lambda _done, _all: None,
    ) -> SequenceScores:
        """Score the predictions for a split; writes metrics.json, tracks.parquet, region_sums.npz.

        The bins that training left out at each end (its setting ``margin``) are left out here, too.

        Args:
            data: a dataset, or where it is stored; by default the one that the run was made from.
            split: train, valid or test.
            reverse_complement: whether to average the predictions for both strands.
            shifts: whether to average, besides, those for the sequence shifted by so many bp, such
                as (-1, 1).
            progress: told how many regions are done, and of how many.

        Raises:
            DataError: the split has no regions, or a number of the coverage or the predictions is
                not finite.
            SettingsError: a shift is longer than the sequence.
        """
        dataset = self.dataset(data)
        averaging = views_of(dataset.length, reverse_complement=reverse_complement, shifts=shifts)
        part = dataset.split(split)
        sums = summed(self.model, part, averaging, self.config.settings, progress)
        where = str(dataset.path.resolve()) if dataset.path else dataset.name
        scores = score_tracks(sums, split=split, data=where)
        content = scores.to_dict() | {
            "fingerprint": dataset.fingerprint(),
            "margin": self.config.settings["margin"],
            "averaging": averaging.model_dump(mode="json"),
        }
        if not _same_scored(content, self.path):
            (self.path / REACH).unlink(missing_ok=True)
        sums.save(self.path / REGION_SUMS)
        save_table(track_table(sums, part.tracks), self.path / TRACKS, force=True)
        write_text(self.path / METRICS, json.dumps(content, indent=2) + "\n")
        return scores

    def evaluate_reach(
        self,
        distances: Sequence[int] | None = None,
        *,
        progress: Progress = lambda _done, _all: None,
    ) -> pd.DataFrame:
        """Score the last evaluation's regions again, with all that is far away masked.

        Where there is no evaluation, the test split is evaluated first. Writes reach.parquet.

        Args:
            distances: in bp; by default 0, a sixteenth of a region and its doubles, and everything.
            progress: told how many regions are done, of those of all distances.

        Returns:
            A row per distance and assay, as ``accuracy_against_reach`` gives them.

        Raises:
            DataError: the dataset scored last is not there or has changed.
            SettingsError: a distance is below 0.
        """
        data, metrics = self.scored()
        part = data.split(metrics["split"])
        block, settings = reach_blocks(part), self.config.settings
        table = accuracy_against_reach(
            predictor(self.model, part, Averaging(**metrics["averaging"])),
            part,
            reach_distances(part, block) if distances is None else distances,
            block=block,
            margin=settings["margin"],
            batch_size=settings["batch_size"],
            progress=progress,
        )
        save_table(table, self.path / REACH, force=True)
        return table

    def predict(
        self,
        data: Data = None,
        out: str | Path | None = None,
        **options: Any,  # noqa: ANN401 - passed on
    ) -> Predicted:
        """Predict coverage and write it; ``predict``, which this calls, tells of the options.

        Where there is no ``out``, predictions.zarr in the run folder is written.
        """
        replace = {"force": True} if out is None else {}
        return predict(self, out or self.path / PREDICTIONS, data=data, **options | replace)

    def explain(
        self,
        region: str,
        method: str = "mutagenesis",
        out: str | Path | None = None,
        **options: Any,  # noqa: ANN401 - passed on
    ) -> xr.Dataset:
        """Say which bases of a region a prediction depends on, as ``explain``, which this calls.

        Where there is no ``out``, METHOD.zarr in the run folder is written.
        """
        if out is None:
            out, options["force"] = self.path / f"{method}.zarr", True
        return explain(self, out, region, method, **options)

    def report(
        self,
        out: str | Path | None = None,
        *,
        force: bool = False,
        beside: "Beside | None" = None,
    ) -> Path:
        """Write a self-contained HTML page about the model, its scores and what it looked at.

        It shows the last evaluation; where there is none, the test split is evaluated first.

        Args:
            out: where to write; by default report.html in the run folder.
            force: replace ``out`` where it exists.
            beside: what is shown along the genome, beside coverage and attention.

        Raises:
            SettingsError: a stretch of ``beside`` is none.
            DataError: the dataset scored last is not there or has changed, ``out`` exists, or a
                file of ``beside`` cannot be read or has nothing of the dataset.
        """
        target = Path(out or self.path / REPORT)
        check_new(target, force=force or out is None)
        data, metrics = self.scored()
        from attendome.workflows.sequence.reporting import write  # which reads runs

        write(self, data, metrics, target, beside)
        return target


def _same_scored(metrics: Mapping[str, Any], folder: Path) -> bool:
    """Tell whether metrics.json is of the same regions and the same averaging as new scores."""
    try:
        last = json.loads((folder / METRICS).read_bytes())
        return all(last[key] == metrics[key] for key in ("fingerprint", "split", "averaging"))
    except (OSError, ValueError, LookupError, TypeError):
        return False
