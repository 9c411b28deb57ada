"""The command that makes coverage tracks from reads."""

from pathlib import Path
from typing import Annotated

import typer

from attendome.cli import display
from attendome.cli.options import Force
from attendome.cli.progress import adding_up

Reads = Annotated[
    Path,
    typer.Argument(metavar="READS.bam", help="Aligned reads, sorted or not.", show_default=False),
]
Out = Annotated[
    Path, typer.Argument(metavar="OUT.bw", help="The track to make.", show_default=False)
]
Assay = Annotated[
    str | None,
    typer.Option(
        metavar="CAGE|DNASE|ATAC|CHIP",
        help="Where the event of a read lies: its 5' end (CAGE, of pairs the first read only; "
        "DNASE), 4 bp downstream (ATAC), the centre of the fragment, or 100 bp downstream of "
        "single reads (CHIP). By default the 5' end of every read.",
    ),
]
Shift = Annotated[
    int | None,
    typer.Option(metavar="BP", help="Distance of the event from the 5' end, downstream, instead."),
]
Multimap = Annotated[
    str,
    typer.Option(
        metavar="em|equal|unique|each",
        help="A read with several places (records of one name) counts at each by the coverage "
        "around, in equal parts, or not at all; each takes every record for a read.",
    ),
]
GcCorrect = Annotated[
    Path | None,
    typer.Option(
        metavar="FASTA", help="Correct for the share of G and C around; the genome, plain or .gz."
    ),
]
Strands = Annotated[
    bool, typer.Option("--strands", help="Make OUT.plus.bw and OUT.minus.bw instead of OUT.bw.")
]
Clip = Annotated[
    float | None, typer.Option(metavar="N", help="Set the values of bases above N to N.")
]
AsPublished = Annotated[
    bool,
    typer.Option(
        "--as-published", help="Correct for G and C with the faults of Basenji's bam_cov.py."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("coverage")(coverage)


def coverage(
    reads: Reads,
    out: Out,
    assay: Assay = None,
    shift: Shift = None,
    multimap: Multimap = "em",
    gc_correct: GcCorrect = None,
    strands: Strands = False,
    clip: Clip = None,
    as_published: AsPublished = False,
    force: Force = False,
) -> None:
    """Make a coverage track: how many reads tell of each base of the genome, by their 5' ends.

    Each read counts 1, also where it has several places.
    """
    given = {
        "assay": assay,
        "shift": shift,
        "multimap": multimap,
        "gc_correct": gc_correct,
        "strands": strands,
        "clip": clip,
        "as_published": as_published,
    }
    from attendome.workflows.covering import coverage as make_coverage

    with adding_up("Looking into the file") as progress:
        made = make_coverage(reads, out, given, force=force, progress=progress)
    for reason, count in made.left_out.items():
        display.say(f"Left out {count:,} of {made.records:,} records: {reason}.")
    for note in made.notes:
        display.say(note)
    display.say(f"{made.unique:,} reads with one place, {made.shared:,} with several.")
    for file, total in zip(made.files, made.total, strict=True):
        display.say(f"Wrote {file}: coverage of {total:,.0f} in all.")
