"""The command that links bins with the bins that their prediction looks at."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.options import Data, Force, RunFolder, Set
from attendome.config import parse_assignments

if TYPE_CHECKING:
    from attendome.workflows.sequence.linking import Linked

Out = Annotated[
    list[Path],
    typer.Option(
        metavar="FILE|DIR",
        help="A name ending in .zarr, for maps, or in .bedpe or .interact, for the strongest links "
        "as arcs in IGV or UCSC's browser, or without an ending, for a folder of figures; may be "
        "repeated.",
    ),
]
Method = Annotated[
    str, typer.Option(metavar="NAME", help="What a link is: attention, gradients or masking.")
]
Split = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only the regions of train, valid or test.")
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="CHROM[:START-END]",
        help="Only the regions that overlap this stretch, 0-based and half-open; may be repeated.",
    ),
]
Genes = Annotated[
    Path | None,
    typer.Option(
        metavar="GTF",
        help="Genes whose TSSs are linked: GTF, GFF3, BED or a table, plain or .gz; by default "
        "peaks of the prediction are.",
    ),
]
Targets = Annotated[
    str,
    typer.Option(
        metavar="N|all",
        help="Without --genes: link the N highest peaks of the prediction of each region, or, with "
        "attention, all bins.",
    ),
]
Tracks = Annotated[
    str | None,
    typer.Option(
        "--tracks",
        metavar="A,B,...",
        help="Tracks whose coverage is explained, added up, by name or by assay; default: all.",
    ),
]
Heads = Annotated[
    bool, typer.Option("--heads", help="Keep the attention of each head in the maps, too.")
]
OneStrand = Annotated[
    bool,
    typer.Option(
        "--one-strand", help="Do not average over the sequence and its reverse complement."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command("links")(links)


def links(
    run: RunFolder,
    out: Out,
    data: Data = None,
    method: Method = "attention",
    split: Split = None,
    region: Regions = None,
    genes: Genes = None,
    targets: Targets = "8",
    track: Tracks = None,
    heads: Heads = False,
    one_strand: OneStrand = False,
    settings: Set = None,
    force: Force = False,
) -> None:
    """Say which distant bins a prediction looks at, by attention, gradients, or masking them.

    The targets are the bins of TSSs, or peaks of the prediction; the sources are all bins of their
    region.
    """
    from attendome.cli.progress import working
    from attendome.workflows.sequence.linking import link

    chosen: dict[str, Any] = {
        "method": method,
        "split": split,
        "regions": region or [],
        "targets": _wanted(targets),
        "tracks": [name.strip() for name in track.split(",")] if track else [],
        "heads": heads,
        "reverse_complement": not one_strand,
    }

    made = link(
        run,
        out,
        chosen | parse_assignments(settings or []),
        data=data,
        genes=genes,
        force=force,
        watch=lambda step: working(step, "done"),
    )
    _say(made, out)


def _wanted(targets: str) -> int | str:
    if targets != "all" and not targets.isdecimal():
        raise typer.BadParameter(f"expected a number, or all, for --targets, found {targets!r}")
    return targets if targets == "all" else int(targets)


def _say(made: "Linked", out: list[Path]) -> None:
    display.say(
        f"{len(made.targets):,} targets; {len(made.strongest):,} links of at least "
        f"{made.threshold:.3g} ({made.unit})."
    )
    for path in out:
        display.say(f"Wrote {path}.")
