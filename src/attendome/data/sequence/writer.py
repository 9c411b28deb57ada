"""Write a sequence dataset region by region."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from jaxtyping import Bool, Float, UInt8
from zarr.codecs import ZstdCodec
from zarr.core.array_spec import ArrayConfigParams
from zarr.core.chunk_key_encodings import ChunkKeyEncodingLike

from attendome.data.sequence.layout import SequenceLayout
from attendome.data.sequence.schema import (
    COVERAGE_DIMS,
    KIND,
    SCHEMA_VERSION,
    SEQUENCE_DIMS,
    coordinates,
)
from attendome.data.sequence.tally import Tally
from attendome.data.store import quietly, write_zarr
from attendome.errors import DataError

_MOST_FILES = 16_384
"""Above so many regions, several share a file (a Zarr shard); reading one alone is slower then."""

# It leaves a sixth of real coverage in float16; more, where bytes or bits are shuffled first.
_PACKING = ZstdCodec(level=3, checksum=True)

# The chunks of an array are files of one folder, c.0.0 and so on, not a tree of folders.
_FLAT: ChunkKeyEncodingLike = {"name": "default", "separator": "."}

# What is all zeros must be seen to be there, too.
_EMPTY_TOO: ArrayConfigParams = {"write_empty_chunks": True}


class SequenceWriter:
    """Writes a sequence dataset into a folder, region by region and in any order.

    In the order of the regions it keeps few in memory: those of one file, which is one region, or
    several where there are more than some thousand. A folder in which an earlier writer of the
    same layout stopped is gone on with.

    Attributes:
        layout: what is written.
        folder: where.
        written: which regions are on disk, or wait for the others of their file.
    """

    def __init__(self, folder: Path, layout: SequenceLayout) -> None:
        """Begin, or go on with, the dataset in ``folder``.

        Raises:
            DataError: the layout is not valid, or the folder holds the beginning of another.
        """
        layout.check(str(folder))
        self.folder, self.layout = folder, layout
        regions = len(layout.regions)
        self._together = math.ceil(regions / _MOST_FILES)
        self._waiting: dict[int, tuple[Any, Any]] = {}
        self._tally = Tally(regions, layout.bins, len(layout.tracks))
        self.written: Bool[np.ndarray, " region"] = np.zeros(regions, dtype=bool)
        known = {"assembly": "", "target_processing": {}, "sources": [], "build": {}}
        heading = {"kind": KIND, "schema_version": SCHEMA_VERSION} | known
        own = {"bin_size": layout.bin_size, "crop": layout.crop}
        content = xr.Dataset(
            coords=coordinates(layout.regions, layout.tracks) | self._tally.coordinates(),
            attrs=heading | dict(layout.attributes) | own,
        )
        if (folder / "coverage" / "zarr.json").is_file():  # which is made last
            self._go_on(content)
        else:
            self._begin(content)

    def _begin(self, content: xr.Dataset) -> None:
        layout, regions = self.layout, len(self.written)
        write_zarr(content, self.folder, mode="w", write_empty_chunks=True)
        group = zarr.open_group(self.folder, mode="a", use_consolidated=False)
        shape = (regions, layout.bins, len(layout.tracks))
        self._sequence = self._array(group, "sequence", (regions, layout.length), np.dtype("u1"))
        self._coverage = self._array(group, "coverage", shape, np.dtype(layout.dtype))

    def _array(
        self, group: zarr.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> zarr.Array[Any]:
        together = None if self._together == 1 else (self._together, *shape[1:])
        return group.create_array(
            name,
            shape=shape,
            dtype=dtype,
            chunks=(1, *shape[1:]),
            shards=together,
            chunk_key_encoding=_FLAT,
            dimension_names=SEQUENCE_DIMS if name == "sequence" else COVERAGE_DIMS,
            compressors=_PACKING,
            config=_EMPTY_TOO,
        )

    def _go_on(self, content: xr.Dataset) -> None:
        """Find what an earlier writer left."""
        large = ["sequence", "coverage"]
        with quietly(), xr.open_zarr(self.folder, consolidated=False, chunks=None) as opened:
            left = opened.drop_vars(large, errors="ignore").load()
        arrays = dict(zarr.open_group(self.folder, mode="a", use_consolidated=False).arrays())
        self._sequence, self._coverage = (arrays[name] for name in large)
        tallies = list(self._tally.coordinates())
        same = left.drop_vars(tallies).equals(content.drop_vars(tallies))
        shape = (self.layout.bins, len(self.layout.tracks))
        fits = self._coverage.shape[1:] == shape and self._coverage.dtype == self.layout.dtype
        if not (same and fits and left.attrs.get("crop") == self.layout.crop):
            raise DataError(f"{self.folder}: holds the beginning of another dataset; remove it.")
        for region in range(len(self.written)):
            # A chunk is written in one step, that of the coverage last.
            if (self.folder / "coverage" / f"c.{region // self._together}.0.0").exists():
                values = (np.asarray(array[region]) for array in (self._sequence, self._coverage))
                self._tally.add(region, *values)
                self.written[region] = True

    def write(
        self,
        region: int,
        sequence: UInt8[np.ndarray, " position"],
        coverage: Float[np.ndarray, "bin track"],
    ) -> None:
        """Write one region, by its number in the table of regions.

        Raises:
            DataError: the shapes are not those of the layout, or the region is written already.
        """
        layout = self.layout
        shape = (layout.bins, len(layout.tracks))
        if sequence.shape != (layout.length,) or coverage.shape != shape:
            raise DataError(
                f"Region {region}: expected {layout.length:,} bases and {shape[0]} bins × "
                f"{shape[1]} tracks, found {len(sequence):,} and {coverage.shape}."
            )
        if self.written[region]:
            raise DataError(f"Region {region} is written already.")
        values = coverage.astype(layout.dtype, copy=False)
        self._waiting[region] = (sequence, values)
        self._tally.add(region, sequence, values)
        self.written[region] = True
        start = region // self._together * self._together
        stop = min(start + self._together, len(self.written))
        if all(number in self._waiting for number in range(start, stop)):
            parts = [self._waiting.pop(number) for number in range(start, stop)]
            self._sequence[start:stop] = np.stack([bases for bases, _ in parts])
            self._coverage[start:stop] = np.stack([values for _, values in parts])

    def finish(self, **attributes: Any) -> None:  # noqa: ANN401 - JSON of any kind
        """Complete the folder; ``attributes`` replace those of the layout.

        Raises:
            DataError: a region is not written.
        """
        missing = np.flatnonzero(~self.written)
        if len(missing):
            raise DataError(
                f"{self.folder}: {len(missing)} of {len(self.written)} regions are not written; "
                f"the first is number {missing[0]}."
            )
        group = zarr.open_group(self.folder, mode="a", use_consolidated=False)
        for name, (_, values) in self._tally.coordinates().items():
            kept = group.require_array(name, shape=values.shape, dtype=values.dtype)
            kept.with_config(_EMPTY_TOO)[:] = values
        group.attrs.update(attributes)
        with quietly():
            zarr.consolidate_metadata(self.folder)
