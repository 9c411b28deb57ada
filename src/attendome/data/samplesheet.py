"""Samplesheets: the files of many cell types in one table.

TSV (a row per file): the columns ``cell_type``, ``mark`` and ``file``, and where wanted ``genes``,
``expression`` and ``column``, which hold the same for all rows of a cell type. The mark ``control``
names the control. YAML: a mapping ``cell_types`` of names to ``signal`` (a mapping of marks to a
file or a list of files) and, where wanted, ``control``, ``genes``, ``expression`` and ``column``.

Paths are relative to the samplesheet. What a cell type lacks is taken from the command; without a
``column``, the expression of a cell type is in the column of its name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from attendome.config import read_yaml, suggestion, validate
from attendome.data.recipe import ChromatinFiles
from attendome.errors import AttendomeError, DataError

CONTROL = "control"
_PER_CELL_TYPE = ("genes", "expression", "column")
_FILES = ("genes", "expression")
_COLUMNS = ("cell_type", "mark", "file", *_PER_CELL_TYPE)
_KEYS = ("signal", CONTROL, *_PER_CELL_TYPE)


def read_samplesheet(path: Path, defaults: Mapping[str, Any]) -> list[ChromatinFiles]:
    """Read a samplesheet.

    Args:
        path: the sheet; its name ends in .yaml or .yml, or it is a TSV file.
        defaults: ``genes``, ``expression`` and ``column`` for the cell types that have none.

    Raises:
        DataError: the sheet is missing or malformed; the message names the cell type.
    """
    read = _from_yaml if path.suffix in {".yaml", ".yml"} else _from_table
    return [_files(path, name, entry, defaults) for name, entry in read(path).items()]


def _files(
    path: Path, name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any]
) -> ChromatinFiles:
    if name.startswith(".") or "/" in name or "\\" in name:
        raise DataError(f"{path}: {name!r} cannot name a dataset; use letters, digits, - and _.")
    found = {key: path.parent / entry[key] for key in _FILES if entry.get(key)}
    signal = {mark: _paths(path, files) for mark, files in entry.get("signal", {}).items()}
    values = {
        "column": entry.get("column") or defaults.get("column") or name,
        **{key: value for key, value in defaults.items() if key in _FILES and value},
        **found,
        "cell_type": name,
        "signal": signal,
        "control": _paths(path, entry.get(CONTROL) or []),
    }
    try:
        return validate(ChromatinFiles, values)
    except AttendomeError as error:
        raise DataError(f"{path}, cell type {name}: {error}") from error


def _paths(sheet: Path, files: object) -> tuple[Path, ...]:
    several = files if isinstance(files, list) else [files]
    return tuple(sheet.parent / str(file) for file in several)


def _from_yaml(path: Path) -> dict[str, dict[str, Any]]:
    content = read_yaml(path)
    listed = content.pop("cell_types", None)
    if content or not isinstance(listed, dict) or not listed:
        raise DataError(f"{path}: expected one mapping, 'cell_types', of names to their files.")
    for name, entry in listed.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("signal"), dict):
            raise DataError(f"{path}, cell type {name}: expected 'signal', marks and their files.")
        for key in entry:
            if key not in _KEYS:
                hint = suggestion(str(key), _KEYS)
                raise DataError(f"{path}, cell type {name}: unknown key '{key}': {hint}")
    return {str(name): entry for name, entry in listed.items()}


def _from_table(path: Path) -> dict[str, dict[str, Any]]:
    try:
        rows = pl.read_csv(path, separator="\t", infer_schema=False, quote_char=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path}: cannot be read as a TSV file ({reason}).") from error
    for column in rows.columns:
        if column not in _COLUMNS:
            raise DataError(f"{path}: unknown column '{column}': {suggestion(column, _COLUMNS)}")
    if missing := [column for column in _COLUMNS[:3] if column not in rows.columns]:
        raise DataError(f"{path}: has no column {', '.join(missing)}; it has {rows.columns}.")
    listed: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows.iter_rows(named=True), start=2):
        name, mark, file = (row[column] for column in _COLUMNS[:3])
        if not (name and mark and file):
            raise DataError(f"{path}, line {number}: a cell type, mark or file is missing.")
        entry = listed.setdefault(name, {"signal": {}, CONTROL: []})
        place = entry[CONTROL] if mark == CONTROL else entry["signal"].setdefault(mark, [])
        if file in place:
            raise DataError(f"{path}, line {number}: {file} is given twice for {name}, {mark}.")
        place.append(file)
        for column in _PER_CELL_TYPE:
            value = row.get(column)
            if value and entry.setdefault(column, value) != value:
                raise DataError(f"{path}, line {number}: {name} has two values of '{column}'.")
    return listed
