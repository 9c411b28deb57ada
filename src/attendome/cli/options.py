"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)]
NewDataset = Annotated[
    Path, typer.Argument(metavar="OUT.zarr", help="The dataset to make.", show_default=False)
]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DATA.zarr", help="A dataset; by default the run's own."),
]
OnlySplit = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only the genes of train, valid or test.")
]
OnlyGenes = Annotated[
    list[str] | None,
    typer.Option("--gene", metavar="NAME", help="Only this gene, by ID or name; may be repeated."),
]
NewFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The folder to make.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting; may be given several times."),
]
Split = Annotated[
    str,
    typer.Option(
        "--split",
        metavar="RULE",
        help="thirds, random[:seed=N,valid=.2,test=.2], chromosome:valid=chr8,test=chr1+chr2, or "
        "column:file=TABLE with the columns gene and split.",
    ),
]
Marks = Annotated[
    str | None,
    typer.Option(
        "--marks",
        metavar="A,B,...",
        help="Names of the marks, in the order of the columns or weights of the file; by default "
        "the published H3K27me3,H3K36me3,H3K4me1,H3K4me3,H3K9me3.",
    ),
]
CellType = Annotated[
    str, typer.Option("--cell-type", metavar="NAME", help="Name of the cell type; default: DIR's.")
]
BinSize = Annotated[
    int, typer.Option("--bin-size", metavar="BP", help="Length of a bin, in bp.", min=1)
]
Genes = Annotated[
    Path | None,
    typer.Option("--genes", metavar="GTF", help="Names and locations of the genes, plain or .gz."),
]
KeepFirst = Annotated[
    bool,
    typer.Option(
        "--keep-first",
        help="Where a gene stands several times in one file, keep its first copy; the published "
        "list of 19,802 genes names seven twice.",
    ),
]
Search = Annotated[
    int,
    typer.Option(
        "--search",
        metavar="N",
        help="Try N settings first and take those with the best validation score.",
        min=0,
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all random numbers.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace the output where it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
