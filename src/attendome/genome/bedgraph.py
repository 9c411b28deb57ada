"""Sum up bedGraph files in bins."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Int

from attendome.errors import DataError
from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import reconcile
from attendome.genome.places import check_ends, known_ends, numbers
from attendome.genome.text import INTERVAL, TextFormat, fault_of_interval, read_table
from attendome.genome.tracks import BinnedTrack, empty_sums


def bin_bedgraph(
    path: Path,
    grid: BinGrid,
    chromosomes: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
    *,
    lengths: Mapping[str, int] | None = None,
) -> BinnedTrack:
    """Sum up a bedGraph file, plain or .gz, in any order, in bins.

    Args:
        path: the file.
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        progress: called with the number of lines read since the last call.
        lengths: length of chromosomes, in bp, by those names, where known.

    Raises:
        DataError: a line is malformed, intervals overlap or lie beyond their chromosome, or no
            chromosome is shared. In a file that is not sorted some overlaps are not noticed.
    """
    total, covered, highest = (values.reshape(-1) for values in empty_sums(grid))
    ends = known_ends(chromosomes, lengths or {})
    seen: dict[str, None] = {}
    for rows in read_table(path, BEDGRAPH):
        names = rows["chrom"].unique().to_list()
        seen |= dict.fromkeys(names)
        number = dict(zip(names, numbers(names, seen, chromosomes).tolist(), strict=True))
        chrom = rows["chrom"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
        start, end = rows["start"].to_numpy(), rows["end"].to_numpy()
        check_ends(path, chromosomes, ends, chrom, start, end)
        _check_apart(path, chrom, start, end)
        near = np.flatnonzero((chrom >= 0) & grid.near(chrom, start, end))
        found = grid.overlaps(chrom[near], start[near], end[near])
        value = rows["value"].to_numpy()[near][found.interval]
        np.add.at(total, found.cell, value * found.shared)
        np.add.at(covered, found.cell, found.shared)
        np.maximum.at(highest, found.cell, value)
        progress(len(rows))
    shape = (-1, grid.bins)
    return BinnedTrack(
        total.reshape(shape),
        covered.reshape(shape),
        highest.reshape(shape),
        reconcile(seen, chromosomes, str(path)),
    )


def _check_apart(
    path: Path,
    chrom: Int[np.ndarray, " interval"],
    start: Int[np.ndarray, " interval"],
    end: Int[np.ndarray, " interval"],
) -> None:
    order = np.lexsort((start, chrom))
    same = (chrom[order][1:] == chrom[order][:-1]) & (chrom[order][1:] >= 0)
    overlap = np.flatnonzero(same & (start[order][1:] < end[order][:-1]))
    if len(overlap):
        first, second = order[overlap[0]], order[overlap[0] + 1]
        raise DataError(
            f"{path}: its intervals overlap, such as {start[first]}-{end[first]} and "
            f"{start[second]}-{end[second]}; in bedGraph each base has one value."
        )


def _fault(fields: Sequence[str]) -> str:
    if len(fields) < 4:
        return f"expected 4 columns (chrom, start, end, value) between tabs, found {len(fields)}"
    if fault := fault_of_interval(*fields[1:3]):
        return fault
    try:
        finite = math.isfinite(float(fields[3]))
    except ValueError:
        finite = False
    return "" if finite else f"expected a finite value in column 4, found {fields[3]!r}"


BEDGRAPH = TextFormat(
    name="bedGraph",
    columns={"chrom": pl.String, "start": pl.Int64, "end": pl.Int64, "value": pl.Float64},
    keep=("chrom", "start", "end", "value"),
    valid=INTERVAL & pl.col("value").is_finite(),
    fault=_fault,
)
