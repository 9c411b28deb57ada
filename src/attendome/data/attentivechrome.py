"""Read datasets in the layout of AttentiveChrome.

A folder holds train.csv, valid.csv and test.csv without headers. A gene has one line per bin, in
order: gene ID, bin number from 1, a count per mark, label (QData/AttentiveChrome, README).
"""

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
import pandas as pd
import polars as pl

from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.splits import SPLITS
from attendome.errors import DataError

PUBLISHED_MARKS = ("H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9me3")


@dataclass(frozen=True)
class _SplitFile:
    genes: list[str]
    signal: np.ndarray[Any, np.dtype[np.float32]]
    label: np.ndarray[Any, np.dtype[np.int8]]
    source: dict[str, Any]


def read_attentivechrome(
    folder: Path, marks: Sequence[str] = PUBLISHED_MARKS, cell_type: str = "", bin_size: int = 100
) -> ChromatinDataset:
    """Read one cell type in AttentiveChrome's layout.

    Args:
        folder: holds {train,valid,test}.csv, plain or .gz, itself or in ``classification/``.
        marks: names of the count columns, in the order of the files.
        cell_type: name of the cell type; by default that of the folder.
        bin_size: length of a bin, in bp.

    Raises:
        DataError: a file is missing or malformed, or a gene is in two splits.
    """
    if not marks or not all(marks) or len(set(marks)) < len(marks):
        raise DataError(f"Expected different names of marks, none empty; found {list(marks)}.")
    files = {split: _find(folder, split) for split in SPLITS}
    parts = {split: _read_split(path, marks) for split, path in files.items()}
    _check_bins_agree(parts, files)
    ids = [gene for part in parts.values() for gene in part.genes]
    origin = np.repeat(SPLITS, [len(part.genes) for part in parts.values()])
    genes = pd.DataFrame(
        {"split": origin, "label": np.concatenate([part.label for part in parts.values()])},
        index=pd.Index(ids, name="gene", dtype=object),
    )
    _check_unique(genes, files)
    return assemble(
        np.concatenate([part.signal for part in parts.values()]),
        genes,
        marks,
        {
            "cell_type": cell_type or folder.resolve().name,
            "assembly": "unknown",
            "bin_size": bin_size,
            "oriented": False,
            "label_rule": "as in the imported files",
            "sources": [part.source for part in parts.values()],
        },
    )


def _find(folder: Path, split: str) -> Path:
    places = [folder, folder / "classification"]
    names = [f"{split}.csv", f"{split}.csv.gz"]
    try:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder.")
        found = [place / name for place in places for name in names if (place / name).is_file()]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}).") from error
    if not found:
        raise DataError(
            f"{folder}: expected a file {split}.csv or {split}.csv.gz there or in "
            "classification/, found none."
        )
    return found[0]


def _read_split(path: Path, marks: Sequence[str]) -> _SplitFile:
    raw, content = _read_bytes(path)
    columns = ["gene", "bin", *(f"mark {mark}" for mark in marks), "label"]
    table = _parse(path, content, columns)
    bins = _check_bins(path, table)
    _check_values(path, table, bins)
    numbers = table.select(columns[1:]).to_numpy().astype(np.float32)
    label = numbers[:, -1].reshape(-1, bins)
    counts = numbers[:, 1:-1].reshape(-1, bins, len(marks))
    return _SplitFile(
        genes=table["gene"].gather_every(bins).to_list(),
        signal=np.ascontiguousarray(counts.transpose(0, 2, 1)),
        label=(label[:, 0] > 0).astype(np.int8),
        source={"file": path.name, "sha256": hashlib.sha256(raw).hexdigest(), "genes": len(label)},
    )


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
    except (pl.exceptions.PolarsError, OSError):  # OSError: it decompresses where it can
        complete = False
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


def _check_bins_agree(parts: dict[str, _SplitFile], files: dict[str, Path]) -> None:
    bins = {split: part.signal.shape[2] for split, part in parts.items()}
    if len(set(bins.values())) > 1:
        listed = ", ".join(f"{files[split]} has {count}" for split, count in bins.items())
        raise DataError(f"Expected the same number of bins in all files: {listed}.")


def _check_unique(genes: pd.DataFrame, files: dict[str, Path]) -> None:
    twice = genes[genes.index.duplicated(keep=False)]
    if len(twice):
        gene = twice.index[0]
        places = dict.fromkeys(str(files[split]) for split in twice.loc[[gene], "split"])
        raise DataError(
            f"Gene {gene} stands more than once, in {' and '.join(places)} "
            f"({twice.index.nunique()} such genes); a gene belongs to one split, once."
        )
