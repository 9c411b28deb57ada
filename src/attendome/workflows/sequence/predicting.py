"""Predict the coverage of regions of a dataset, or along chromosomes, and write it to files."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendome import __version__
from attendome.config import validate
from attendome.errors import DataError, RunError, SettingsError
from attendome.genome.fasta import open_genome
from attendome.genome.files import sha256
from attendome.models.weights import WEIGHTS
from attendome.outputs import new_output
from attendome.training.sequence.inference import Averaging
from attendome.workflows.parts import Watch
from attendome.workflows.sequence.matching import Data
from attendome.workflows.sequence.prediction_files import Predictions, writer_for
from attendome.workflows.sequence.prediction_parts import Parts
from attendome.workflows.sequence.prediction_sources import (
    PredictionSettings,
    Source,
    regions_of,
    stretches_of,
)
from attendome.workflows.sequence.scoring import views_of

if TYPE_CHECKING:
    from attendome.workflows.sequence.run import SequenceRun


@dataclass(frozen=True)
class Predicted:
    """What was predicted.

    Attributes:
        path: where it stands.
        bins: number of bins.
        unknown: how many of them have no prediction, since all their bases are N.
        tracks: number of tracks.
    """

    path: Path
    bins: int
    unknown: int
    tracks: int


def predict(
    run: "SequenceRun",
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    data: Data = None,
    genome: str | Path | None = None,
    force: bool = False,
    watch: Watch = lambda _step: nullcontext(lambda _done, _all: None),
) -> Predicted:
    """Predict coverage and write it; what an interruption left is used, and the bytes are the same.

    Args:
        run: the run.
        out: a name ending in .parquet or .zarr, or one without an ending, for a folder of bigWig
            files.
        settings: those of ``PredictionSettings``, by name.
        data: a dataset, or where it is stored; by default the one that the run was made from.
        genome: a FASTA file to predict along, in place of a dataset.
        force: replace ``out`` where it exists.
        watch: told the name of each step, gives what is told how much of it is done.

    Raises:
        SettingsError: ``out`` has another ending, or a setting is unknown or does not fit.
        DataError: the dataset, the FASTA file or a stretch of it is not there or does not fit, all
            bases are N, or ``out`` exists.
        RunError: a prediction is not finite.
    """
    target, chosen = Path(out), validate(PredictionSettings, settings or {})
    write = writer_for(target, force=force)
    if genome is not None and data is not None:
        raise SettingsError("Predict the regions of a dataset, or along a genome: name one.")
    with _source(run, data, genome, chosen) as source:
        parts = Parts(target.with_name(f".{target.name}.parts"), source.windows)
        predictions = Predictions(parts, source, _about(run, source, chosen))
        try:
            unknown = _compute(run, predictions, chosen, watch)
            with watch("Writing") as progress, new_output(target, force=force) as made:
                write(made, predictions, progress)
        except KeyboardInterrupt as error:
            error.add_note("The same command, given again, goes on.")
            raise
        except RunError:
            shutil.rmtree(parts.folder)
            raise
    shutil.rmtree(parts.folder)
    return Predicted(target, parts.bins, unknown, len(source.windows.tracks))


@contextmanager
def _source(
    run: "SequenceRun", data: Data, genome: str | Path | None, settings: PredictionSettings
) -> Iterator[Source]:
    """Open where the sequences come from."""
    if genome is None:
        yield regions_of(run.dataset(data), run.description, settings)
        return
    with open_genome(Path(genome)) as opened:
        yield stretches_of(opened, run.description, settings)


def _compute(
    run: "SequenceRun", predictions: Predictions, settings: PredictionSettings, watch: Watch
) -> int:
    """Predict what is not there yet; give the number of bins without a prediction."""
    parts, source = predictions.parts, predictions.source
    averaging = _averaging(run, settings)
    batch_size = settings.batch_size or run.config.settings["batch_size"]
    about = {
        "model": run.description.model_dump(mode="json"),
        "tracks": source.windows.tracks.tolist(),
        "identity": source.identity,
    }
    parts.begin({**predictions.about, **about})
    with watch("Predicting") as progress:
        parts.complete(run.model, averaging, batch_size, source.read, progress)
    unknown = parts.unknown()
    if unknown == parts.bins:
        shutil.rmtree(parts.folder)
        raise DataError("All bases asked for are N; there is nothing to predict.")
    return unknown


def _averaging(run: "SequenceRun", settings: PredictionSettings) -> Averaging:
    strands = settings.reverse_complement
    return views_of(run.description.length, reverse_complement=strands, shifts=settings.shifts)


def _about(run: "SequenceRun", source: Source, settings: PredictionSettings) -> dict[str, Any]:
    """Say where predictions come from."""
    model, averaging = run.description, _averaging(run, settings)
    return {
        "predicted_by": model.model,
        "weights_sha256": sha256(run.path / WEIGHTS),
        "attendome_version": __version__,
        "bin_size": model.bin_size,
        "crop": model.crop,
        "averaging": averaging.model_dump(mode="json"),
        **source.about,
    }
