"""Options of ``attendome build chromatin``, some of which imports have too."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path,
    typer.Argument(
        metavar="OUT.zarr",
        help="The dataset to make; with --samplesheet, a folder for the datasets.",
        show_default=False,
    ),
]
Annotation = Annotated[
    Path | None,
    typer.Option(
        "--genes",
        metavar="FILE",
        help="Annotation, plain or .gz: GTF, GFF3, BED with gene IDs and strands, or a table with "
        "the columns gene, chrom, strand and tss (0-based), or start and end.",
    ),
]
Signal = Annotated[
    list[str] | None,
    typer.Option(
        "--signal",
        metavar="MARK=FILE[,FILE]",
        help="The files of a mark, added up: BAM, BED with a strand, tagAlign; or bigWig, "
        "bedGraph. Once for each mark.",
    ),
]
Control = Annotated[
    list[Path] | None,
    typer.Option(
        "--control",
        metavar="FILE",
        help="Reads of the control (input): subtracted after scaling to each mark's depth; what "
        "is then below 0 becomes 0.",
    ),
]
Expression = Annotated[
    Path | None,
    typer.Option(
        "--expression",
        metavar="TABLE",
        help="Expression by gene ID: TSV, CSV or Parquet, such as the tables of REMC, "
        "featureCounts, Salmon and kallisto.",
    ),
]
Column = Annotated[
    str,
    typer.Option(
        "--column",
        metavar="NAME",
        help="Column of that table; default: the one named as the cell type, or the only one.",
    ),
]
Samplesheet = Annotated[
    Path | None,
    typer.Option(
        "--samplesheet",
        metavar="SHEET",
        help="Many cell types at once: TSV or CSV with the columns cell_type, mark (control for "
        "the control), file (and genes, expression, column), or YAML. The same command goes on "
        "where it was stopped.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Datasets of a samplesheet at a time; default: all processors."
    ),
]
CellTypeOfOut = Annotated[
    str,
    typer.Option("--cell-type", metavar="NAME", help="Name of the cell type; default: OUT's."),
]
Window = Annotated[
    int, typer.Option("--window", metavar="BP", help="Length of the window around each TSS, in bp.")
]
Oriented = Annotated[
    bool,
    typer.Option(
        "--oriented/--genome-order",
        help="Bins run 5'→3' on both strands, or in the order of the genome.",
    ),
]
LabelRule = Annotated[
    str,
    typer.Option(
        "--label-rule",
        metavar="RULE",
        help="A gene is on where its expression is above: median, zero, or threshold=NUMBER.",
    ),
]
GeneType = Annotated[
    str,
    typer.Option("--gene-type", metavar="TYPE", help="Type of the genes to take; all takes all."),
]
Feature = Annotated[
    str,
    typer.Option(
        "--feature", metavar="gene|transcript", help="Lines of the annotation to take as genes."
    ),
]
Assembly = Annotated[
    str,
    typer.Option(
        "--assembly",
        metavar="NAME",
        help="Such as hg38; by default found from the lengths of the chromosomes.",
    ),
]
FivePrime = Annotated[bool, typer.Option("--five-prime", help="Count reads at their 5' end only.")]
Extend = Annotated[
    int,
    typer.Option("--extend", metavar="BP", help="Count reads as fragments of this length, in bp."),
]
MinMapq = Annotated[
    int,
    typer.Option(
        "--min-mapq", metavar="N", help="Leave out reads of a lower mapping quality; BAM only."
    ),
]
KeepDuplicates = Annotated[
    bool, typer.Option("--keep-duplicates", help="Count reads that are marked as duplicates.")
]
Summary = Annotated[
    str,
    typer.Option("--summary", metavar="mean|sum|max", help="What a bin of a track gets."),
]
Missing = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="zero|nan|drop",
        help="Bases that a track does not cover: 0; NaN in bins without any other; or leave out "
        "the genes with such a bin.",
    ),
]


def check_column(column: str, expression: Path | None) -> None:
    """Check that a column is named only of a table that is given.

    Raises:
        typer.BadParameter: there is no table.
    """
    if column and not expression:
        raise typer.BadParameter("--column names a column of --expression, which is needed then.")
