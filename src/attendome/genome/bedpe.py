"""Pairs of intervals, from BEDPE files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from attendome.genome.tables import first_line
from attendome.genome.text import TextFormat, fault_of_interval, read_table

_INTERVALS: dict[str, Any] = {
    f"{name}{number}": kind
    for number in (1, 2)
    for name, kind in (("chrom", pl.String), ("start", pl.Int64), ("end", pl.Int64))
}
_NAMED: dict[str, Any] = {"name": pl.String, "score": pl.String}


def read_bedpe(path: Path) -> pd.DataFrame:
    """Read BEDPE, plain or .gz.

    Args:
        path: the file: six columns or more between tabs, as bedtools has them; the seventh is the
            name, the eighth the score.

    Returns:
        A row per pair: ``chrom1``, ``start1``, ``end1``, ``chrom2``, ``start2``, ``end2`` (0-based,
        half-open), ``name``, empty where there is none, and ``score``, NaN where there is none.
        There are no rows where the file has only headings.

    Raises:
        DataError: the file is missing, empty, damaged or malformed; the message names the line.
    """
    rows = list(read_table(path, _form({})))
    further: dict[str, Any] = {}
    if not rows or any(len(part) for part in rows):  # not only headings, as where no link is strong
        further = dict(list(_NAMED.items())[: first_line(path).count("\t") - 5])
        rows = list(read_table(path, _form(further)))
    table = pl.concat(rows)
    name, score = (pl.col(n) if n in further else pl.lit(None, pl.String) for n in _NAMED)
    return table.with_columns(
        name=name.fill_null(""), score=score.cast(pl.Float64, strict=False).fill_null(float("nan"))
    ).to_pandas()


def _form(further: Mapping[str, Any]) -> TextFormat:
    return TextFormat(
        name="BEDPE",
        columns={**_INTERVALS, **further},
        keep=[*_INTERVALS, *further],
        valid=(pl.col("start1") < pl.col("end1"))
        & (pl.col("start2") < pl.col("end2"))
        & (pl.min_horizontal("start1", "start2") >= 0),
        fault=_fault,
    )


def _fault(fields: Sequence[str]) -> str:
    if len(fields) < 6:
        return f"expected 6 columns or more between tabs, found {len(fields)}"
    return fault_of_interval(*fields[1:3]) or fault_of_interval(*fields[4:6])
