"""The table of tracks: which files become which tracks, and how.

TSV or CSV with a header and a row per track. Needed are ``name`` and ``file`` (bigWig or bedGraph;
relative to the table). May be there: ``assay`` (such as CAGE, DNASE, CHIP; by default the
description up to its colon), ``description``, ``sum_stat`` (``sum``, ``mean``, ``max`` or
``sum_sqrt``), ``clip_soft``, ``clip``, ``scale``, and ``strand_pair``, the name or number of the
track of the other strand. Basenji's targets.txt is such a table: ``identifier`` is the name, and
``index``, or its first column without a name, the number.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from attendome.config import suggestion
from attendome.data.sequence.targets import SUMMARIES
from attendome.errors import DataError
from attendome.genome.bases import check_track
from attendome.genome.tables import read_frame

_DEFAULTS = {"clip": math.inf, "clip_soft": math.inf, "scale": 1.0}
_COLUMNS = (
    *("name", "identifier", "index", "", "file", "assay", "description"),
    *("sum_stat", "strand_pair", *_DEFAULTS),
)


def read_tracks(path: Path) -> pd.DataFrame:
    """Read a table of tracks.

    Returns:
        A row per track, indexed by its name: ``file`` (a path), ``assay``, ``description``,
        ``sum_stat``, ``clip_soft`` and ``clip`` (infinite where there is none), ``scale`` and
        ``strand_pair``, the row number of the track of the other strand, or its own.

    Raises:
        DataError: the table is missing or malformed; the message names the row.
    """
    table = read_frame(path)
    if "name" not in table.columns and "identifier" in table.columns:
        table = table.rename({"identifier": "name"})
    for column in table.columns:
        if column not in _COLUMNS:
            hint = suggestion(column, [name for name in _COLUMNS if name])
            raise DataError(f"{path}: unknown column '{column}': {hint}")
    for column in ("name", "file"):
        if column not in table.columns or table[column].null_count():
            raise DataError(
                f"{path}: expected a column '{column}' with a value for each track; its columns "
                f"are {', '.join(table.columns)}."
            )
    names = table["name"].to_list()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: two tracks have the name '{twice}'; each needs its own.")
    description = _texts(table, "description")
    assay = [text.partition(":")[0] if ":" in text else "" for text in description]
    rows = {
        "file": [path.parent / Path(name).expanduser() for name in table["file"]],
        "assay": [own or told for own, told in zip(_texts(table, "assay"), assay, strict=True)],
        "description": description,
        "sum_stat": [text or "sum" for text in _texts(table, "sum_stat")],
        "strand_pair": _pairs(path, table, names),
    }
    rows |= {column: _numbers(path, table, column, names) for column in _DEFAULTS}
    found = pd.DataFrame(rows, index=pd.Index(names, name="track", dtype=object))
    wrong = found[~found["sum_stat"].isin(SUMMARIES)]
    if len(wrong):
        raise DataError(
            f"{path}: the track '{wrong.index[0]}' has the sum_stat '{wrong['sum_stat'].iloc[0]}'; "
            f"expected {', '.join(SUMMARIES)}."
        )
    return found


def check_files(path: Path, tracks: pd.DataFrame, lengths: dict[str, int]) -> None:
    """Check that all files of a table are there, and are tracks of the genome.

    Args:
        path: the table, for messages.
        tracks: what ``read_tracks`` gave.
        lengths: length of each chromosome of the genome, in bp.

    Raises:
        DataError: files are missing (all are listed), or one is no track or of another assembly.
    """
    missing = [f"{name}: {file}" for name, file in tracks["file"].items() if not file.is_file()]
    if missing:
        listed = "\n".join(missing)
        raise DataError(
            f"{path}: {len(missing)} of {len(tracks)} files are missing (paths are relative to the "
            f"table):\n{listed}"
        )
    for file in tracks["file"].unique():
        check_track(file, lengths)


def _texts(table: pl.DataFrame, column: str) -> list[str]:
    if column not in table.columns:
        return [""] * len(table)
    return [(text or "").strip() for text in table[column]]


def _numbers(path: Path, table: pl.DataFrame, column: str, names: list[str]) -> list[float]:
    """Read numbers above 0; the default where there is none."""
    found = []
    for name, text in zip(names, _texts(table, column), strict=True):
        try:
            value = float(text) if text else _DEFAULTS[column]
        except ValueError:
            value = math.nan
        if not value > 0:
            raise DataError(
                f"{path}: the track '{name}' has the {column} '{text}'; expected a number above 0, "
                "or nothing."
            )
        found.append(value)
    return found


def _pairs(path: Path, table: pl.DataFrame, names: list[str]) -> list[int]:
    """Give the row of the track of each one's other strand; its own where there is none."""
    column = next((name for name in ("index", "") if name in table.columns), None)
    labels = _texts(table, column) if column is not None else map(str, range(len(names)))
    rows = {label: row for row, label in enumerate(labels)}
    rows |= {name: row for row, name in enumerate(names)}
    told = _texts(table, "strand_pair")
    pairs = []
    for row, text in enumerate(told):
        if text and text not in rows:
            raise DataError(
                f"{path}: the track '{names[row]}' has the strand_pair '{text}', which is neither "
                "the name nor the number of a track."
            )
        pairs.append(rows[text] if text else row)
    wrong = np.flatnonzero(np.array(pairs)[pairs] != np.arange(len(pairs)))
    if len(wrong):
        one, other = names[wrong[0]], names[pairs[wrong[0]]]
        raise DataError(
            f"{path}: the strand pair of '{one}' is '{other}', whose own is "
            f"'{names[pairs[pairs[wrong[0]]]]}'; each must name the other."
        )
    return pairs
