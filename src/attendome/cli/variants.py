"""The command that scores variants."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.options import Force, RunFolder, Set
from attendome.cli.progress import working
from attendome.cli.sequence_options import Genome
from attendome.cli.sequence_runs import Views
from attendome.config import parse_assignments

if TYPE_CHECKING:
    from attendome.workflows.parts import Progress
    from attendome.workflows.sequence.variants import ScoredFile

Vcf = Annotated[
    Path,
    typer.Option(
        "--vcf", metavar="FILE", help="VCF, plain or compressed, or BCF.", show_default=False
    ),
]
Out = Annotated[
    Path, typer.Option(metavar="FILE", help="A name ending in .tsv, .tsv.gz or .parquet.")
]
AnnotatedVcf = Annotated[
    Path | None,
    typer.Option(
        metavar="OUT.vcf.gz", help="Also write the variants as VCF, with a summary of the scores."
    ),
]
Genes = Annotated[
    Path | None,
    typer.Option(
        metavar="GTF",
        help="Genes, for the effect at their TSS: GTF, GFF3, BED or a table, plain or .gz.",
    ),
]
Tracks = Annotated[
    str | None,
    typer.Option(metavar="NAME,...", help="Only these tracks, by name or by assay; default: all."),
]
Flip = Annotated[
    bool,
    typer.Option(
        "--flip",
        help="Where not REF but ALT is what the genome has, swap the two; they are left out "
        "otherwise.",
    ),
]
Background = Annotated[
    int,
    typer.Option(
        metavar="N", help="Random variants that effects are held against; 0 for none.", min=0
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the random variants.", min=0)]
OneStrand = Annotated[
    bool,
    typer.Option(
        "--one-strand",
        help="Do not average the predictions for the sequence and its reverse complement, which "
        "halves the time.",
    ),
]
Shifts = Annotated[
    str | None,
    typer.Option(
        metavar="BP,BP,...",
        help="Average in the predictions for the sequence shifted by so many bp, such as -1,1.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Processes, each with a GPU of its own where there are several; default: this one.",
        min=1,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="A dask scheduler to use instead, such as tcp://node1:8786."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("variants")(variants)


def variants(
    run: RunFolder,
    vcf: Vcf,
    genome: Genome,
    out: Out,
    annotated: AnnotatedVcf = None,
    genes: Genes = None,
    tracks: Tracks = None,
    flip: Flip = False,
    background: Background = 1000,
    seed: Seed = 0,
    one_strand: OneStrand = False,
    shifts: Shifts = None,
    settings: Set = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    force: Force = False,
) -> None:
    """Predict what variants change in each track: around them, in the window, at genes.

    What cannot be scored is left out and listed in a file beside the table. The same command,
    given again, goes on where it was.
    """
    from attendome.workflows.sequence.variant_work import Where
    from attendome.workflows.sequence.variants import score_variants

    if workers and scheduler:
        raise typer.BadParameter("--workers and --scheduler do not go together.")
    chosen = {
        "averaging": _averaging(shifts, both_strands=not one_strand),
        "tracks": tuple(name.strip() for name in tracks.split(",")) if tracks else (),
        "flip": flip,
        "background": background,
        "seed": seed,
    }
    values, where = chosen | parse_assignments(settings or []), Where(workers, scheduler)
    options: dict[str, Any] = {"annotated": annotated, "genes": genes, "where": where}
    made = score_variants(run, vcf, genome, out, values, **options, force=force, watch=_working)
    _say(made)
    if annotated:
        display.say(f"Wrote {annotated}: the variants with a summary of the scores.")


def _averaging(shifts: str | None, *, both_strands: bool) -> dict[str, Any]:
    views = Views(both_strands, shifts).options()
    return views | {"shifts": (0, *(shift for shift in views["shifts"] if shift))}


def _working(step: str) -> "AbstractContextManager[Progress]":
    return working(step, "variants")


def _say(made: "ScoredFile") -> None:
    from attendome.workflows.sequence.variant_work import counted

    for note in made.notes:
        display.say(note)
    if made.left_out:
        total, reasons = sum(made.left_out.values()), counted(made.left_out)
        display.say(f"Left out {total:,} alleles, listed in {made.listed}: {reasons}.")
    display.say(f"Wrote {made.path}: {made.variants:,} variants × {made.tracks:,} tracks.")
