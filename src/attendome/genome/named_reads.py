"""Read BAM files for what tells the places of one read: its name, and the tag NH."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Int, UInt8, UInt64

from attendome.genome.bam import FIXED, int32, reference_span, walk_records

_MATE = 0xC0  # of a pair, the first or the second


@dataclass(frozen=True)
class NamedReads:
    """Some records of a BAM file.

    Attributes:
        chrom: number of the chromosome; −1 where there is none.
        start: first aligned base, 0-based, in bp; −1 where there is none.
        end: base behind the last aligned one, in bp.
        flag: the flags of SAM.
        mapq: mapping quality.
        key: a number for the name and which of a pair it is: the same for all places of a read.
            Of 100 million reads, two share one by chance in one file of 3,000.
        hits: how many places the aligner found, by the tag NH; 0 where it does not say.
        template: length of the fragment of a pair, in bp; 0 where it is not known.
    """

    chrom: Int[np.ndarray, " read"]
    start: Int[np.ndarray, " read"]
    end: Int[np.ndarray, " read"]
    flag: Int[np.ndarray, " read"]
    mapq: Int[np.ndarray, " read"]
    key: UInt64[np.ndarray, " read"]
    hits: Int[np.ndarray, " read"]
    template: Int[np.ndarray, " read"]


def read_named(path: Path) -> Iterator[NamedReads]:
    """Read the records of a BAM file piece by piece; it may be sorted or not, and needs no index.

    Raises:
        DataError: the file is damaged.
    """
    for (chrom, start, end, flag, mapq, hits, template), key in walk_records(path, _walk):
        yield NamedReads(chrom, start, end, flag, mapq, key, hits, np.abs(template))


@no_type_check  # compiled: it cannot be checked as it runs
@numba.njit(cache=True)
def _walk(
    content: UInt8[np.ndarray, " byte"], chromosomes: int
) -> tuple[Int[np.ndarray, "field read"], UInt64[np.ndarray, " read"], int]:
    """Step from record to record; give the fields of whole ones, and how many bytes they take.

    A record that is not possible makes that number −1.
    """
    most = len(content) // FIXED + 1
    fields, key = np.empty((7, most), np.int64), np.empty(most, np.uint64)
    count = place = 0
    while place + FIXED <= len(content):
        behind = place + 4 + int32(content, place)
        name, operations = place + FIXED, content[place + 16] | content[place + 17] << 8
        cigar = name + content[place + 12]
        letters = int32(content, place + 20)
        tags = cigar + 4 * operations + (letters + 1) // 2 + letters
        chrom, start = int32(content, place + 4), int32(content, place + 8)
        if letters < 0 or tags > behind or not -1 <= chrom < chromosomes or start < -1:
            return fields, key, -1
        if behind > len(content):
            break
        flag = content[place + 18] | content[place + 19] << 8
        fields[0, count] = chrom
        fields[1, count] = start
        fields[2, count] = start + reference_span(content, cigar, operations)
        fields[3, count] = flag
        fields[4, count] = content[place + 13]
        fields[5, count] = _hits(content, tags, behind)
        fields[6, count] = int32(content, place + 32)
        key[count] = _key(content, name, cigar, flag)
        count += 1
        place = behind
    return fields[:, :count], key[:count], place


@no_type_check
@numba.njit(cache=True)
def _key(content: UInt8[np.ndarray, " byte"], first: int, behind: int, flag: int) -> np.uint64:
    """Hash a name and the mate (FNV-1a, with the last step of MurmurHash3 to mix all bits)."""
    key = np.uint64(0xCBF29CE484222325)
    for place in range(first, behind):
        key = (key ^ np.uint64(content[place])) * np.uint64(0x100000001B3)
    key = (key ^ np.uint64(flag & _MATE)) * np.uint64(0x100000001B3)
    for factor in (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)):
        key = (key ^ key >> np.uint64(33)) * factor
    return key ^ key >> np.uint64(33)


@no_type_check
@numba.njit(cache=True)
def _hits(content: UInt8[np.ndarray, " byte"], place: int, behind: int) -> int:
    """Find the tag NH, a whole number; 0 where there is none."""
    while place + 4 <= behind:
        kind, value = content[place + 2], place + 3
        size = _size(content, kind, value, behind)
        if content[place] == ord("N") and content[place + 1] == ord("H"):
            hits = 0
            for byte in range(min(size, 4, behind - value)):
                hits |= np.int64(content[value + byte]) << 8 * byte
            return hits
        place = value + size
    return 0


@no_type_check
@numba.njit(cache=True)
def _size(content: UInt8[np.ndarray, " byte"], kind: int, value: int, behind: int) -> int:
    """Give the bytes of a tag's value."""
    if kind == ord("Z") or kind == ord("H"):
        end = value
        while end < behind and content[end] != 0:
            end += 1
        return end + 1 - value
    if kind == ord("B"):
        if value + 5 > behind:
            return behind - value
        return 5 + _bytes_of(content[value]) * max(int32(content, value + 1), 0)
    return _bytes_of(kind)


@no_type_check
@numba.njit(cache=True)
def _bytes_of(kind: int) -> int:
    if kind == ord("s") or kind == ord("S"):
        return 2
    return 4 if kind == ord("i") or kind == ord("I") or kind == ord("f") else 1
