"""Read the sequences of a FASTA file."""

import re
from collections.abc import Iterator
from pathlib import Path

from attendome.errors import DataError
from attendome.genome.text import DAMAGE, open_text

_PIECE = 16 << 20
_HEADING = re.compile(rb"^>", re.MULTILINE)
_FORM = "expected FASTA: lines '>name', each with lines of letters behind it"


def read_fasta(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give the name and the sequence of each record, plain or .gz, as it stands: in either case.

    Memory: that of the longest sequence, a byte per base, and a little more.

    Raises:
        DataError: the file is missing, damaged, or not FASTA.
    """
    name, parts = None, []
    for piece in _pieces(path):
        more, *records = _HEADING.split(piece)
        parts.append(_letters(path, more))
        for record in records:
            yield from _whole(path, name, parts)
            heading, _, letters = record.partition(b"\n")
            name, parts = heading.decode("utf-8", errors="replace"), [_letters(path, letters)]
    if name is None:
        raise DataError(f"{path}: {_FORM}; found none.")
    yield from _whole(path, name, parts)


def _pieces(path: Path) -> Iterator[bytes]:
    """Give a file in pieces that end where a line ends."""
    with open_text(path) as file:
        try:
            while piece := file.read(_PIECE):
                yield piece + file.readline()
        except DAMAGE as error:
            raise DataError(
                f"{path}: is damaged or cut short ({error}); copy or download it again."
            ) from error


def _letters(path: Path, lines: bytes) -> bytes:
    letters = lines.translate(None, b" \t\r\n")
    if letters and not letters.isalpha():
        shown = next(line for line in lines.split(b"\n") if re.search(rb"[^a-zA-Z\s]", line))
        raise DataError(f"{path}: {_FORM}; found {shown[:60].decode(errors='replace')!r}.")
    return letters


def _whole(path: Path, name: str | None, parts: list[bytes]) -> Iterator[tuple[str, bytes]]:
    sequence = b"".join(parts)
    if name is not None:
        words = name.split()
        yield words[0] if words else "", sequence
    elif sequence:
        raise DataError(f"{path}: {_FORM}; found {sequence[:60].decode(errors='replace')!r}.")
