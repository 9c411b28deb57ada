"""The schema of a stored sequence dataset, and what is known of one before its regions are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from attendome.data.sequence.tally import REGION_TALLIES, TRACK_TALLIES
from attendome.data.splits import SPLITS
from attendome.errors import DataError

KIND = "sequence"
SCHEMA_VERSION = 1
SEQUENCE_DIMS = ("region", "position")
COVERAGE_DIMS = ("region", "bin", "track")
REGION_COLUMNS = {"chrom": object, "start": np.int64, "end": np.int64, "split": object}
TRACK_COLUMNS = {"assay": object, "description": object, "strand_pair": np.int64}
SOURCE_COLUMNS = {  # of tracks, where known
    "identifier": object,
    "file": object,
    "clip": np.float64,
    "clip_soft": np.float64,
    "scale": np.float64,
    "sum_stat": object,
}
_ATTRIBUTES = {
    "assembly": str,
    "bin_size": int,
    "crop": int,
    "target_processing": dict,
    "sources": list,
    "build": dict,
}


@dataclass(frozen=True)
class SequenceLayout:
    """The regions and tracks of a sequence dataset, and how they are binned.

    Attributes:
        regions: a row per region: ``chrom``, ``start``, ``end`` (0-based, half-open; the input of
            the full length), ``split``.
        tracks: a row per track, indexed by its unique name: ``assay``, ``description``,
            ``strand_pair`` and, where known, ``identifier``, ``file``, ``clip``, ``clip_soft``,
            ``scale``, ``sum_stat``.
        bin_size: length of a bin, in bp.
        crop: what is cut off each side of the input before it is binned, in bp.
        dtype: ``float16`` or ``float32``, of the coverage.
        attributes: ``assembly``, ``target_processing``, ``sources`` and ``build``, where known.
    """

    regions: pd.DataFrame
    tracks: pd.DataFrame
    bin_size: int
    crop: int = 0
    dtype: str = "float16"
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Length of a region's sequence, in bp."""
        return int(self.regions["end"].iloc[0] - self.regions["start"].iloc[0])

    @property
    def bins(self) -> int:
        """Number of bins of a region."""
        return (self.length - 2 * self.crop) // self.bin_size

    def check(self, where: str) -> None:
        """Check the tables, and that whole bins fill a region.

        Raises:
            DataError: they do not fit the schema, or each other.
        """
        check_regions(self.regions, where)
        check_tracks(self.tracks, where)
        inner = self.length - 2 * self.crop
        if inner <= 0 or inner % self.bin_size:
            raise DataError(
                f"{where}: regions of {self.length:,} bp less a crop of {self.crop:,} bp on each "
                f"side are {inner:,} bp, which is no whole number of bins of {self.bin_size} bp."
            )


def check_regions(regions: pd.DataFrame, where: str) -> None:
    """Check a table of regions: ``chrom``, ``start``, ``end`` (0-based, half-open), ``split``.

    Raises:
        DataError: a column is missing, there is no region, regions differ in length, or a split has
            another name than train, valid and test.
    """
    _require_columns(regions, tuple(REGION_COLUMNS), where)
    if not len(regions):
        raise DataError(f"{where}: expected regions, found none.")
    lengths = sorted((regions["end"] - regions["start"]).unique())
    if len(lengths) > 1 or lengths[0] <= 0:
        found = ", ".join(f"{length:,}" for length in lengths[:5])
        raise DataError(f"{where}: expected regions of one length above 0 bp, found {found} bp.")
    unknown = sorted(map(str, set(regions["split"]) - set(SPLITS)))
    if unknown:
        raise DataError(
            f"{where}: expected the splits {', '.join(SPLITS)}, found {', '.join(unknown)}."
        )


