"""The tables of a Basenji dataset: statistics.json, targets.txt and sequences.bed."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from attendome.data.sequence.schema import SOURCE_COLUMNS, SequenceLayout
from attendome.data.splits import SPLITS
from attendome.errors import DataError
from attendome.genome.tables import read_frame
from attendome.genome.text import TextFormat, fault_of_interval, read_table

STATISTICS, TARGETS, SEQUENCES = "statistics.json", "targets.txt", "sequences.bed"
_NUMBERS = ("num_targets", "seq_length", "pool_width", "target_length")
_OWN = ("assembly", "target_processing")
_WITHOUT = {"clip": math.inf, "clip_soft": math.inf, "scale": 1.0}
_BASES = 4


@dataclass(frozen=True)
class Statistics:
    """What statistics.json says.

    Attributes:
        tracks: number of tracks.
        length: length of a region's sequence, in bp.
        bin_size: length of a bin, in bp.
        bins: number of bins.
        crop: what is cut off each side of the sequence before it is binned, in bp.
        indexed: whether a record holds one number per base; otherwise it is one-hot.
        regions: number of regions of each split.
        own: what attendome's export adds, where it does: ``assembly`` and ``target_processing``.
    """

    tracks: int
    length: int
    bin_size: int
    bins: int
    crop: int
    indexed: bool
    regions: dict[str, int]
    own: dict[str, Any]


def read_statistics(path: Path) -> Statistics:
    """Read statistics.json.

    Raises:
        DataError: it is missing or malformed, names other splits than train, valid and test, or
            its numbers do not agree.
    """
    content = _read_json(path)
    counts = {f"{split}_seqs": 0 for split in SPLITS}
    given = {"crop_bp": 0, "seq_depth": _BASES} | counts | content
    for name in (*_NUMBERS, "crop_bp", "seq_depth", *counts):
        value = given.get(name)
        if not isinstance(value, int) or value < (name in _NUMBERS):
            raise DataError(f"{path}: expected a whole number as '{name}', found {value!r}.")
    others = [key for key in content if key.endswith("_seqs") and key not in counts]
    if others:
        raise DataError(
            f"{path}: expected the splits {', '.join(SPLITS)}, found "
            f"{', '.join(key.removesuffix('_seqs') for key in others)}."
        )
    length, bins, bin_size = given["seq_length"], given["target_length"], given["pool_width"]
    if bins * bin_size != length - 2 * given["crop_bp"] or given["seq_depth"] != _BASES:
        raise DataError(
            f"{path}: target_length × pool_width ({bins} × {bin_size}) must be seq_length less "
            f"crop_bp on each side ({length} − 2 × {given['crop_bp']}), and seq_depth {_BASES}, "
            f"found {given['seq_depth']}."
        )
    return Statistics(
        tracks=given["num_targets"],
        length=length,
        bin_size=bin_size,
        bins=bins,
        crop=given["crop_bp"],
        indexed=bool(given.get("seq_1hot", False)),
        regions={split: given[f"{split}_seqs"] for split in SPLITS},
        own={name: given[name] for name in _OWN if name in given},
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(
            f"{path}: no such file; expected the folder of a Basenji dataset, with {STATISTICS}, "
            f"{TARGETS}, {SEQUENCES} and tfrecords/."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error}).") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a JSON object, found {content!r}.")
    return content


def read_regions(path: Path, statistics: Statistics) -> pd.DataFrame:
    """Read sequences.bed: a row per region, ``start`` and ``end`` those of the input.

    An interval as long as the bins is extended by the crop; one as long as the input is taken as
    it is, which is how older datasets are written.

    Raises:
        DataError: it is missing or malformed, an interval has another length, or a split has
            another number of regions than statistics.json says.
    """
    text = {"chrom": pl.String, "start": pl.Int64, "end": pl.Int64, "split": pl.String}
    form = TextFormat(
        name="a line of sequences.bed",
        columns=text,
        keep=tuple(text),
        valid=(pl.col("start") < pl.col("end")) & pl.col("split").is_in(SPLITS),
        fault=_fault,
    )
    parts = list(read_table(path, form))
    if not parts:
        raise DataError(f"{path}: expected regions, found none.")
    regions = pl.concat(parts).to_pandas()
    length, crop = regions["end"] - regions["start"], statistics.crop
    inner = statistics.length - 2 * crop
    wrong = ~length.isin([inner, statistics.length])
    if wrong.any():
        row = regions[wrong].iloc[0]
        raise DataError(
            f"{path}: expected intervals of {inner:,} bp, the bins of a region, found "
            f"{row['chrom']}:{row['start']}-{row['end']} of {row['end'] - row['start']:,} bp."
        )
    beside = np.where(length == inner, crop, 0)
    for split, count in statistics.regions.items():
        found = int((regions["split"] == split).sum())
        if found != count:
            raise DataError(
                f"{path}: holds {found} regions of the split {split}, where {STATISTICS} says "
                f"{count}."
            )
    return regions.assign(start=regions["start"] - beside, end=regions["end"] + beside)


def _fault(fields: Sequence[str]) -> str:
    if len(fields) < 4:
        return f"expected 4 columns (chrom, start, end, split) between tabs, found {len(fields)}"
    if fields[3] not in SPLITS:
        return f"expected the splits {', '.join(SPLITS)}, found {fields[3]}"
    return fault_of_interval(*fields[1:3])


def read_targets(path: Path, statistics: Statistics) -> pd.DataFrame:
    """Read targets.txt: a row per track, indexed by its name.

    The name is the identifier; where several tracks have the same, a number is added.

    Raises:
        DataError: it is missing or malformed, lacks a column, or has another number of tracks than
            statistics.json says.
    """
    table = read_frame(path).to_pandas()
    for column in ("identifier", "description"):
        if column not in table or table[column].isna().any():
            raise DataError(
                f"{path}: expected a column '{column}' with a value for each track; the columns "
                f"are {', '.join(name for name in table.columns if name)}."
            )
    if len(table) != statistics.tracks:
        raise DataError(
            f"{path}: holds {len(table)} tracks, where {STATISTICS} says {statistics.tracks}."
        )
    again = table.groupby("identifier").cumcount()
    names = table["identifier"].where(again == 0, table["identifier"] + "." + again.astype(str))
    parts = table["description"].str.partition(":")
    made = {
        "assay": table.get("assay", parts[0].where(parts[1] == ":", "")).fillna(""),
        "description": table["description"],
        "strand_pair": _pairs(path, table),
    }
    for column, dtype in SOURCE_COLUMNS.items():
        if column in table:
            is_number = dtype is np.float64
            made[column] = _numbers(path, table[column]) if is_number else table[column].fillna("")
    index = pd.Index(table.get("track", names), name="track")
    return pd.DataFrame(made).set_axis(index)


def _numbers(path: Path, texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce")
    wrong = numbers.isna() & texts.notna()
    if wrong.any():
        raise DataError(f"{path}: expected a number as {texts.name}, found {texts[wrong].iloc[0]}.")
    return numbers.astype(np.float64).fillna(_WITHOUT[str(texts.name)])


def _pairs(path: Path, table: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Give the row of each track's other strand: the file names it by its index."""
    rows = np.arange(len(table))
    if "strand_pair" not in table:
        return rows
    column = next((name for name in ("", "index") if name in table), None)
    labels = table[column] if column is not None else pd.Series(rows.astype(str))
    known = dict(zip(labels, rows, strict=True))
    told = table["strand_pair"].fillna(labels)
    wrong = ~told.isin(list(known))
    if wrong.any():
        raise DataError(
            f"{path}: the strand_pair {told[wrong].iloc[0]} is the index of no track of the file."
        )
    return told.map(known).to_numpy(np.int64)


