"""Read tables with a header, whole: TSV or CSV, plain or .gz, or parquet."""

import csv
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import polars as pl
import polars.selectors as cs

from attendome.errors import DataError
from attendome.genome.text import DAMAGE, open_text, skipped

_PARQUET_MAGIC = b"PAR1"
_BETWEEN = "\x1f"  # ASCII's unit separator, which no text holds, unlike commas and tabs


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
            if not skipped(line):
                return line.decode("utf-8-sig").rstrip("\r\n")
    raise DataError(f"{path}: is empty, or has only headings.")


def read_frame(path: Path) -> pl.DataFrame:
    """Read a table with a header; its values are strings, or null where there is none.

    Lines before the header that start with ``#`` and hold no tab are comments. Rows may end in one
    separator more than the header has, as in the Roadmap Epigenomics project's tables. Quotation
    marks around a whole field are taken off. Where each row has one field more than the header, as
    in tables that R writes, the first is the row's name, in a column "". The index that pandas
    writes to parquet comes first.

    Raises:
        DataError: the file is missing, damaged or empty, a quotation mark is not closed on its
            line, or a row is longer or shorter than the header; the message names its line.
    """
    if is_parquet(path):
        with _damage_noticed(path):
            frame = pd.read_parquet(path)
            named = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
            return pl.from_pandas(named).select(~cs.nested()).cast(pl.String)
    names, rows = _names_and_rows(path)
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"{path}: has two columns {name!r}; each needs a name of its own.")
    with _damage_noticed(path):
        return pl.read_csv(
            "\n".join(rows).encode(),
            separator=_BETWEEN,
            has_header=False,
            quote_char=None,
            null_values="",
            schema=dict.fromkeys(names, pl.String),
        )


def _names_and_rows(path: Path) -> tuple[list[str], list[str]]:
    """Give the names of the columns, and the rows with ``_BETWEEN`` between their fields."""
    with _damage_noticed(path), open_text(path) as file:
        text = file.read().decode("utf-8-sig")
    content = enumerate(text.replace("\r\n", "\n").split("\n"), start=1)
    lines = ((number, line) for number, line in content if line.strip())
    start, header = next(((n, s) for n, s in lines if "\t" in s or s[0] != "#"), (0, ""))
    separator = "\t" if "\t" in header else ","
    names = [name.strip() for name in _fields(path, start, header.removeprefix("#"), separator)]
    rows = {number: _BETWEEN.join(_fields(path, number, line, separator)) for number, line in lines}
    if not rows:
        raise DataError(f"{path}: expected a table with a header and rows, found no rows.")
    if _have_names(names, rows.values()):
        names.insert(0, "")
    return names, [_fitting(path, number, row, len(names)) for number, row in rows.items()]


def _fields(path: Path, number: int, line: str, separator: str) -> list[str]:
    if separator == "\t":
        fields = line.split(separator)
        return [_unquoted(field) for field in fields] if '"' in line else fields
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise DataError(
            f"{path}, line {number}: expected quotation marks around a whole field, on one line "
            f"({error}). It reads: {line[:80]}"
        ) from error


def _unquoted(field: str) -> str:
    whole = len(field) > 1 and field[0] == field[-1] == '"' and field.count('"') == 2
    return field[1:-1] if whole else field


def _have_names(names: list[str], rows: Collection[str]) -> bool:
    """Tell whether rows begin with names that the header leaves out, as R writes them."""
    # A header that begins with the gene's column does not lack the first.
    if "gene" in names[0].lower() or all(row.endswith(_BETWEEN) for row in rows):
        return False
    return all(row.count(_BETWEEN) == len(names) for row in rows)


def _fitting(path: Path, number: int, row: str, columns: int) -> str:
    fields = row.count(_BETWEEN) + 1
    if fields == columns + 1 and row.endswith(_BETWEEN):
        return row.removesuffix(_BETWEEN)
    if fields != columns:
        raise DataError(
            f"{path}, line {number}: expected {columns} columns as in the header, found {fields}. "
            f"It reads: {row.replace(_BETWEEN, ' ')[:80]}"
        )
    return row


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
