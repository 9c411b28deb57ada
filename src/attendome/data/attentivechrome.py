"""Read datasets in the layout of AttentiveChrome.

A folder holds train.csv, valid.csv and test.csv without headers. A gene has one line per bin, in
order: gene ID, bin number from 1, a count per mark, label (QData/AttentiveChrome, README).
"""

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
    if len(set(marks)) < len(marks):
        raise DataError(f"A mark is named twice: {', '.join(marks)}.")
    files = {split: _find(folder, split) for split in SPLITS}
    parts = {split: _read_split(path, marks) for split, path in files.items()}
    _check_bins_agree(parts, files)
    ids = [gene for part in parts.values() for gene in part.genes]
    origin = np.repeat(SPLITS, [len(part.genes) for part in parts.values()])
    genes = pd.DataFrame(
        {"split": origin, "label": np.concatenate([part.label for part in parts.values()])},
        index=pd.Index(ids, name="gene", dtype=object),
    )
    _check_unique(genes, folder)
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
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder.")
    places = [folder, folder / "classification"]
    names = [f"{split}.csv", f"{split}.csv.gz"]
    found = [place / name for place in places for name in names if (place / name).is_file()]
    if not found:
        raise DataError(
            f"{folder}: expected {split}.csv or {split}.csv.gz there or in classification/; "
            "neither is there."
        )
    return found[0]


def _read_split(path: Path, marks: Sequence[str]) -> _SplitFile:
    raw = path.read_bytes()
    columns = ["gene", "bin", *(f"mark {mark}" for mark in marks), "label"]
    table = _parse(path, _decompress(path, raw), columns)
    bins = _check_blocks(path, table)
    numbers = table.select(columns[1:]).to_numpy().astype(np.float32)
    label = numbers[:, -1].reshape(-1, bins)
    counts = numbers[:, 1:-1].reshape(-1, bins, len(marks))
    return _SplitFile(
        genes=table["gene"].gather_every(bins).to_list(),
        signal=np.ascontiguousarray(counts.transpose(0, 2, 1)),
        label=(label[:, 0] > 0).astype(np.int8),
        source={"file": path.name, "sha256": hashlib.sha256(raw).hexdigest(), "genes": len(label)},
    )


def _decompress(path: Path, raw: bytes) -> bytes:
    try:
        content = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: truncated or not a .gz file ({error}); copy it again.") from error
    if not content.strip():
        raise DataError(f"{path}: the file is empty.")
    return content


def _parse(path: Path, content: bytes, columns: list[str]) -> pl.DataFrame:
    """Read the table as numbers; where that fails, find the line that is wrong."""
    width = content.split(b"\n", 1)[0].count(b",") + 1
    if width != len(columns):
        raise DataError(
            f"{path}: expected {len(columns)} columns (gene, bin, {len(columns) - 3} marks, label), "
            f"found {width}; name the marks of the file with --marks."
        )
    options: dict[str, Any] = {"has_header": False, "new_columns": columns}
    try:
        numbers = dict.fromkeys(columns[1:], pl.Float64)
        table = pl.read_csv(content, schema_overrides={"gene": pl.String} | numbers, **options)
        complete = not sum(table.null_count().row(0))
    except pl.exceptions.PolarsError:
        complete = False
    if not complete:
        text = pl.read_csv(content, infer_schema=False, truncate_ragged_lines=True, **options)
        raise DataError(f"{path}: {_first_wrong_value(text, columns)}")
    return table


def _first_wrong_value(text: pl.DataFrame, columns: list[str]) -> str:
    for column in columns[1:]:
        wrong = text[column].cast(pl.Float64, strict=False).is_null().arg_true()
        if len(wrong):
            line = wrong[0]
            found = text[column][line]
            return f"line {line + 1}: expected a number in column '{column}', found {found!r}."
    return f"expected {len(columns)} columns on every line; some lines have more."


def _check_blocks(path: Path, table: pl.DataFrame) -> int:
    """Check that each gene has all its bins in order, one label and usable counts.

    Returns:
        The number of bins per gene.
    """
    number = table["bin"].to_numpy()
    _require(path, table, np.isin(number, np.arange(1, len(table) + 1)), "a number from 1", "bin")
    bins = int(number.max())
    runs = table["gene"].rle().struct.unnest()
    wrong = runs.filter(pl.col("len") % bins != 0)
    if len(wrong):
        gene, lines = wrong["value"][0], wrong["len"][0]
        raise DataError(f"{path}: gene {gene} has {lines} lines; expected {bins}, one per bin.")
    expected = np.tile(np.arange(1, bins + 1), len(table) // bins)
    _require(path, table, number == expected, "bins in order from 1", "bin")
    for column in table.columns[2:-1]:
        values = table[column].to_numpy()
        _require(path, table, np.isfinite(values) & (values >= 0), "a count of 0 or more", column)
    label = table["label"].to_numpy()
    _require(path, table, np.isin(label, (-1, 0, 1)), "a label 0/1 or -1/+1", "label")
    if (label == -1).any():
        _require(path, table, label != 0, "labels all 0/1 or all -1/+1", "label")
    first = np.repeat(label.reshape(-1, bins)[:, 0], bins)
    _require(path, table, label == first, "the same label on all lines of a gene", "label")
    return bins


def _require(
    path: Path, table: pl.DataFrame, holds: np.ndarray[Any, Any], expected: str, column: str
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


def _check_unique(genes: pd.DataFrame, folder: Path) -> None:
    twice = genes[genes.index.duplicated(keep=False)]
    if len(twice):
        gene = twice.index[0]
        places = " and ".join(twice.loc[[gene], "split"])
        count = twice.index.nunique()
        raise DataError(
            f"{folder}: gene {gene} stands twice, in {places} ({count} such genes); a gene "
            "belongs to one split, once."
        )
