"""Signal files: of what kind one is, by its content, and its checksum."""

import codecs
import hashlib
from pathlib import Path
from typing import Literal

from attendome.errors import DataError
from attendome.genome.text import DAMAGE, open_text

Kind = Literal["BAM", "BED", "bigWig", "bedGraph"]

_BIGWIG = (0x888FFC26).to_bytes(4, "little"), (0x888FFC26).to_bytes(4, "big")
_BIGBED = (0x8789F2EB).to_bytes(4, "little"), (0x8789F2EB).to_bytes(4, "big")
_BEGINNING = 1 << 16
_EXPECTED = "expected BAM, BED with a strand or tagAlign (plain or .gz), bigWig or bedGraph"


def kind_of(path: Path) -> Kind:
    """Tell the kind of a signal file from its first bytes.

    Raises:
        DataError: the file is missing, empty, or of a kind that cannot be read.
    """
    beginning = _beginning(path)
    if beginning.startswith(b"BAM\1"):
        return "BAM"
    if beginning.startswith(_BIGWIG):
        return "bigWig"
    other = _other_format(beginning)
    if other:
        raise DataError(f"{path}: {_EXPECTED}; found {other}.")
    return _text_kind(path, beginning.decode("utf-8", errors="replace"))


def sha256(path: Path) -> str:
    """Give the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beginning(path: Path) -> bytes:
    try:
        with open_text(path) as file:
            content = file.read(_BEGINNING)
    except DAMAGE as error:
        raise DataError(
            f"{path}: is damaged or cut short ({error}); copy or download it again."
        ) from error
    if not content:
        raise DataError(f"{path}: is empty; {_EXPECTED}.")
    return content.removeprefix(codecs.BOM_UTF8)


def _other_format(beginning: bytes) -> str:
    """Name a known format that is not read here; empty where it is none."""
    if beginning.startswith(b"CRAM"):
        return "CRAM, which samtools view -b turns into BAM"
    if beginning.startswith(_BIGBED):
        return "bigBed, which bigBedToBed turns into BED"
    if beginning.startswith((b"@HD\t", b"@SQ\t")):
        return "SAM, which samtools view -b turns into BAM"
    if b"fixedStep" in beginning or b"variableStep" in beginning:
        return "wiggle, which wigToBigWig turns into bigWig"
    if b"\0" in beginning:
        return "a binary file of another kind"
    return ""


def _text_kind(path: Path, beginning: str) -> Kind:
    lines = (line for line in beginning.splitlines() if line.strip())
    for line in lines:
        if not line.startswith(("#", "track", "browser")):
            columns = line.split("\t")
            if len(columns) == 4:
                return "bedGraph"
            if len(columns) in (9, 10) and "." in columns[6]:
                raise DataError(f"{path}: {_EXPECTED}; found peaks (narrowPeak or broadPeak).")
            if len(columns) >= 6:
                return "BED"
            raise DataError(
                f"{path}: {_EXPECTED}; its lines have {len(columns)} columns between tabs, where "
                "BED and tagAlign have 6 or more (chrom, start, end, name, score, strand) and "
                f"bedGraph has 4. It begins: {line[:80]}"
            )
    raise DataError(f"{path}: has no lines but headings; {_EXPECTED}.")
