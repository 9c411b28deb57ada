"""Commands that write what other programs read."""

from pathlib import Path
from typing import Annotated

import typer

from attendome.cli import display
from attendome.cli.options import Data, Force, NewFolder, OnlyGenes, OnlySplit, RunFolder

Track = Annotated[
    Path,
    typer.Argument(metavar="OUT.bw", help="A name ending in .bw or .bedgraph.", show_default=False),
]
Mark = Annotated[str, typer.Option(metavar="MARK", help="Which of the marks.", show_default=False)]
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="How the predictions are explained, such as alpha or occlusion."
    ),
]
ChromSizes = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Lengths of the chromosomes, as in chrom.sizes or .fai; by default those of the "
        "dataset's assembly, or of the genome.",
    ),
]
Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="Run folders, one per cell type.", show_default=False),
]
Folder = Annotated[
    Path, typer.Option(metavar="DIR", help="The folder to make.", show_default=False)
]
HeldOut = Annotated[
    str | None,
    typer.Option(
        metavar="MARK", help="A mark of the dataset that is no input of the model, beside α."
    ),
]
GenesOverRuns = Annotated[
    list[str] | None,
    typer.Option(
        "--gene",
        metavar="NAME",
        help="A gene, by ID or name, whose β is drawn over the runs; may be repeated.",
    ),
]
DataOfRuns = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DATA.zarr", help="The dataset of each run, in their order; by default its own."
    ),
]

Maps = Annotated[
    Path,
    typer.Argument(
        metavar="MAPS.zarr",
        help="What explain --region has written, of a model that reads DNA.",
        show_default=False,
    ),
]

exports = typer.Typer(no_args_is_help=True, help="Write what other programs read.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.add_typer(exports, name="export")


@exports.callback()
def _export() -> None:
    """Write what other programs read."""


@exports.command("attentivechrome")
def export_attentivechrome(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.zarr", help="The dataset.", show_default=False)
    ],
    out: NewFolder,
    force: Force = False,
) -> None:
    """Write train.csv, valid.csv and test.csv in AttentiveChrome's layout."""
    from attendome.workflows.exporting import export_attentivechrome as run_export

    dataset = run_export(data, out, force=force)
    order = "5'→3'" if dataset.oriented else "in genome order"
    genes, marks, bins = dataset.signal.shape
    display.say(f"Wrote {out}: {genes} genes × {marks} marks × {bins} bins.")
    display.say(f"Marks, in the order of the columns: {', '.join(dataset.marks)}.")
    display.say(f"The bins run {order}, as stored.")


@exports.command("tracks")
def export_tracks(
    run: RunFolder,
    out: Track,
    mark: Mark,
    method: Method = "attention",
    data: Data = None,
    split: OnlySplit = None,
    genes: OnlyGenes = None,
    chrom_sizes: ChromSizes = None,
    force: Force = False,
) -> None:
    """Write the importance of a mark in genome coordinates, for IGV or the UCSC browser.

    Maps that the run folder holds are used where they are of these genes; others are made. Where
    windows of several genes overlap, their mean is written.
    """
    from attendome.cli.progress import working
    from attendome.workflows.tracks import export_tracks as run_export

    with working(method, "genes") as progress:
        track = run_export(
            run,
            out,
            mark,
            method=method,
            data=data,
            split=split,
            genes=genes,
            chrom_sizes=chrom_sizes,
            force=force,
            progress=progress,
        )
    display.say(f"Wrote {out}: {mark} by {method} ({track.unit}); genes: {track.genes}.")
    if track.left_out:
        display.say(f"Left out, since their location is not known: {track.left_out} genes.")


@exports.command("figures")
def export_figures(
    runs: Runs,
    out: Folder,
    held_out: HeldOut = None,
    genes: GenesOverRuns = None,
    data: DataOfRuns = None,
    force: Force = False,
) -> None:
    """Draw what runs looked at in their test splits: figures for a paper, as PDF, SVG and PNG."""
    from attendome.cli.progress import working
    from attendome.workflows.drawing import export_figures as run_export

    with working("Figures", "figures") as progress:
        made = run_export(
            runs,
            out,
            held_out=held_out,
            genes=genes or (),
            data=data,
            force=force,
            progress=progress,
        )
    display.say(f"Wrote {out}: {', '.join(made.drawn)}, each as .pdf, .svg and .png.")
    for reason in made.left_out:
        display.say(f"Left out {reason}.")


@exports.command("importance")
def export_importance(
    maps: Maps,
    out: Track,
    track: Annotated[
        str, typer.Option(metavar="NAME", help="Which of the tracks.", show_default=False)
    ],
    chrom_sizes: ChromSizes = None,
    force: Force = False,
) -> None:
    """Write the importance of each base for a track, for IGV or the UCSC browser."""
    from attendome.workflows.sequence.exporting_maps import export_importance as run_export

    about = run_export(maps, out, track, chrom_sizes=chrom_sizes, force=force).attrs
    place = "{chrom}:{start}-{end}".format(**about)
    display.say(f"Wrote {out}: {track}, {place}: {about['summary']} ({about['unit']}).")


@exports.command("logos")
def export_logos(
    maps: Maps,
    out: NewFolder,
    track: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this track; may be repeated."),
    ] = None,
    force: Force = False,
) -> None:
    """Draw the importance of each base as a letter, as PDF, SVG and PNG."""
    from attendome.cli.progress import working
    from attendome.workflows.sequence.exporting_maps import export_logos as run_export

    with working("Logos", "figures") as progress:
        made = run_export(maps, out, tracks=track or (), force=force, progress=progress)
    display.say(f"Wrote {out}: {', '.join(made.drawn)}, each as .pdf, .svg and .png.")
