"""Write values in bins of windows as tracks that a genome browser opens: bedGraph and bigWig."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Float, Int, Shaped

from attendome.errors import DataError
from attendome.genome.bigwig_writing import write_stretches
from attendome.genome.bins import BinGrid
from attendome.genome.text import FARTHEST, TextFormat, read_table

_APART = 40  # as a power of two: longer than any chromosome


def mean_over_windows(
    values: Float[np.ndarray, "window bin"],
    chrom: Shaped[np.ndarray, " window"],
    start: Int[np.ndarray, " window"],
    bin_size: int,
    lengths: Mapping[str, int],
) -> pl.DataFrame:
    """Lay windows over the genome; where several lie over a base, its value is their mean.

    Args:
        values: a value per bin, in genome order on both strands.
        chrom: name of each window's chromosome.
        start: first base of each window, in bp, 0-based; it may lie before the chromosome.
        bin_size: length of a bin, in bp.
        lengths: length of chromosomes, in bp, where known: windows are cut there, and at 0.

    Returns:
        A row per stretch of one value: ``chrom``, ``start`` and ``end`` (0-based, half-open) and
        ``value``, sorted by the name of the chromosome and by start. No two overlap.
    """
    names, number = np.unique(chrom, return_inverse=True)
    ends = np.array([lengths.get(str(name), FARTHEST) for name in names])
    edges = start[:, None] + np.arange(values.shape[1] + 1) * bin_size
    edges = np.clip(edges, 0, ends[number][:, None])
    places = np.unique((number[:, None] << _APART) + edges)
    on, place = places >> _APART, places & ((1 << _APART) - 1)
    same = on[1:] == on[:-1]
    on, first, behind = on[:-1][same], place[:-1][same], place[1:][same]
    grid = BinGrid(number, start, values.shape[1], bin_size)
    found = grid.overlaps(on, first, behind)
    count = np.bincount(found.interval, minlength=len(on))
    total = np.bincount(found.interval, values.reshape(-1)[found.cell], minlength=len(on))
    covered = count > 0
    return pl.DataFrame(
        {
            "chrom": names[on[covered]].astype(str),
            "start": first[covered],
            "end": behind[covered],
            "value": (total[covered] / count[covered]).astype(np.float32),
        }
    )


def write_bedgraph(rows: pl.DataFrame, path: Path, name: str, about: str) -> None:
    """Write a bedGraph file.

    Args:
        rows: what ``mean_over_windows`` gives.
        path: the file to make.
        name: what the browser calls the track.
        about: what it says about it.
    """
    name, about = (" ".join(text.replace('"', "'").split()) for text in (name, about))
    heading = f'track type=bedGraph name="{name}" description="{about}" visibility=full\n'
    table = rows.write_csv(include_header=False, separator="\t")
    path.write_text(heading + table, encoding="utf-8")


def write_bigwig(rows: pl.DataFrame, path: Path, lengths: Mapping[str, int]) -> None:
    """Write a bigWig file.

    Args:
        rows: what ``mean_over_windows`` gives.
        path: the file to make.
        lengths: length of each of its chromosomes, in bp.

    Raises:
        DataError: the file could not be written.
    """
    pieces = (
        (str(chrom), part["start"].to_numpy(), part["end"].to_numpy(), part["value"].to_numpy())
        for (chrom,), part in rows.group_by("chrom", maintain_order=True)
    )
    write_stretches(path, lengths, pieces)


def read_chromosome_sizes(path: Path) -> dict[str, int]:
    """Read names and lengths of chromosomes, as in UCSC's chrom.sizes or a FASTA index (.fai).

    Raises:
        DataError: the file is missing or empty, a line is malformed, or a chromosome has two
            lengths; the message names it.
    """
    sizes = dict[str, int]()
    for name, length in (row for rows in read_table(path, _SIZES) for row in rows.iter_rows()):
        if sizes.setdefault(name, length) != length:
            raise DataError(
                f"{path}: expected names and lengths of chromosomes, as in chrom.sizes or .fai; "
                f"found two lengths of {name}, {sizes[name]} and {length}."
            )
    if not sizes:
        raise DataError(f"{path}: expected names and lengths of chromosomes, found none.")
    return sizes


def _fault(fields: Sequence[str]) -> str:
    if len(fields) > 1 and fields[1].isdecimal() and 0 < int(fields[1]) <= FARTHEST:
        return ""
    return "expected the name and the length of a chromosome, in bp, between tabs"


_SIZES = TextFormat(
    name="a table of chromosome sizes",
    columns={"chrom": pl.String, "length": pl.Int64},
    keep=("chrom", "length"),
    valid=pl.col("length").is_between(1, FARTHEST),
    fault=_fault,
)
