"""The command that predicts."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.options import Data, Force, RunFolder
from attendome.cli.runs import BothStrands, Shifts
from attendome.cli.sequence_runs import Views
from attendome.errors import SettingsError

if TYPE_CHECKING:
    from attendome.workflows.parts import Progress
    from attendome.workflows.sequence.predicting import Predicted


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command("predict")(predict)


Out = Annotated[
    Path,
    typer.Option(
        metavar="FILE|DIR",
        help="Of genes, a name ending in .tsv or .parquet. Of DNA, one in .parquet or .zarr, or a "
        "name without an ending, for a folder with a bigWig file per track.",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of DNA, only the regions of train, valid or test."),
]
Genome = Annotated[
    Path | None,
    typer.Option(metavar="FASTA", help="Predict along this genome, not the regions of a dataset."),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="CHROM[:START-END]",
        help="With --genome: only this chromosome or stretch, 0-based and half-open; may be "
        "repeated.",
    ),
]
Tracks = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help="Of DNA, only these tracks, by name or by assay."),
]
Stride = Annotated[
    int | None,
    typer.Option(
        metavar="BP",
        help="With --genome: how much of the middle of each window is kept; by default half of its "
        "sequence, or all that is predicted where that is less.",
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(metavar="N", help="Of DNA: windows at once; by default as in training.", min=1),
]


def predict(
    run: RunFolder,
    out: Out,
    data: Data = None,
    split: Split = None,
    genome: Genome = None,
    region: Regions = None,
    tracks: Tracks = None,
    stride: Stride = None,
    both_strands: BothStrands = False,
    shifts: Shifts = None,
    batch_size: BatchSize = None,
    force: Force = False,
) -> None:
    """Predict for each gene whether it is on, or its expression; from DNA, coverage in bins.

    From DNA: for the regions of a dataset, or along chromosomes, in windows that overlap and of
    which the middle is kept. What is interrupted goes on when the same command is given again.
    """
    from attendome.cli.progress import working
    from attendome.workflows.run import Run, open_run

    named = [name.strip() for name in tracks.split(",")] if tracks else []
    places = {"split": split, "regions": region or [], "tracks": named, "stride": stride}
    settings: dict[str, Any] = places | Views(both_strands, shifts).options()
    settings["batch_size"] = batch_size
    opened = open_run(run)
    if isinstance(opened, Run):
        if genome or any(settings.values()):
            raise SettingsError(
                f"{run}: {opened.config.model} reads histone marks, and its predictions take "
                "--data, --out and --force only; the other options are for models that read DNA."
            )
        table = opened.predict(data, out, force=force)
        display.say(f"Wrote {out}: {len(table)} genes.")
        return

    def watch(step: str) -> "AbstractContextManager[Progress]":
        return working(step, "done")

    _say(opened.predict(data, out, settings=settings, genome=genome, force=force, watch=watch))


def _say(made: "Predicted") -> None:
    display.say(f"Wrote {made.path}: {made.bins:,} bins × {made.tracks:,} tracks.")
    if made.unknown:
        display.say(f"Of {made.unknown:,} bins all bases are N; they have no prediction.")
