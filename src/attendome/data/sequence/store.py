"""Sequence datasets on disk: either whole or not there; opened without reading the regions."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from jaxtyping import Bool, Float, UInt8
from zarr.codecs import ZstdCodec
from zarr.core.array_spec import ArrayConfigParams
from zarr.core.chunk_key_encodings import ChunkKeyEncodingLike

from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.schema import (
    COVERAGE_DIMS,
    KIND,
    SCHEMA_VERSION,
    SEQUENCE_DIMS,
    SequenceLayout,
    coordinates,
)
from attendome.data.sequence.tally import Tally
from attendome.data.store import check_kind, check_new_dataset, plain_texts, quietly, write_zarr
from attendome.errors import DataError
from attendome.outputs import new_output

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
    several where there are more than some thousand.

    Attributes:
        layout: what is written.
        folder: where.
    """

    def __init__(self, folder: Path, layout: SequenceLayout) -> None:
        """Begin the dataset in ``folder``.

        Raises:
            DataError: the layout is not valid.
        """
        layout.check(str(folder))
        self.folder, self.layout = folder, layout
        regions = len(layout.regions)
        self._together = math.ceil(regions / _MOST_FILES)
        self._waiting: dict[int, tuple[Any, Any]] = {}
        self._tally = Tally(regions, layout.bins, len(layout.tracks))
        self._written: Bool[np.ndarray, " region"] = np.zeros(regions, dtype=bool)
        known = {"assembly": "", "target_processing": {}, "sources": [], "build": {}}
        heading = {"kind": KIND, "schema_version": SCHEMA_VERSION} | known
        own = {"bin_size": layout.bin_size, "crop": layout.crop}
        content = xr.Dataset(
            coords=coordinates(layout.regions, layout.tracks) | self._tally.coordinates(),
            attrs=heading | dict(layout.attributes) | own,
        )
        write_zarr(content, folder, mode="w", write_empty_chunks=True)
        group = zarr.open_group(folder, mode="a", use_consolidated=False)
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
        if self._written[region]:
            raise DataError(f"Region {region} is written already.")
        values = coverage.astype(layout.dtype, copy=False)
        self._waiting[region] = (sequence, values)
        self._tally.add(region, sequence, values)
        self._written[region] = True
        start = region // self._together * self._together
        stop = min(start + self._together, len(self._written))
        if all(number in self._waiting for number in range(start, stop)):
            parts = [self._waiting.pop(number) for number in range(start, stop)]
            self._sequence[start:stop] = np.stack([bases for bases, _ in parts])
            self._coverage[start:stop] = np.stack([values for _, values in parts])

    def finish(self, **attributes: Any) -> None:  # noqa: ANN401 - JSON of any kind
        """Complete the folder; ``attributes`` replace those of the layout.

        Raises:
            DataError: a region is not written.
        """
        missing = np.flatnonzero(~self._written)
        if len(missing):
            raise DataError(
                f"{self.folder}: {len(missing)} of {len(self._written)} regions are not written; "
                f"the first is number {missing[0]}."
            )
        group = zarr.open_group(self.folder, mode="a", use_consolidated=False)
        for name, (_, values) in self._tally.coordinates().items():
            kept = group.require_array(name, shape=values.shape, dtype=values.dtype)
            kept.with_config(_EMPTY_TOO)[:] = values
        group.attrs.update(attributes)
        with quietly():
            zarr.consolidate_metadata(self.folder)


@contextmanager
def new_sequence_dataset(
    path: Path, layout: SequenceLayout, *, force: bool = False
) -> Iterator[SequenceWriter]:
    """Give a writer of a new dataset, which appears at ``path`` when the block has succeeded.

    The block writes all regions and finishes the writer. When it fails or is interrupted, nothing
    is left.

    Raises:
        DataError: ``path`` does not end in .zarr, or exists and ``force`` is not set or it is not a
            dataset, or the layout is not valid.
    """
    check_new_dataset(path, force=force)
    layout.check(str(path))
    with new_output(path, force=force) as made:
        yield SequenceWriter(made, layout)


def open_sequence(path: str | Path) -> SequenceDataset:
    """Open a sequence dataset; a region is read when it is asked for.

    Raises:
        DataError: there is none at ``path``, it is damaged, or it does not fit the schema.
    """
    folder = Path(path)
    check_kind(folder, KIND)
    try:
        with quietly():
            opened = xr.open_zarr(folder, consolidated=False, chunks=None)
            _check_complete(folder)
        loaded = {name: coordinate.load() for name, coordinate in opened.coords.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise DataError(f"{folder}: the dataset is damaged ({error}); make it again.") from error
    return SequenceDataset(plain_texts(opened.assign_coords(loaded)), folder)


def _check_complete(folder: Path) -> None:
    """Check that no file is lost: Zarr would read what it held as zeros."""
    for name, array in zarr.open_group(folder, mode="r", use_consolidated=False).arrays():
        files = -(-array.shape[0] // (array.shards or array.chunks)[0])
        found = os.listdir(folder / name)  # noqa: PTH208 - many: this is the quickest way
        if "c" in found:
            found = os.listdir(folder / name / "c")  # noqa: PTH208
        if sum(part[-1:].isdigit() for part in found) < files:
            raise ValueError(f"a part of '{name}' is missing")
