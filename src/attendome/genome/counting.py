"""Count reads in bins, as ``bedtools multicov`` does, in one pass over the reads."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from pydantic import Field, model_validator

from attendome.config import Settings
from attendome.errors import DataError, SettingsError
from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import reconcile
from attendome.genome.places import check_ends, known_ends, numbers
from attendome.genome.reads import Reads, read_bam, read_bed


class CountingRule(Settings):
    """Which reads count, and where. The default is the rule of ``bedtools multicov``."""

    five_prime: bool = False
    """Count a read only in the bin of its 5' end."""
    extend: int = Field(default=0, ge=0)
    """Take each read as a fragment of this length, in bp, from its 5' end; 0 = the read itself."""
    min_mapq: int = Field(default=0, ge=0, le=255)
    """Leave out reads of a lower mapping quality."""
    keep_duplicates: bool = False
    """Count the reads that are marked as duplicates."""

    @model_validator(mode="after")
    def _one_position(self) -> "CountingRule":
        if self.five_prime and self.extend:
            raise ValueError("a read is either its 5' end or extended; give one of the two")
        return self

    @property
    def stranded(self) -> bool:
        """Whether the strand of a read decides where it counts."""
        return self.five_prime or self.extend > 0


@dataclass(frozen=True)
class ReadCounts:
    """The reads of one file, counted.

    Attributes:
        counts: reads that overlap each bin.
        reads: number of records in the file.
        used: number of reads that counted towards the depth, in a window or not.
        in_windows: number of those that overlap a window.
        left_out: number of records left out, by reason.
        names: the genes' name of each of the file's chromosomes that is one of theirs.
    """

    counts: Float[np.ndarray, "window bin"]
    reads: int
    used: int
    in_windows: int
    left_out: dict[str, int]
    names: dict[str, str]


def count_reads(
    path: Path,
    kind: str,
    grid: BinGrid,
    chromosomes: Sequence[str],
    rule: CountingRule,
    *,
    lengths: Mapping[str, int] | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ReadCounts:
    """Count a file's reads in bins: a read counts once in every bin that it overlaps.

    One pass over a file in any order; no index; memory does not depend on the number of reads.

    Args:
        path: the file.
        kind: "BAM" or "BED".
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        rule: which reads count, and where.
        lengths: length of chromosomes, in bp, by those names, where known.
        progress: called with the number of records read since the last call.

    Raises:
        SettingsError: the rule asks for what the file does not have.
        DataError: the file is damaged, malformed, of another assembly, or shares no chromosome.
    """
    ends = known_ends(chromosomes, lengths or {})
    counts = np.zeros(grid.cells, dtype=np.int64)
    seen: dict[str, None] = {}
    left_out: Counter[str] = Counter()
    total = used = in_windows = 0
    for reads in _batches(path, kind, rule):
        seen |= dict.fromkeys(reads.names)
        chrom = numbers(reads.names, seen, chromosomes)[reads.chrom]
        check_ends(path, chromosomes, ends, chrom, reads.start, reads.end)
        start, end = _position(rule, reads, ends[chrom])
        near = (chrom >= 0) & grid.near(chrom, start, end)
        found = grid.overlaps(chrom[near], start[near], end[near])
        np.add.at(counts, found.cell, 1)
        in_windows += len(np.unique(found.interval))
        left_out.update(reads.left_out)
        total += reads.total
        used += len(reads.chrom)
        progress(reads.total)
    if not total:
        raise DataError(f"{path}: holds no reads.")
    return ReadCounts(
        counts=counts.reshape(-1, grid.bins).astype(np.float64),
        reads=total,
        used=used,
        in_windows=in_windows,
        left_out=dict(left_out),
        names=reconcile(seen, chromosomes, str(path)),
    )


def _batches(path: Path, kind: str, rule: CountingRule) -> Iterator[Reads]:
    if kind == "BAM":
        return read_bam(path, min_mapq=rule.min_mapq, keep_duplicates=rule.keep_duplicates)
    check_quality(path, kind, rule)
    return read_bed(path, stranded=rule.stranded)


def check_quality(path: Path, kind: str, rule: CountingRule) -> None:
    """Check that a file has the mapping qualities that a rule asks for.

    Raises:
        SettingsError: it has none.
    """
    if kind == "BED" and rule.min_mapq:
        raise SettingsError(
            f"{path}: BED and tagAlign have no mapping quality; leave out --min-mapq (in Python "
            "min_mapq), or give BAM."
        )


def _position(
    rule: CountingRule, reads: Reads, length: Int[np.ndarray, " read"]
) -> tuple[Int[np.ndarray, " read"], Int[np.ndarray, " read"]]:
    """Give the stretch in which a read counts: the read, its 5' end, or its fragment."""
    if not rule.stranded:
        return reads.start, reads.end
    bases = 1 if rule.five_prime else rule.extend
    start = np.where(reads.reverse, np.maximum(reads.end - bases, 0), reads.start)
    return start, np.where(reads.reverse, reads.end, np.minimum(start + bases, length))
