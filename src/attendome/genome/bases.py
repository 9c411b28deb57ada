"""The value of each base of an interval, from a track: bigWig or bedGraph."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from attendome.errors import DataError
from attendome.genome.bedgraph import BEDGRAPH
from attendome.genome.bigwig import bigwig_lengths, open_bigwig
from attendome.genome.chromosomes import check_lengths, reconcile
from attendome.genome.files import kind_of
from attendome.genome.text import read_table

Reader = Callable[[str, int, int], Float[np.ndarray, " base"]]
"""Gives the values of an interval: chromosome, start and end, 0-based and half-open. NaN where the
track has none, as off the chromosome's ends."""


@dataclass(frozen=True)
class Track:
    """A track that is open.

    Attributes:
        read: gives the values of an interval.
        names: the genome's name of each of the file's chromosomes that is one of its.
    """

    read: Reader
    names: dict[str, str]


def check_track(path: Path, lengths: Mapping[str, int]) -> dict[str, str]:
    """Check, without reading it whole, that a file is a track of this genome.

    Args:
        path: the file.
        lengths: length of each chromosome of the genome, in bp.

    Returns:
        The genome's name of each of the file's chromosomes that is one of them; empty for bedGraph,
        which has to be read for that.

    Raises:
        DataError: it is none, or of another assembly.
    """
    kind = kind_of(path)
    if kind in ("BAM", "BED"):
        raise DataError(
            f"{path}: holds reads ({kind}); expected a track, bigWig or bedGraph. Make one of a "
            f"BAM file first: attendome coverage {path.name} {path.stem}.bw"
        )
    if kind != "bigWig":
        return {}
    theirs = bigwig_lengths(path)
    names = reconcile(theirs, lengths, str(path))
    check_lengths({ours: theirs[name] for name, ours in names.items()}, lengths, str(path))
    return names


@contextmanager
def open_track(path: Path, lengths: Mapping[str, int]) -> Iterator[Track]:
    """Open a track to read at any place.

    A bigWig file is read where it is asked for. A bedGraph file, in any order of lines, is read
    whole: it takes 12 bytes of memory a line.

    Args:
        path: the file.
        lengths: length of each chromosome of the genome, in bp.

    Raises:
        DataError: the file is damaged, malformed, or of another assembly.
    """
    names = check_track(path, lengths)
    if not names:
        lines = _Lines(path, lengths)
        yield Track(lines.read, lines.names)
        return
    theirs = {ours: name for name, ours in names.items()}
    with open_bigwig(path) as file:

        def read(chrom: str, start: int, end: int) -> Float[np.ndarray, " base"]:
            bases = np.full(end - start, np.nan)
            first, behind = max(start, 0), min(end, lengths[chrom])
            if chrom in theirs and first < behind:
                found = file.values(theirs[chrom], first, behind, fillna=None)
                bases[first - start : behind - start] = found
            return bases

        yield Track(read, names)


class _Lines:
    """A bedGraph file in memory, sorted."""

    def __init__(self, path: Path, lengths: Mapping[str, int]) -> None:
        parts: dict[str, list[tuple[Int[np.ndarray, " line"], ...]]] = {}
        for rows in read_table(path, BEDGRAPH):
            for (name,), part in rows.partition_by("chrom", as_dict=True).items():
                place = [part[column].to_numpy().astype(np.int32) for column in ("start", "end")]
                value = part["value"].to_numpy().astype(np.float32)
                parts.setdefault(str(name), []).append((*place, value))
        self.names = reconcile(parts, lengths, str(path))
        self._rows = {}
        for name, ours in self.names.items():
            start, end, value = (
                np.concatenate(column) for column in zip(*parts[name], strict=True)
            )
            order = np.argsort(start, kind="stable")
            self._rows[ours] = start[order], end[order], value[order]
            _check(path, ours, lengths[ours], start[order], end[order])

    def read(self, chrom: str, start: int, end: int) -> Float[np.ndarray, " base"]:
        bases = np.full(end - start, np.nan)
        if chrom not in self._rows:
            return bases
        begins, ends, values = self._rows[chrom]
        here = slice(np.searchsorted(ends, start, "right"), np.searchsorted(begins, end, "left"))
        first = np.maximum(begins[here] - start, 0)
        behind = np.minimum(ends[here] - start, len(bases))
        change = np.zeros(len(bases) + 1, dtype=np.int64)
        np.add.at(change, first, 1)
        np.add.at(change, behind, -1)
        covered = change[:-1].cumsum() > 0
        bases[covered] = np.repeat(values[here], behind - first)
        return bases


def _check(
    path: Path,
    chrom: str,
    length: int,
    start: Int[np.ndarray, " line"],
    end: Int[np.ndarray, " line"],
) -> None:
    if end.max() > length:
        raise DataError(
            f"{path}: {chrom} reaches to base {end.max():,} there, but is {length:,} bp long in "
            "the genome. Both must be of one assembly."
        )
    overlap = np.flatnonzero(start[1:] < end[:-1])
    if len(overlap):
        first = overlap[0]
        raise DataError(
            f"{path}: its intervals overlap, such as {chrom}:{start[first]}-{end[first]} and "
            f"{chrom}:{start[first + 1]}-{end[first + 1]}; in bedGraph each base has one value."
        )
