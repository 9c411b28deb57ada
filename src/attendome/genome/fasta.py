"""The sequence of a genome, from a FASTA file read at any place, as one small number per base."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from attendome.config import suggestion
from attendome.errors import DataError
from attendome.genome.text import DAMAGE, GZIP_MAGIC, open_text

if TYPE_CHECKING:
    from pysam import FastaFile

N = 4
"""The code of an unknown base; A, C, G and T are 0 to 3."""
_WRONG, _AMBIGUOUS = 255, 254
_BGZF_FLAG = 4  # of gzip: there is an extra field, which bgzip uses


def _table() -> UInt8[np.ndarray, " 256"]:
    table = np.full(256, _WRONG, dtype=np.uint8)
    codes = dict(zip("ACGTNU", (0, 1, 2, 3, N, 3), strict=True))
    for letter, code in (codes | dict.fromkeys("RYSWKMBDHV", _AMBIGUOUS)).items():
        table[[ord(letter), ord(letter.lower())]] = code
    return table


_CODES = _table()


class Genome:
    """A FASTA file that is read at any place; lower case counts as upper case.

    Attributes:
        path: the file.
        lengths: length of each chromosome, in bp, in the order of the file.
        ambiguous: how many letters for several bases (IUPAC's, such as R for A or G) have been
            read; they are taken as N.
    """

    def __init__(self, path: Path, file: "FastaFile") -> None:
        self.path, self._file = path, file
        self.lengths = dict(zip(map(str, file.references), map(int, file.lengths), strict=True))
        self.ambiguous = 0

    def read(self, chrom: str, start: int, end: int) -> UInt8[np.ndarray, " position"]:
        """Give the bases of an interval, 0-based and half-open; N off a chromosome's ends.

        Raises:
            DataError: the chromosome is not there, or a letter is none of DNA.
        """
        letters = self.letters(chrom, start, end)
        codes, first = np.full(end - start, N, dtype=np.uint8), max(start, 0)
        found = _CODES[np.frombuffer(letters, np.uint8)]
        if (found == _WRONG).any():
            place = int((found == _WRONG).argmax())
            raise DataError(
                f"{self.path}: {chrom}:{first + place} (0-based) is {chr(letters[place])!r}; "
                "expected letters of DNA: A, C, G, T, N, or IUPAC's for several of them."
            )
        several = found == _AMBIGUOUS
        self.ambiguous += int(several.sum())
        codes[first - start : first - start + len(found)] = np.where(several, N, found)
        return codes

    def letters(self, chrom: str, start: int, end: int) -> bytes:
        """Give the letters of an interval as they stand, in either case; none off the ends.

        Raises:
            DataError: the chromosome is not there.
        """
        if chrom not in self.lengths:
            hint = suggestion(chrom, list(self.lengths)[:100])
            raise DataError(f"{self.path}: has no chromosome '{chrom}': {hint}")
        first, behind = max(start, 0), min(end, self.lengths[chrom])
        if first >= behind:
            return b""
        return self._file.fetch(chrom, first, behind).encode("latin-1")


@contextmanager
def open_genome(path: Path) -> Iterator[Genome]:
    """Open a FASTA file: plain, or compressed with bgzip or gzip.

    An index beside the file (.fai, and .gzi for bgzip) is used; where there is none, one is made in
    a temporary folder, and nothing is written beside the file. A file of plain gzip, in which one
    cannot jump, is unpacked there too.

    Raises:
        DataError: the file is missing, damaged, or not FASTA.
    """
    with (
        tempfile.TemporaryDirectory(prefix="attendome-") as scratch,
        _opened(path, Path(scratch)) as file,
    ):
        yield Genome(path, file)


@contextmanager
def _opened(path: Path, scratch: Path) -> Iterator["FastaFile"]:
    import pysam
    from pysam.utils import SamtoolsError

    readable, blocks = _readable(path, scratch)
    fai, gzi = (_index(readable, ending, scratch) for ending in (".fai", ".gzi"))
    before = pysam.set_verbosity(0)  # it prints what it raises
    try:
        if not fai.exists() or (blocks and not gzi.exists()):
            fai, gzi = scratch / "index.fai", scratch / "index.gzi"
            options = ["--gzi-idx", str(gzi)] if blocks else []
            pysam.faidx(str(readable), "--fai-idx", str(fai), *options)
        file = pysam.FastaFile(
            str(readable),
            filepath_index=str(fai),
            filepath_index_compressed=str(gzi) if blocks else None,
        )
    except (OSError, ValueError, SamtoolsError) as error:
        raise DataError(
            f"{path}: cannot be read as FASTA; expected lines of '>name' and of bases, all of one "
            "length but the last of each sequence."
        ) from error
    finally:
        pysam.set_verbosity(before)
    with file:
        yield file


def _index(path: Path, ending: str, scratch: Path) -> Path:
    """Give the index beside a file, unless the file has changed since."""
    place = path.with_name(path.name + ending)
    current = place.exists() and place.stat().st_mtime >= path.stat().st_mtime
    return place if current else scratch / f"index{ending}"


def _readable(path: Path, scratch: Path) -> tuple[Path, bool]:
    """Give the file to read, and whether it is of bgzip."""
    plain = scratch / "genome.fa"
    try:
        with open_text(path) as file, path.open("rb") as raw:
            beginning, header = file.read(1), raw.read(4)
            if beginning != b">":
                raise DataError(f"{path}: expected FASTA, which begins with '>'.")
            if not header.startswith(GZIP_MAGIC):
                return path, False
            if header[3] & _BGZF_FLAG:
                return path, True
            with plain.open("wb") as out:
                out.write(beginning)
                shutil.copyfileobj(file, out, 1 << 20)
    except DAMAGE as error:
        raise DataError(
            f"{path}: is damaged or cut short ({error}); copy or download it again."
        ) from error
    return plain, False