def check_tracks(tracks: pd.DataFrame, where: str) -> None:
    """Check a table of tracks: the index names them; ``assay``, ``description``, ``strand_pair``.

    Raises:
        DataError: a column is missing, there is no track, two have the same name, or a strand pair
            is none: the partner's partner must be the track itself.
    """
    _require_columns(tracks, tuple(TRACK_COLUMNS), where)
    if not len(tracks):
        raise DataError(f"{where}: expected tracks, found none.")
    twice = tracks.index[tracks.index.duplicated()]
    if len(twice):
        raise DataError(f"{where}: two tracks have the name '{twice[0]}'; each needs its own.")
    pair = tracks["strand_pair"].to_numpy()
    numbers = np.arange(len(pair))
    known = (pair >= 0) & (pair < len(pair))
    wrong = ~known | (pair[np.where(known, pair, 0)] != numbers)
    if wrong.any():
        track = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{where}: track {track} ('{tracks.index[track]}') has the strand pair {pair[track]}; "
            "expected the number of the track of the other strand, which names this one in turn, "
            "or its own number where it has none."
        )


def _require_columns(table: pd.DataFrame, names: tuple[str, ...], where: str) -> None:
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError(f"{where}: expected the columns {', '.join(names)}; no {missing[0]}.")


def coordinates(regions: pd.DataFrame, tracks: pd.DataFrame) -> dict[str, Any]:
    """Give the coordinates of a dataset in xarray's form."""
    made: dict[str, Any] = {"track": ("track", tracks.index.to_numpy(object))}
    for axis, table, columns in (
        ("region", regions, REGION_COLUMNS),
        ("track", tracks, TRACK_COLUMNS | SOURCE_COLUMNS),
    ):
        for name, dtype in columns.items():
            if name in table:
                made[name] = (axis, table[name].to_numpy(dtype))
    return made


def check(data: xr.Dataset, where: str) -> None:
    """Check a sequence dataset against the schema; the sequences and the coverage are not read.

    Raises:
        DataError: a variable, coordinate or attribute is missing or has wrong values.
    """

    def require(holds: bool, message: str) -> None:
        if not holds:
            raise DataError(f"{where}: {message}")

    kind, version = data.attrs.get("kind"), data.attrs.get("schema_version")
    require(kind == KIND, f"expected a dataset of kind '{KIND}', found {kind!r}.")
    require(
        version == SCHEMA_VERSION,
        f"expected schema version {SCHEMA_VERSION}, found {version!r}; make the dataset again.",
    )
    for name, expected in _ATTRIBUTES.items():
        value = data.attrs.get(name)
        wrong = f"attribute '{name}': expected {expected.__name__}, found {value!r}."
        require(isinstance(value, expected), wrong)
    per_region = dict.fromkeys((*REGION_COLUMNS, *REGION_TALLIES), ("region",))
    per_track = dict.fromkeys(("track", *TRACK_COLUMNS, *TRACK_TALLIES), ("track",))
    shapes = {"sequence": SEQUENCE_DIMS, "coverage": COVERAGE_DIMS} | per_region | per_track
    for name, dims in shapes.items():
        found = data[name].dims if name in data.variables else None
        require(found == dims, f"expected '{name}' with dimensions {dims}, found {found}.")
    bases, values = data["sequence"].dtype, data["coverage"].dtype
    require(bases == np.uint8, f"expected a sequence of uint8, found {bases}.")
    fits = values in (np.float16, np.float32)
    require(fits, f"expected coverage of float16 or float32, found {values}.")
    _check_lengths(data, require)
    check_regions(pd.DataFrame({n: data[n].to_numpy() for n in REGION_COLUMNS}), where)
    index = pd.Index(data["track"].to_numpy())
    check_tracks(pd.DataFrame({n: data[n].to_numpy() for n in TRACK_COLUMNS}, index=index), where)


def _check_lengths(data: xr.Dataset, require: Any) -> None:  # noqa: ANN401 - a local function
    length, bins = data.sizes["position"], data.sizes["bin"]
    bin_size, crop = data.attrs["bin_size"], data.attrs["crop"]
    require(
        bin_size > 0 and crop >= 0 and bins * bin_size == length - 2 * crop,
        f"{bins} bins of {bin_size} bp are not the {length:,} bp of a region less a crop of "
        f"{crop:,} bp on each side.",
    )
    apart = data["end"].to_numpy() - data["start"].to_numpy()
    require(bool((apart == length).all()), f"expected regions of {length:,} bp from start to end.")
