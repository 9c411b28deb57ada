"""Read BAM files fast, for nothing but where each read lies, its flag and its mapping quality.

The format is that of SAMv1, section 4.2. Libraries give an object or a table row with all fields of
a read; benchmarks/read_counting.py shows what that costs.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, no_type_check

import numba
import numpy as np
from isal import igzip_threaded
from jaxtyping import Int, UInt8, UInt16

from attendome.errors import DataError
from attendome.genome.text import DAMAGE

_END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_PIECE = 16 << 20
_UNMAPPED = 0x4
FIXED = 36
"""Bytes of a record before its name, its own length included."""


@dataclass(frozen=True)
class Alignments:
    """Some records of a BAM file.

    Attributes:
        chrom: number of the chromosome; −1 where there is none.
        start: first aligned base, 0-based, in bp; −1 where there is none.
        end: base behind the last aligned one; what the read skips or deletes lies inside. A record
            that is unmapped, or has no CIGAR, is one base long; one whose CIGAR holds no base of
            the reference is empty.
        flag: the flags of SAM.
        mapq: mapping quality.
    """

    chrom: Int[np.ndarray, " read"]
    start: Int[np.ndarray, " read"]
    end: Int[np.ndarray, " read"]
    flag: UInt16[np.ndarray, " read"]
    mapq: UInt8[np.ndarray, " read"]


def bam_lengths(path: Path) -> dict[str, int]:
    """Read the chromosomes of a BAM file and their lengths in bp from its header.

    Raises:
        DataError: the file is cut short or damaged, or its header names no chromosome.
    """
    with path.open("rb") as file:
        file.seek(-min(len(_END_OF_FILE), path.stat().st_size), 2)
        whole = file.read() == _END_OF_FILE
    if not whole:
        raise DataError(f"{path}: is cut short (its end is missing); copy or download it again.")
    with _opened(path) as stream:
        sizes = _read_header(stream)
    if not sizes:
        raise DataError(f"{path}: its header names no chromosome (@SQ); align the reads again.")
    return sizes


def read_alignments(path: Path) -> Iterator[Alignments]:
    """Read the records of a BAM file piece by piece; it may be sorted or not, and needs no index.

    Raises:
        DataError: the file is damaged.
    """
    for ((chrom, start, end, flag, mapq),) in walk_records(path, _walk):
        yield Alignments(chrom, start, end, flag.astype(np.uint16), mapq.astype(np.uint8))


def walk_records(path: Path, walk: Callable[..., Any]) -> Iterator[list[Any]]:
    """Step through the records of a BAM file piece by piece.

    Args:
        path: the file.
        walk: takes unpacked bytes and the number of chromosomes; gives what it makes of the whole
            records, and at last how many bytes these take, or −1 where one is not possible.

    Returns:
        What ``walk`` makes of each piece.

    Raises:
        DataError: the file is damaged.
    """
    with _opened(path) as stream:
        chromosomes = len(_read_header(stream))
        rest = b""
        while piece := stream.read(_PIECE):
            content = rest + piece
            *made, used = walk(np.frombuffer(content, np.uint8), chromosomes)
            if used < 0:
                raise ValueError("a record is not possible")
            rest = content[used:]
            yield made
        if rest:
            raise EOFError("the last record is not whole")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with igzip_threaded.open(path, "rb", threads=1) as stream:
            yield stream
    except (*DAMAGE, ValueError, struct.error) as error:
        raise DataError(
            f"{path}: is not a whole BAM file ({error}); copy or download it again."
        ) from error


def _read_header(stream: BufferedReader) -> dict[str, int]:
    """Give the names and lengths of the chromosomes; the stream is at the first record then."""
    magic, text = struct.unpack("<4si", stream.read(8))
    if magic != b"BAM\1":
        raise ValueError("its first bytes are of another format")
    stream.read(text)
    (count,) = struct.unpack("<i", stream.read(4))
    sizes = {}
    for _ in range(count):
        (length,) = struct.unpack("<i", stream.read(4))
        name = stream.read(length).rstrip(b"\0").decode("ascii")
        (sizes[name],) = struct.unpack("<i", stream.read(4))
    return sizes


@no_type_check  # compiled: it cannot be checked as it runs
@numba.njit(cache=True)
def _walk(
    content: UInt8[np.ndarray, " byte"], chromosomes: int
) -> tuple[Int[np.ndarray, "field read"], int]:
    """Step from record to record; give the fields of whole ones, and how many bytes they take.

    A record that is not possible makes that number −1.
    """
    fields = np.empty((5, len(content) // FIXED + 1), np.int64)
    count = place = 0
    while place + FIXED <= len(content):
        behind = place + 4 + int32(content, place)
        name_length = content[place + 12]
        operations = content[place + 16] | content[place + 17] << 8
        cigar = place + FIXED + name_length
        chrom, start = int32(content, place + 4), int32(content, place + 8)
        if cigar + 4 * operations > behind or not -1 <= chrom < chromosomes or start < -1:
            return fields, -1
        if behind > len(content):
            break
        flag = content[place + 18] | content[place + 19] << 8
        if flag & _UNMAPPED:  # aligners leave it a CIGAR where it hangs over a chromosome's end
            operations = 0
        span = reference_span(content, cigar, operations) if operations else 1
        fields[0, count] = chrom
        fields[1, count] = start
        fields[2, count] = start + span
        fields[3, count] = flag
        fields[4, count] = content[place + 13]
        count += 1
        place = behind
    return fields[:, :count], place


@no_type_check
@numba.njit(cache=True)
def reference_span(content: UInt8[np.ndarray, " byte"], cigar: int, operations: int) -> int:
    """Count the bases of the reference under a read."""
    span = 0
    for operation in range(operations):
        value = int32(content, cigar + 4 * operation)
        if 1 << (value & 15) & 0b110001101:  # M, D, N, = and X lie on the reference
            span += value >> 4 & 0xFFFFFFF
    return span


@no_type_check
@numba.njit(cache=True)
def int32(content: UInt8[np.ndarray, " byte"], place: int) -> int:
    """Read a whole number of four bytes."""
    low = content[place] | content[place + 1] << 8 | content[place + 2] << 16
    return np.int64(np.int32(low | np.int64(content[place + 3]) << 24))
