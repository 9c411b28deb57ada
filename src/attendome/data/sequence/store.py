"""Sequence datasets on disk: either whole or not there; opened without reading the regions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr
import zarr

from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.layout import SequenceLayout
from attendome.data.sequence.schema import KIND
from attendome.data.sequence.writer import SequenceWriter
from attendome.data.store import check_kind, check_new_dataset, quietly
from attendome.errors import DataError
from attendome.outputs import new_output


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
    # Zarr gives numpy's variable-length strings, which pandas and numpy.unique do not take.
    texts = {n: v.astype(object) for n, v in loaded.items() if v.dtype.kind == "T"}
    return SequenceDataset(opened.assign_coords(loaded | texts), folder)


def _check_complete(folder: Path) -> None:
    """Check that no file is lost: Zarr would read what it held as zeros."""
    for name, array in zarr.open_group(folder, mode="r", use_consolidated=False).arrays():
        files = -(-array.shape[0] // (array.shards or array.chunks)[0])
        found = os.listdir(folder / name)  # noqa: PTH208 - many: this is the quickest way
        if "c" in found:
            found = os.listdir(folder / name / "c")  # noqa: PTH208
        if sum(part[-1:].isdigit() for part in found) < files:
            raise ValueError(f"a part of '{name}' is missing")
