"""Summarise tracks, bigWig or bedGraph, in bins."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from jaxtyping import Float

from attendome.errors import DataError
from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import matching, reconcile
from attendome.genome.text import TextFormat, read_table

Summary = Literal["mean", "sum", "max"]


@dataclass(frozen=True)
class BinnedTrack:
    """A track, summed up in bins.

    Attributes:
        total: sum over the bases of each bin that the track covers.
        covered: number of those bases.
        highest: highest value among them; −inf where there are none.
        names: the genes' name of each of the file's chromosomes that is one of theirs.
    """

    total: Float[np.ndarray, "window bin"]
    covered: Float[np.ndarray, "window bin"]
    highest: Float[np.ndarray, "window bin"]
    names: dict[str, str]

    def summary(
        self, how: Summary, bin_size: int, *, fill: bool
    ) -> Float[np.ndarray, "window bin"]:
        """Give one value per bin.

        Args:
            how: the mean, sum or maximum over the bases of a bin.
            bin_size: length of a bin, in bp.
            fill: take bases that the track does not cover as 0; otherwise leave them out, and give
                NaN for a bin without any.
        """
        if how == "mean":
            divisor = np.full_like(self.covered, bin_size) if fill else self.covered
            values = np.divide(self.total, np.maximum(divisor, 1))
        elif how == "sum":
            values = self.total
        else:
            partly = self.covered < bin_size
            values = np.where(partly & fill, np.maximum(self.highest, 0), self.highest)
        return values if fill else np.where(self.covered > 0, values, np.nan)


def bigwig_lengths(path: Path) -> dict[str, int]:
    """Read the chromosomes of a bigWig file and their lengths in bp.

    Raises:
        DataError: the file is damaged.
    """
    with _opened(path) as file:
        return {str(name): int(size) for name, size in file.chroms().items()}


def bin_bigwig(
    path: Path,
    grid: BinGrid,
    chromosomes: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> BinnedTrack:
    """Sum up a bigWig file in bins; bases off a chromosome's end are not covered.

    Args:
        path: the file.
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        progress: called with the number of windows read since the last call.

    Raises:
        DataError: the file is damaged, or shares no chromosome with the grid.
    """
    lengths = bigwig_lengths(path)
    names = reconcile(lengths, chromosomes, str(path))
    theirs = {chromosomes.index(ours): name for name, ours in names.items()}
    total, covered, highest = _empty(grid)
    with _opened(path) as file:
        for window in np.lexsort((grid.start, grid.chrom)):
            name, start = theirs.get(int(grid.chrom[window])), int(grid.start[window])
            progress(1)
            if name is None:
                continue
            first, behind = max(start, 0), min(start + grid.window, lengths[name])
            bases = np.full(grid.window, np.nan)
            if first < behind:
                bases[first - start : behind - start] = _values(path, file, name, first, behind)
            cells = bases.reshape(grid.bins, grid.bin_size)
            present = ~np.isnan(cells)
            covered[window] = present.sum(axis=1)
            total[window] = cells.sum(axis=1, where=present)
            highest[window] = cells.max(axis=1, where=present, initial=-np.inf)
    return BinnedTrack(total, covered, highest, names)


def _opened(path: Path) -> Any:  # noqa: ANN401 - the library has no types
    import pybigtools

    try:
        return pybigtools.open(str(path))
    except (pybigtools.BBIReadError, ValueError, OSError) as error:
        raise _damaged(path, error) from error


def _values(
    path: Path,
    file: Any,  # noqa: ANN401 - the library has no types
    name: str,
    start: int,
    end: int,
) -> Float[np.ndarray, " position"]:
    import pybigtools

    try:
        values: np.ndarray[Any, np.dtype[np.float64]] = file.values(name, start, end, fillna=None)
    except (pybigtools.BBIReadError, OSError) as error:
        raise _damaged(path, error) from error
    return values


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: is not a whole bigWig file ({error}); copy or download it again.")


def bin_bedgraph(
    path: Path,
    grid: BinGrid,
    chromosomes: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> BinnedTrack:
    """Sum up a bedGraph file, plain or .gz, in any order, in bins.

    Args:
        path: the file.
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        progress: called with the number of lines read since the last call.

    Raises:
        DataError: a line is malformed, intervals overlap, or no chromosome is shared.
    """
    total, covered, highest = (values.reshape(-1) for values in _empty(grid))
    seen: dict[str, None] = {}
    for rows in read_table(path, _BEDGRAPH):
        seen |= dict.fromkeys(rows["chrom"].unique().to_list())
        numbers = {
            name: chromosomes.index(ours) for name, ours in matching(seen, chromosomes).items()
        }
        chrom = rows["chrom"].replace_strict(numbers, default=-1, return_dtype=pl.Int64).to_numpy()
        here = np.flatnonzero(chrom >= 0)
        start, end = (rows[column].to_numpy()[here] for column in ("start", "end"))
        here = here[near := grid.near(chrom[here], start, end)]
        found = grid.overlaps(chrom[here], start[near], end[near])
        value = rows["value"].to_numpy()[here][found.interval]
        np.add.at(total, found.cell, value * found.shared)
        np.add.at(covered, found.cell, found.shared)
        np.maximum.at(highest, found.cell, value)
        progress(len(rows))
    if (covered > grid.bin_size).any():
        raise DataError(f"{path}: its intervals overlap; in bedGraph each base has one value.")
    shape = (-1, grid.bins)
    names = reconcile(seen, chromosomes, str(path))
    return BinnedTrack(total.reshape(shape), covered.reshape(shape), highest.reshape(shape), names)


def _empty(grid: BinGrid) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
    shape = (len(grid.start), grid.bins)
    return np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)


def _fault_of_interval(fields: Sequence[str]) -> str:
    if len(fields) < 4:
        return f"expected 4 columns (chrom, start, end, value) between tabs, found {len(fields)}"
    start, end = fields[1:3]
    if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
        return f"expected a start below the end, both whole numbers, found {start} and {end}"
    try:
        finite = math.isfinite(float(fields[3]))
    except ValueError:
        finite = False
    return "" if finite else f"expected a finite value in column 4, found {fields[3]!r}"


_BEDGRAPH = TextFormat(
    name="bedGraph",
    columns={"chrom": pl.String, "start": pl.Int64, "end": pl.Int64, "value": pl.Float64},
    keep=("chrom", "start", "end", "value"),
    valid=pl.col("start").is_between(0, pl.col("end"), closed="left") & pl.col("value").is_finite(),
    fault=_fault_of_interval,
)
