"""Samplesheets: the files of many cell types in one table.

TSV or CSV (a row per file): the columns ``cell_type``, ``mark`` and ``file``, and where wanted
``genes``, ``expression`` and ``column``, which hold the same for all rows of a cell type. The mark
``control`` names the control. YAML: a mapping ``cell_types`` of names to ``signal`` (a mapping of
marks to a file or a list of files) and, where wanted, ``control``, ``genes``, ``expression`` and
``column``.

Paths are relative to the samplesheet. What a cell type lacks is taken from the command.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from attendome.config import read_yaml, suggestion, validate
from attendome.data.recipe import ChromatinFiles
from attendome.errors import AttendomeError, DataError
from attendome.genome.tables import read_frame

CONTROL = "control"
_PER_CELL_TYPE = ("genes", "expression", "column")
_FILES = ("genes", "expression")
_COLUMNS = ("cell_type", "mark", "file", *_PER_CELL_TYPE)
_KEYS = ("signal", CONTROL, *_PER_CELL_TYPE)


def read_samplesheet(path: Path, defaults: Mapping[str, Any]) -> list[ChromatinFiles]:
    """Read a samplesheet.

    Args:
        path: the sheet; its name ends in .yaml or .yml, or it is a TSV or CSV file.
        defaults: ``genes``, ``expression`` and ``column`` for the cell types that have none.

    Raises:
        DataError: the sheet is malformed; the message names the row or the cell type.
        SettingsError: a sheet of YAML is missing or not YAML.
    """
    read = _from_yaml if path.suffix in {".yaml", ".yml"} else _from_table
    return [_files(path, name, entry, defaults) for name, entry in read(path).items()]


def _files(
    path: Path, name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any]
) -> ChromatinFiles:
    if name.startswith(".") or "/" in name or "\\" in name:
        raise DataError(f"{path}: {name!r} cannot name a dataset; use letters, digits, - and _.")
    values = {key: entry.get(key) or defaults.get(key) for key in _PER_CELL_TYPE}
    try:
        found = {key: path.parent / _text(entry[key]) for key in _FILES if entry.get(key)}
        signal = {str(mark): _paths(path, files) for mark, files in entry["signal"].items()}
        own = {"cell_type": name, "signal": signal, CONTROL: _paths(path, entry.get(CONTROL) or [])}
        given = {key: value for key, value in (values | found | own).items() if value}
        return validate(ChromatinFiles, given)
    except AttendomeError as error:
        raise DataError(f"{path}, cell type {name}: {error}") from error


def _paths(sheet: Path, files: object) -> tuple[Path, ...]:
    several = files if isinstance(files, list) else [files]
    return tuple(sheet.parent / _text(file) for file in several)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise DataError(f"expected the name of a file, found {value!r}.")
    return value


def _from_yaml(path: Path) -> dict[str, dict[str, Any]]:
    content = read_yaml(path)
    listed = content.pop("cell_types", None)
    if content or not isinstance(listed, dict) or not listed:
        raise DataError(f"{path}: expected one mapping, 'cell_types', of names to their files.")
    for name, entry in listed.items():
        for key in entry if isinstance(entry, dict) else ():
            if key not in _KEYS:
                hint = suggestion(str(key), _KEYS)
                raise DataError(f"{path}, cell type {name}: unknown key '{key}': {hint}")
        if not isinstance(entry, dict) or not isinstance(entry.get("signal"), dict):
            raise DataError(f"{path}, cell type {name}: expected 'signal', marks and their files.")
    return {str(name): entry for name, entry in listed.items()}


def _from_table(path: Path) -> dict[str, dict[str, Any]]:
    rows = read_frame(path).select(pl.all().str.strip_chars())
    for column in rows.columns:
        if column not in _COLUMNS:
            raise DataError(f"{path}: unknown column '{column}': {suggestion(column, _COLUMNS)}")
    if missing := [column for column in _COLUMNS[:3] if column not in rows.columns]:
        raise DataError(
            f"{path}: has no column {', '.join(missing)}; it has {', '.join(rows.columns)}."
        )
    listed: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows.iter_rows(named=True), start=1):
        name, mark, file = (row[column] for column in _COLUMNS[:3])
        if not (name and mark and file):
            raise DataError(f"{path}, row {number}: a cell type, mark or file is missing.")
        entry = listed.setdefault(name, {"signal": {}, CONTROL: []})
        place = entry[CONTROL] if mark == CONTROL else entry["signal"].setdefault(mark, [])
        place.append(file)
        for column in _PER_CELL_TYPE:
            value = row.get(column)
            if value and entry.setdefault(column, value) != value:
                raise DataError(f"{path}, row {number}: {name} has two values of '{column}'.")
    return listed
