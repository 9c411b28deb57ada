"""Options of ``attendome build sequence``, some of which its neighbours have too."""

from pathlib import Path
from typing import Annotated

import typer

Genome = Annotated[
    Path,
    typer.Option(
        "--genome", metavar="FASTA", help="Plain, or .gz of bgzip or gzip.", show_default=False
    ),
]
Tracks = Annotated[
    Path,
    typer.Option(
        "--tracks",
        metavar="TABLE",
        help="A row per track (TSV or CSV): name, file (bigWig or bedGraph, relative to the table) "
        "and, where wanted, assay, description, sum_stat (sum, mean, max, sum_sqrt), clip_soft, "
        "clip, scale, strand_pair; or Basenji's targets.txt.",
        show_default=False,
    ),
]
Regions = Annotated[
    Path | None,
    typer.Option(
        "--regions", metavar="BED", help="Middles of the regions; default: tile the genome."
    ),
]
Length = Annotated[int, typer.Option("--length", metavar="BP", help="Length of a region, in bp.")]
Crop = Annotated[
    int,
    typer.Option(
        "--crop", metavar="BP", help="Cut off each side of a region before it is binned, in bp."
    ),
]
Stride = Annotated[
    int | None,
    typer.Option(
        "--stride",
        metavar="BP",
        help="From one region to the next, in bp; default: the length less the crop on both sides.",
    ),
]
Gaps = Annotated[
    Path | None,
    typer.Option("--gaps", metavar="BED", help="Stretches that no region may touch."),
]
Blacklist = Annotated[
    Path | None,
    typer.Option(
        "--blacklist", metavar="BED", help="Stretches where signal is at most the region's median."
    ),
]
Unmappable = Annotated[
    Path | None,
    typer.Option("--unmappable", metavar="BED", help="Stretches that reads cannot be mapped to."),
]
MaxUnmappable = Annotated[
    float,
    typer.Option(
        "--max-unmappable",
        metavar="SHARE",
        help="Leave out regions with a larger share of unmappable bins.",
    ),
]
SplitRule = Annotated[
    str,
    typer.Option(
        "--split",
        metavar="RULE",
        help="chromosome (or chromosome:valid=A,test=B), random blocks (random:seed=N, valid=, "
        "test=, block=BP), fold (fold:folds=8, valid=fold0, test=fold1, seed=, block=), or column: "
        "the fourth column of --regions. Options have commas between them, and no blanks.",
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        "--missing",
        metavar="median|zero",
        help="Bases without a value: the region's median (0 where most have none), or 0.",
    ),
]
Dtype = Annotated[
    str,
    typer.Option("--dtype", metavar="float16|float32", help="Number type of the coverage."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, help="Tracks at a time, each in a process; default: all processors."
    ),
]
WriteGenome = Annotated[
    Path | None,
    typer.Option(
        "--write-genome",
        metavar="DIR",
        help="Also write FASTA, bigWig files and their table there, for 'build sequence'.",
    ),
]
