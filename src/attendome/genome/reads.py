"""Sequenced reads: where each lies, from BAM, BED or tagAlign, in one pass."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Bool, Int

from attendome.errors import DataError
from attendome.genome.text import TextFormat, read_table

_REVERSE, _FAILED, _DUPLICATE = 0x10, 0x200, 0x400
_END_OF_BAM = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_FIELDS = ["rname", "pos", "end", "flag", "mapq"]


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


def bam_lengths(path: Path) -> dict[str, int]:
    """Read the chromosomes of a BAM file and their lengths in bp from its header.

    Raises:
        DataError: the file is cut short or damaged, or its header names no chromosome.
    """
    with path.open("rb") as file:
        file.seek(-min(len(_END_OF_BAM), path.stat().st_size), 2)
        whole = file.read() == _END_OF_BAM
    if not whole:
        raise DataError(f"{path}: is cut short (its end is missing); copy or download it again.")
    with _damage_noticed(path):
        sizes = {str(name): int(size) for name, size in _open_bam(path).chrom_sizes}
    if not sizes:
        raise DataError(f"{path}: its header names no chromosome (@SQ); align the reads again.")
    return sizes


def read_bam(path: Path, *, min_mapq: int = 0, keep_duplicates: bool = False) -> Iterator[Reads]:
    """Read a BAM file, sorted or not; it needs no index.

    Left out are reads without a place, those that failed quality control, duplicates unless kept,
    and reads of a mapping quality below ``min_mapq``. An unmapped read that stands at the place of
    its mate is one base long, as for ``bedtools multicov``; its mapping quality is 0.

    Raises:
        DataError: the file is damaged.
    """
    names = list(bam_lengths(path))
    batches = None
    while True:
        with _damage_noticed(path):
            batches = batches or iter(_open_bam(path).batches())
            batch = next(batches, None)
        if batch is None:
            return
        yield _sift(pl.DataFrame(batch), names, min_mapq, keep_duplicates=keep_duplicates)


def _open_bam(path: Path) -> Any:  # noqa: ANN401 - the library has no types
    import oxbow

    return oxbow.from_bam(str(path), fields=_FIELDS, coords="01")


@contextmanager
def _damage_noticed(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the library's own are no more precise than that
        raise DataError(
            f"{path}: is not a whole BAM file ({error}); copy or download it again."
        ) from error


def _sift(
    records: pl.DataFrame, names: list[str], min_mapq: int, *, keep_duplicates: bool
) -> Reads:
    flag, mapq = records["flag"].to_numpy(), records["mapq"].to_numpy()
    placed = (records["rname"].is_not_null() & records["pos"].is_not_null()).to_numpy()
    reasons = {
        "unmapped": ~placed,
        "failed quality control": flag & _FAILED > 0,
        "duplicate": (flag & _DUPLICATE > 0) & (not keep_duplicates),
        f"mapping quality below {min_mapq}": mapq < min_mapq,
    }
    kept = np.ones(len(records), dtype=bool)
    left_out = {}
    for reason, concerned in reasons.items():
        left_out[reason] = int((kept & concerned).sum())
        kept &= ~concerned
    chosen = records.filter(kept)
    number = chosen["rname"].cast(pl.Enum(names)).to_physical()
    return Reads(
        chrom=number.to_numpy().astype(np.int64),
        start=chosen["pos"].to_numpy().astype(np.int64),
        end=chosen["end"].to_numpy().astype(np.int64),
        reverse=chosen["flag"].to_numpy() & _REVERSE > 0,
        names=names,
        total=len(records),
        left_out={reason: count for reason, count in left_out.items() if count},
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
    def fault(fields: Sequence[str]) -> str:
        if len(fields) < 6:
            return (
                "expected 6 columns (chrom, start, end, name, score, strand) between tabs, found "
                f"{len(fields)}"
            )
        start, end = fields[1:3]
        if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
            return f"expected a start below the end, both whole numbers, found {start} and {end}"
        if fields[5] not in strands:
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
        valid=pl.col("start").is_between(0, pl.col("end"), closed="left")
        & pl.col("strand").is_not_null(),
        fault=fault,
    )
