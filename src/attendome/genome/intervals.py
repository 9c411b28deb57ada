"""Intervals of a genome, from BED files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from jaxtyping import Int, Shaped

from attendome.errors import DataError
from attendome.genome.chromosomes import reconcile
from attendome.genome.tables import first_line
from attendome.genome.text import INTERVAL, TextFormat, fault_of_interval, read_table


def read_intervals(
    path: Path, lengths: Mapping[str, int], *, elsewhere: bool = False
) -> pd.DataFrame:
    """Read a BED file, plain or .gz; its chromosomes may have other names, such as 1 for chr1.

    Args:
        path: the file: three columns or more (chrom, start, end), between tabs.
        lengths: length of each chromosome of the genome, in bp.
        elsewhere: also give the intervals on other chromosomes, with an empty ``chrom``.

    Returns:
        A row per interval on these chromosomes, in the order of the file: ``chrom`` as the genome
        has it, ``start``, ``end`` (0-based, half-open), and ``name``, the fourth column, empty
        where there is none.

    Raises:
        DataError: the file is missing, empty or malformed, an interval lies beyond the end of its
            chromosome, or none is on a chromosome of the genome.
    """
    named = first_line(path).count("\t") >= 3
    form = TextFormat(
        name="BED",
        columns={"chrom": pl.String, "start": pl.Int64, "end": pl.Int64}
        | ({"name": pl.String} if named else {}),
        keep=("chrom", "start", "end", *(("name",) if named else ())),
        valid=INTERVAL,
        fault=_fault,
    )
    table = pl.concat(list(read_table(path, form))).to_pandas()
    if not named:
        table["name"] = ""
    names = reconcile(table["chrom"].unique(), lengths, str(path))
    found = table.assign(chrom=table["chrom"].map(names)).fillna({"chrom": "", "name": ""})
    found = found if elsewhere else found[found["chrom"] != ""]
    beyond = found["end"] > found["chrom"].map(lengths)
    if beyond.any():
        first = found[beyond].iloc[0]
        raise DataError(
            f"{path}: {first['chrom']}:{first['start']}-{first['end']} lies beyond the end of "
            f"{first['chrom']}, which is {lengths[first['chrom']]:,} bp long. Both must be of one "
            "assembly."
        )
    return found.reset_index(drop=True)


def clusters(
    chrom: Shaped[np.ndarray, " interval"],
    start: Int[np.ndarray, " interval"],
    end: Int[np.ndarray, " interval"],
) -> Int[np.ndarray, " interval"]:
    """Number intervals such that those that overlap, directly or through others, have one number.

    Numbers go up along each chromosome. Intervals are 0-based and half-open; those that only touch
    do not overlap.

    >>> chrom = np.array(["chr1"] * 4)
    >>> clusters(chrom, np.array([0, 30, 8, 10]), np.array([9, 40, 12, 20])).tolist()
    [0, 1, 0, 0]
    """
    order = np.lexsort((start, chrom))
    table = pd.DataFrame({"chrom": chrom[order], "end": end[order]})
    reached = table.groupby("chrom", sort=False)["end"].cummax().to_numpy()
    fresh = np.ones(len(order), dtype=bool)
    apart = (chrom[order][1:] != chrom[order][:-1]) | (start[order][1:] >= reached[:-1])
    fresh[1:] = apart
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = fresh.cumsum() - 1
    return numbers


def merged(intervals: pd.DataFrame) -> pd.DataFrame:
    """Join intervals that overlap.

    Args:
        intervals: a row per interval: ``chrom``, ``start``, ``end``.

    Returns:
        The same columns, sorted within each chromosome; no two rows overlap.
    """
    columns = (intervals[name].to_numpy() for name in ("chrom", "start", "end"))
    groups = intervals.groupby(clusters(*columns))
    return groups.agg({"chrom": "first", "start": "min", "end": "max"})


def _fault(fields: Sequence[str]) -> str:
    if len(fields) < 3:
        return f"expected 3 columns (chrom, start, end) between tabs, found {len(fields)}"
    return fault_of_interval(*fields[1:3])
