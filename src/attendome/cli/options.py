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
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of all random numbers.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace the output where it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
