"""Sequenced reads: where each lies, from BAM, BED or tagAlign, in one pass."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from attendome.genome.bam import bam_lengths, read_alignments
from attendome.genome.text import INTERVAL, TextFormat, fault_of_interval, read_table

_REVERSE, _FAILED, _DUPLICATE = 0x10, 0x200, 0x400


@dataclass(frozen=True)
class Reads:
    """Some reads of a file.

    Coordinates are 0-based and half-open, from the first aligned base to the last: what a spliced
    read skips counts as part of it, as it does for ``bedtools multicov``.

    Attributes:
        chrom: number of each read's chromosome in ``names``.
        start: first base, in bp.
        end: base behind the last, in bp.
        reverse: whether the read lies on the minus strand.
        names: names of chromosomes.
        total: number of records read, those left out included.
        left_out: how many records were left out, by reason.
    """

    chrom: Int[np.ndarray, " read"]
    start: Int[np.ndarray, " read"]
    end: Int[np.ndarray, " read"]
    reverse: Bool[np.ndarray, " read"]
    names: list[str]
    total: int
    left_out: dict[str, int]


def read_bam(path: Path, *, min_mapq: int = 0, keep_duplicates: bool = False) -> Iterator[Reads]:
    """Read a BAM file, sorted or not; it needs no index.

    Left out are reads without a place, those that failed quality control, duplicates unless kept,
    and reads of a mapping quality below ``min_mapq``. An unmapped read that stands at the place of
    its mate is one base long, as for ``bedtools multicov``; its mapping quality is 0.

    Raises:
        DataError: the file is damaged.
    """
    names = list(bam_lengths(path))
    for records in read_alignments(path):
        flag = records.flag
        reasons = {
            "unmapped": (records.chrom < 0) | (records.start < 0),
            "no aligned base": records.end == records.start,
            "failed quality control": flag & _FAILED > 0,
            "duplicate": (flag & _DUPLICATE > 0) & (not keep_duplicates),
            f"mapping quality below {min_mapq}": records.mapq < min_mapq,
        }
        kept = np.ones(len(flag), dtype=bool)
        left_out = {}
        for reason, concerned in reasons.items():
            if count := int((kept & concerned).sum()):
                left_out[reason] = count
                kept &= ~concerned
        yield Reads(
            chrom=records.chrom[kept],
            start=records.start[kept],
            end=records.end[kept],
            reverse=flag[kept] & _REVERSE > 0,
            names=names,
            total=len(flag),
            left_out=left_out,
        )


def read_bed(path: Path, *, stranded: bool = False) -> Iterator[Reads]:
    """Read reads from BED with a strand, or tagAlign, plain or .gz, sorted or not.

    Args:
        path: the file.
        stranded: whether each read must have a strand; otherwise it may be a dot.

    Raises:
        DataError: the file is truncated or a line is malformed.
    """
    for rows in read_table(path, _bed("+-" if stranded else "+-.")):
        chrom = rows["chrom"]
        names = chrom.unique()
        place = np.zeros(int(names.to_physical().max() or 0) + 1, dtype=np.int64)  # type: ignore[arg-type]
        place[names.to_physical().to_numpy()] = np.arange(len(names))
        yield Reads(
            chrom=place[chrom.to_physical().to_numpy()],
            start=rows["start"].to_numpy(),
            end=rows["end"].to_numpy(),
            reverse=(rows["strand"] == "-").to_numpy(),
            names=names.to_list(),
            total=len(rows),
            left_out={},
        )


def _bed(strands: str) -> TextFormat:
    def wrong(fields: Sequence[str]) -> str:
        if len(fields) < 6:
            return (
                "expected 6 columns (chrom, start, end, name, score, strand) between tabs, found "
                f"{len(fields)}"
            )
        if fault := fault_of_interval(*fields[1:3]):
            return fault
        if fields[5] not in list(strands):
            return f"expected a strand out of {' '.join(strands)} in column 6, found {fields[5]!r}"
        return ""

    return TextFormat(
        name="BED or tagAlign",
        columns={
            "chrom": pl.Categorical,
            "start": pl.Int64,
            "end": pl.Int64,
            "name": pl.String,
            "score": pl.String,
            "strand": pl.Enum(list(strands)),
        },
        keep=("chrom", "start", "end", "strand"),
        valid=INTERVAL & pl.col("strand").is_not_null(),
        fault=wrong,
    )
