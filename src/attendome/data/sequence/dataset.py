"""A sequence dataset: regions of DNA, and the coverage of many tracks in bins along each."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, UInt8

from attendome.data.sequence.schema import (
    REGION_COLUMNS,
    SOURCE_COLUMNS,
    TRACK_COLUMNS,
    check,
)
from attendome.errors import DataError
from attendome.genome.windows import overlapping


@dataclass(frozen=True)
class SequenceDataset:
    """A checked sequence dataset.

    Attributes:
        xarray: the data. ``sequence[region, position]`` uint8 (A C G T N = 0..4) and
            ``coverage[region, bin, track]`` float16 or float32, which stay on disk until they are
            asked for. Coordinates of regions: ``chrom``, ``start``, ``end`` (0-based, half-open;
            the input of the full length), ``split``, ``crc32c`` (of its sequence and coverage) and
            ``unknown_bases``. Of tracks: ``track`` (unique name), ``assay``, ``description``,
            ``strand_pair`` (number of the track of the other strand, or its own) and, where known,
            ``identifier``, ``file``, ``clip``, ``clip_soft``, ``scale``, ``sum_stat``; found when
            it was written are ``coverage_mean``, ``coverage_max``, ``coverage_missing`` (bins of
            NaN) and ``coverage_overflow`` (bins at or beyond the largest number of the type).
        path: where the dataset is stored, if it is.
    """

    xarray: xr.Dataset
    path: Path | None = None

    def __post_init__(self) -> None:
        """Check the schema.

        Raises:
            DataError: a variable, coordinate or attribute is missing or has wrong values.
        """
        check(self.xarray, self.name)

    @property
    def name(self) -> str:
        """What to call the dataset in messages."""
        return str(self.path or "the dataset")

    @property
    def regions(self) -> pd.DataFrame:
        """One row per region: ``chrom``, ``start``, ``end`` (0-based, half-open), ``split``."""
        return pd.DataFrame({name: self.xarray[name].to_numpy() for name in REGION_COLUMNS})

    @property
    def tracks(self) -> pd.DataFrame:
        """One row per track, indexed by its name."""
        known = [*TRACK_COLUMNS, *(name for name in SOURCE_COLUMNS if name in self.xarray)]
        index = pd.Index(self.xarray["track"].to_numpy(), name="track")
        return pd.DataFrame({name: self.xarray[name].to_numpy() for name in known}, index=index)

    @property
    def length(self) -> int:
        """Length of a region's sequence, in bp."""
        return int(self.xarray.sizes["position"])

    @property
    def bins(self) -> int:
        """Number of bins of a region."""
        return int(self.xarray.sizes["bin"])

    @property
    def bin_size(self) -> int:
        """Length of a bin, in bp."""
        return int(self.xarray.attrs["bin_size"])

    @property
    def crop(self) -> int:
        """What is cut off each side of the input before it is binned, in bp."""
        return int(self.xarray.attrs["crop"])

    def __len__(self) -> int:
        return int(self.xarray.sizes["region"])

    def split(self, name: str) -> "SequenceDataset":
        """Select the regions of one split: ``train``, ``valid`` or ``test``.

        Raises:
            DataError: no region is in that split.
        """
        chosen = self.xarray["split"].to_numpy() == name
        if not chosen.any():
            raise DataError(f"{self.name}: no region is in the split '{name}'.")
        return replace(self, xarray=self.xarray.isel(region=chosen))

    def read(
        self, region: int
    ) -> tuple[UInt8[np.ndarray, " position"], Float[np.ndarray, "bin track"]]:
        """Read the sequence and the coverage of one region, by its number; nothing else is read."""
        sequence, coverage = (self.xarray.variables[name] for name in ("sequence", "coverage"))
        return sequence[region].to_numpy(), coverage[region].to_numpy()

    def leak(self, split: str = "test") -> dict[str, int]:
        """Count the regions of a split whose input overlaps the input of a training region.

        Returns:
            ``regions`` in the split and ``overlapping`` among them.
        """
        table = self.regions
        ours, train = table[table["split"] == split], table[table["split"] == "train"]
        found = overlapping(
            ours["chrom"].to_numpy(str),
            ours["start"].to_numpy(),
            train["chrom"].to_numpy(str),
            train["start"].to_numpy(),
            window=self.length,
        )
        return {"regions": len(ours), "overlapping": int(found.sum())}

    def fingerprint(self) -> str:
        """Give a SHA-256 over the content that training depends on.

        The sequences and the coverage are in it by their checksums, so that they are not read.
        """
        digest = hashlib.sha256()
        shape = [self.length, self.bins, self.bin_size, self.crop]
        digest.update(json.dumps([shape, str(self.xarray["coverage"].dtype)]).encode())
        for name in (*REGION_COLUMNS, "crc32c", "track", "strand_pair"):
            values = self.xarray[name].to_numpy()
            plain = values if values.dtype.kind in "iuf" else values.astype("U")
            digest.update(f"{name} {plain.shape}".encode())
            digest.update(np.ascontiguousarray(plain).tobytes())
        return digest.hexdigest()
