"""Read large tables of intervals, BED and bedGraph, piece by piece."""

import codecs
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import polars as pl
from isal import igzip_threaded, isal_zlib

from attendome.errors import DataError

_PIECE = 16 << 20
_HEADINGS = (b"#", b"track", b"browser")
FARTHEST = 2**31 - 1
"""The last base that BAM can name; further ones are not in any genome."""
GZIP_MAGIC = b"\x1f\x8b"
# What a damaged file raises. The library's types take this class for an instance.
DAMAGE = (OSError, EOFError, cast(type[Exception], isal_zlib.error))


@dataclass(frozen=True)
class TextFormat:
    """How the lines of a format look.

    Attributes:
        name: what to call the format in messages.
        columns: the polars type of each column between tabs; further columns are not read.
        keep: names of the columns to give back.
        valid: tells of a row whether its values are possible.
        fault: says what is wrong with the fields of a line; empty where nothing is.
    """

    name: str
    columns: Mapping[str, Any]
    keep: Sequence[str]
    valid: pl.Expr
    fault: Callable[[Sequence[str]], str]


INTERVAL = pl.col("start").is_between(0, pl.col("end"), closed="left") & (pl.col("end") <= FARTHEST)
"""Whether a row's ``start`` and ``end`` are those of an interval, 0-based and half-open."""


def fault_of_interval(start: str, end: str) -> str:
    """Say what is wrong with the start and end of an interval; empty where nothing is."""
    if start.isdecimal() and end.isdecimal() and int(start) < int(end) <= FARTHEST:
        return ""
    return (
        "expected a start below the end, both whole numbers and no more than 2,147,483,647, found "
        f"{start} and {end}"
    )


def open_text(path: Path) -> BufferedReader:
    """Open a file, plain or .gz by its content, to read its bytes.

    Raises:
        DataError: the file is missing or cannot be read.
    """
    if path.is_fifo():
        raise DataError(f"{path}: is a pipe; files are read more than once, so give a file.")
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == GZIP_MAGIC
        opened = igzip_threaded.open(path, "rb", threads=1) if compressed else path.open("rb")
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
    return cast(BufferedReader, opened)


def read_table(path: Path, form: TextFormat) -> Iterator[pl.DataFrame]:
    """Read a file, plain or .gz, piece by piece; memory does not depend on its length.

    Line ends may be LF or CRLF. Lines that start with ``#``, ``track`` or ``browser`` and empty
    lines are skipped.

    Raises:
        DataError: the file is missing, truncated, or a line is malformed; the message names it.
    """
    with open_text(path) as file:
        offset = 0
        while block := _next_block(path, file):
            yield _parse(path, form, block, offset)
            offset += len(block)


def _next_block(path: Path, file: BufferedReader) -> bytes:
    """Give the next piece of a file, up to the end of a line; nothing at its end."""
    try:
        block = file.read(_PIECE)
        rest = file.readline(_PIECE) if block else b""
    except DAMAGE as error:
        raise DataError(
            f"{path}: is damaged or cut short ({error}); copy or download it again."
        ) from error
    if len(rest) == _PIECE:
        raise DataError(f"{path}: has no line ends; expected text.")
    return block + rest


def _parse(path: Path, form: TextFormat, block: bytes, offset: int) -> pl.DataFrame:
    block = block if offset else block.removeprefix(codecs.BOM_UTF8)
    rows, reason = _rows(form, block)
    if rows is None:  # perhaps only because of headings or empty lines
        rows, reason = _rows(form, _plain(block))
    if rows is None:
        raise DataError(f"{path}: {_first_fault(path, form, block, offset) or reason}")
    return rows


def _rows(form: TextFormat, block: bytes) -> tuple[pl.DataFrame | None, str]:
    """Give the rows of a block; None, and the parser's words, where one is not valid."""
    columns = block[: block.find(b"\n")].count(b"\t") + 1
    further = {f"column {n}": pl.String for n in range(len(form.columns), columns)}
    try:
        rows = pl.read_csv(
            block.replace(b"\r\n", b"\n") if b"\r" in block else block,
            separator="\t",
            has_header=False,
            quote_char=None,
            schema={**form.columns, **further},
            columns=[list(form.columns).index(name) for name in form.keep],
            truncate_ragged_lines=True,
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema={name: form.columns[name] for name in form.keep}), ""
    except pl.exceptions.PolarsError as error:
        return None, str(error).partition("\n")[0]
    sound = bool(rows.select(form.valid.fill_null(value=False).all()).item())
    return (rows if sound else None), "a value is not possible"


def _plain(block: bytes) -> bytes:
    """Take out headings and empty lines."""
    lines = block.splitlines(keepends=True)
    return b"".join(text for text in lines if not skipped(text))


def skipped(line: bytes) -> bool:
    """Tell whether a line is empty or a heading."""
    return line.startswith(_HEADINGS) or not line.strip()


def _first_fault(path: Path, form: TextFormat, block: bytes, offset: int) -> str:
    for place, line in enumerate(block.splitlines()):
        fields = line.decode("utf-8", errors="replace").split("\t")
        if not skipped(line) and (fault := form.fault(fields)):
            with open_text(path) as file:
                number = file.read(offset).count(b"\n") + place + 1
            shown = " ".join(fields)[:80]
            return f"line {number} is not {form.name}: {fault}. It reads: {shown}"
    return ""