def write_tables(folder: Path, layout: SequenceLayout) -> None:
    """Write the three tables of a dataset.

    What Basenji's programs do not know, they pass over: in targets.txt the columns ``track`` and
    ``assay``, in statistics.json the assembly and what was done to the targets.
    """
    regions, tracks = layout.regions, layout.tracks
    content = {
        "num_targets": len(tracks),
        "seq_length": layout.length,
        "seq_1hot": True,
        "pool_width": layout.bin_size,
        "crop_bp": layout.crop,
        "target_length": layout.bins,
        **{f"{split}_seqs": int((regions["split"] == split).sum()) for split in SPLITS},
        **{name: layout.attributes[name] for name in _OWN},
    }
    (folder / STATISTICS).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    inner = regions.assign(start=regions["start"] + layout.crop, end=regions["end"] - layout.crop)
    _write_tsv(inner[["chrom", "start", "end", "split"]], folder / SEQUENCES, header=False)
    _write_tsv(_targets(tracks), folder / TARGETS)


def _targets(tracks: pd.DataFrame) -> pd.DataFrame:
    table = tracks.rename_axis("track").reset_index().replace(np.inf, np.nan)
    if "identifier" not in table:
        table["identifier"] = table["track"]
    columns = [*SOURCE_COLUMNS, "strand_pair", "description", "track", "assay"]
    return table[[name for name in columns if name in table]].rename_axis("").reset_index()


def _write_tsv(table: pd.DataFrame, path: Path, *, header: bool = True) -> None:
    table.to_csv(path, sep="\t", index=False, header=header, quoting=3)
