"""One CSV file in AttentiveChrome's layout: a line per gene and bin, without a header."""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import multimode
from typing import Any

import numpy as np
import polars as pl

from attendome.errors import DataError


@dataclass(frozen=True)
class BinnedGenes:
    """The genes of one file.

    Attributes:
        genes: gene IDs.
        signal: gene × mark × bin.
        label: 1 = on, 0 = off, per gene.
        source: name and SHA-256 of the file, and its number of genes.
    """

    genes: list[str]
    signal: np.ndarray[Any, np.dtype[np.float32]]
    label: np.ndarray[Any, np.dtype[np.int8]]
    source: dict[str, Any]


def read_binned_csv(path: Path, marks: Sequence[str]) -> BinnedGenes:
    """Read one file, plain or .gz.

    Args:
        path: the file; its columns are gene ID, bin from 1, a count per mark, label.
        marks: names of the marks, in the order of the columns.

    Raises:
        DataError: the file is missing or malformed; the message names the line.
    """
    raw, content = _read_bytes(path)
    columns = ["gene", "bin", *(f"mark {mark}" for mark in marks), "label"]
    table = _parse(path, content, columns)
    bins = _check_bins(path, table)
    _check_values(path, table, bins)
    numbers = table.select(columns[1:]).to_numpy().astype(np.float32)
    label = numbers[:, -1].reshape(-1, bins)
    counts = numbers[:, 1:-1].reshape(-1, bins, len(marks))
    return BinnedGenes(
        genes=table["gene"].gather_every(bins).to_list(),
        signal=np.ascontiguousarray(counts.transpose(0, 2, 1)),
        label=(label[:, 0] > 0).astype(np.int8),
        source={"file": path.name, "sha256": hashlib.sha256(raw).hexdigest(), "genes": len(label)},
    )


def write_binned_csv(
    path: Path,
    genes: Sequence[str],
    signal: np.ndarray[Any, np.dtype[np.float32]],
    label: np.ndarray[Any, np.dtype[np.int8]],
) -> None:
    """Write one file that ``read_binned_csv`` reads back unchanged.

    Args:
        path: the file; what stands there is replaced.
        genes: gene IDs.
        signal: gene × mark × bin.
        label: 1 = on, 0 = off, per gene.
    """
    count, marks, bins = signal.shape
    columns = {
        "gene": pl.Series(genes, dtype=pl.String).gather(np.repeat(np.arange(count), bins)),
        "bin": pl.Series(np.tile(np.arange(1, bins + 1), count)),
        **{f"mark {n}": _as_text(signal[:, n].reshape(-1)) for n in range(marks)},
        "label": pl.Series(np.repeat(label, bins)),
    }
    pl.DataFrame(columns).write_csv(path, include_header=False)


def _as_text(values: np.ndarray[Any, np.dtype[np.float32]]) -> pl.Series:
    """Give whole numbers without a point, others as the shortest text that reads back the same."""
    whole = (values == np.floor(values)) & (values < 2**53)
    integers = pl.Series(np.where(whole, values, 0).astype(np.int64))
    if whole.all():
        return integers
    return integers.cast(pl.String).zip_with(pl.Series(whole), pl.Series(values).cast(pl.String))


def _read_bytes(path: Path) -> tuple[bytes, bytes]:
    """Read a file as it is on disk, and its text: decompressed, without blank lines at the end."""
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: unreadable, truncated or not a .gz file ({error}).") from error
    if not content.strip():
        raise DataError(f"{path}: the file is empty.")
    return raw, content.rstrip(b"\r\n")


def _parse(path: Path, content: bytes, columns: list[str]) -> pl.DataFrame:
    """Read the table as numbers; where that fails, find the line that is wrong."""
    schema = {name: pl.String if name == "gene" else pl.Float64 for name in columns}
    try:
        table = pl.read_csv(content, has_header=False, schema=schema)
        complete = table.columns == columns and not sum(table.null_count().row(0))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException):
        complete = False  # OSError: it decompresses where it can; a panic: a quote opens at the end
    if not complete:
        raise DataError(f"{path}: {_first_wrong_line(content, columns)}")
    return table


def _first_wrong_line(content: bytes, columns: list[str]) -> str:
    for number, line in enumerate(io.BytesIO(content), 1):
        fault = _fault(line.rstrip(b"\r\n"), columns)
        if fault:
            return f"line {number}: {fault}"
    return "expected numbers between commas, found something else."


def _fault(line: bytes, columns: list[str]) -> str:
    """Say what keeps a line from being a row of the table; nothing where it is one."""
    try:
        text = line.decode("utf-8-sig")
        cells = next(csv.reader([text]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        return f"expected text in UTF-8, found {line[:20]!r} ({error})."
    expected = f"expected {len(columns)} columns (gene, bin, {len(columns) - 3} marks, label), "
    if not cells:
        return expected + "found a blank line."
    if text.count('"') % 2:
        return expected + "found a quotation mark that is not closed."
    if len(cells) != len(columns):
        return expected + f"found {len(cells)}; name the marks of the file with --marks."
    for column, cell in zip(columns, cells, strict=True):
        if not _fits(column, cell):
            expected = "a gene ID" if column == "gene" else f"a number for gene {cells[0]}"
            return f"expected {expected} in column '{column}', found '{cell}'."
    return ""


def _fits(column: str, cell: str) -> bool:
    if column == "gene":
        return bool(cell)
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell


def _check_bins(path: Path, table: pl.DataFrame) -> int:
    """Check that the lines of each gene are together and hold all its bins in order.

    Returns:
        The number of bins per gene.
    """
    number = table["bin"].to_numpy()
    follows = np.zeros(len(table), dtype=bool)
    same_gene = (table["gene"][1:] == table["gene"][:-1]).to_numpy()
    follows[1:] = same_gene & (number[1:] == number[:-1] + 1)
    _require(path, table, follows | (number == 1), "each gene's bins in order from 1", "bin")
    starts = np.flatnonzero(number == 1)
    lengths = np.diff(starts, append=len(table))
    bins = int(max(multimode(lengths.tolist())))
    for start, length in zip(starts, lengths, strict=True):
        if length != bins:
            raise DataError(
                f"{path}: line {start + 1}, gene {table['gene'][int(start)]}: expected {bins} "
                f"lines, one per bin as for the other genes, found {length}."
            )
    return bins


def _check_values(path: Path, table: pl.DataFrame, bins: int) -> None:
    """Check that counts are usable and that each gene has one label."""
    for column in table.columns[2:-1]:
        values = table[column].to_numpy()
        usable = (values >= 0) & (values <= np.finfo(np.float32).max)
        _require(path, table, usable, "a finite count of 0 or more", column)
    label = table["label"].to_numpy()
    _require(path, table, np.isin(label, (-1, 0, 1)), "a label 0/1 or -1/+1", "label")
    if (label == -1).any():
        _require(path, table, label != 0, "labels all 0/1 or all -1/+1", "label")
    first = np.repeat(label.reshape(-1, bins)[:, 0], bins)
    _require(path, table, label == first, "the same label on all lines of a gene", "label")


def _require(
    path: Path,
    table: pl.DataFrame,
    holds: np.ndarray[Any, np.dtype[np.bool_]],
    expected: str,
    column: str,
) -> None:
    wrong = np.flatnonzero(~holds)
    if len(wrong):
        line = int(wrong[0])
        raise DataError(
            f"{path}: line {line + 1}, gene {table['gene'][line]}: expected {expected} in column "
            f"'{column}', found {table[column][line]:g}."
        )
