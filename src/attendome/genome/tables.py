"""Read tables with a header, whole: TSV or CSV, plain or .gz, or parquet."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import polars as pl
import polars.selectors as cs

from attendome.errors import DataError
from attendome.genome.text import DAMAGE, open_text

_PARQUET_MAGIC = b"PAR1"
_HEADINGS = (b"#", b"track", b"browser")


def is_parquet(path: Path) -> bool:
    """Tell by its content whether a file is parquet.

    Raises:
        DataError: the file is missing or cannot be read.
    """
    with _damage_noticed(path), open_text(path) as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


def first_line(path: Path) -> str:
    """Give the first line of a text file that is not empty and no heading.

    Raises:
        DataError: the file is missing, damaged, not text, or has no such line.
    """
    with _damage_noticed(path), open_text(path) as file:
        while line := file.readline(1 << 20):
            if line.strip() and not line.startswith(_HEADINGS):
                return line.decode("utf-8-sig").rstrip("\r\n")
    raise DataError(f"{path}: is empty, or has only headings.")


def read_frame(path: Path) -> pl.DataFrame:
    """Read a table with a header; its values are strings, or null where there is none.

    Lines before the header that start with ``#`` and hold no tab are comments. Rows may end in one
    separator more than the header has, as in the Roadmap Epigenomics project's tables. The index
    that pandas writes to parquet comes first.

    Raises:
        DataError: the file is missing, damaged or empty, or a row is longer or shorter than the
            header; the message names its line.
    """
    if is_parquet(path):
        with _damage_noticed(path):
            frame = pd.read_parquet(path)
            named = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
            return pl.from_pandas(named).select(~cs.nested()).cast(pl.String)
    with _damage_noticed(path), open_text(path) as file:
        text = file.read().decode("utf-8-sig")
    content = enumerate(text.replace("\r\n", "\n").split("\n"), start=1)
    lines = ((number, line) for number, line in content if line.strip())
    header = next((line for _, line in lines if "\t" in line or not line.startswith("#")), "")
    separator = "\t" if "\t" in header else ","
    names = [name.strip('" ') for name in _fields(header.removeprefix("#"), separator)]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: has two columns {name!r}; each needs a name of its own.")
    rows = [_row(path, number, line, separator, len(names)) for number, line in lines]
    if not rows:
        raise DataError(f"{path}: expected a table with a header and rows, found no rows.")
    with _damage_noticed(path):
        return pl.read_csv(
            "\n".join(rows).encode(),
            separator=separator,
            has_header=False,
            null_values="",
            schema=dict.fromkeys(names, pl.String),
        )


def _fields(line: str, separator: str) -> list[str]:
    unquoted = re.sub(r'"[^"]*"', lambda part: part[0].replace(separator, " "), line)
    return unquoted.split(separator)


def _row(path: Path, number: int, line: str, separator: str, columns: int) -> str:
    fields = _fields(line, separator)
    if len(fields) == columns + 1 and not fields[-1]:
        return line[: -len(separator)]
    if len(fields) != columns:
        raise DataError(
            f"{path}, line {number}: expected {columns} columns as in the header, found "
            f"{len(fields)}. It reads: {line[:80]}"
        )
    return line


@contextmanager
def _damage_noticed(path: Path) -> Iterator[None]:
    try:
        yield
    except (*DAMAGE, ValueError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{path}: cannot be read as a table, plain, .gz or parquet ({reason}); it is damaged, "
            "cut short, or of another kind."
        ) from error
