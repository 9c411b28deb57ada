"""Options of ``attendome report`` for what is shown along the genome."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.errors import SettingsError

if TYPE_CHECKING:
    from attendome.workflows.run import Run
    from attendome.workflows.sequence.run import SequenceRun

Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="CHROM:START-END",
        help="Of a model that reads DNA, show the regions whose predicted bins overlap this "
        "stretch, 0-based and half-open; may be repeated. By default those that vary most.",
    ),
]
Genes = Annotated[
    Path | None,
    typer.Option(
        metavar="GTF",
        help="Also show the TSSs of genes there: GTF, GFF3, BED or a table, plain or .gz.",
    ),
]
Links = Annotated[
    Path | None,
    typer.Option(metavar="BEDPE", help="Also show links there, such as attendome links writes."),
]
Variants = Annotated[
    Path | None,
    typer.Option(
        metavar="TABLE", help="Also show effects of variants there: what attendome variants wrote."
    ),
]


def beside(
    run: "Run | SequenceRun",
    region: list[str] | None,
    genes: Path | None,
    links: Path | None,
    variants: Path | None,
) -> dict[str, Any]:
    """Give the options of the same task in Python.

    Raises:
        SettingsError: the run is of a model of histone marks, whose report has no such options.
    """
    from attendome.workflows.sequence.browsing import Beside
    from attendome.workflows.sequence.run import SequenceRun

    if not (region or genes or links or variants):
        return {}
    if not isinstance(run, SequenceRun):
        raise SettingsError(
            f"{run.path}: --region, --genes, --links and --variants are for models that read DNA; "
            f"{run.config.model} reads histone marks."
        )
    return {"beside": Beside(tuple(region or ()), genes, links, variants)}
