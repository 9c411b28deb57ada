"""Datasets on disk: a Zarr v3 folder that is either whole or not there."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from attendome.data.chromatin import ChromatinDataset
from attendome.errors import DataError
from attendome.outputs import check_new, new_output

_GENES_PER_CHUNK = 1024


def save_dataset(
    data: ChromatinDataset, path: str | Path, *, force: bool = False
) -> ChromatinDataset:
    """Write a dataset to the folder ``path``.

    Raises:
        DataError: ``path`` does not end in .zarr, or exists and ``force`` is not set or it is not a
            dataset.
    """
    folder = Path(path)
    check_new_dataset(folder, force=force)
    genes, *rest = data.signal.shape
    encoding = {"signal": {"chunks": (min(genes, _GENES_PER_CHUNK), *rest)}}
    with new_output(folder, force=force) as made:
        write_zarr(data.xarray, made, encoding=encoding, write_empty_chunks=True)
    return ChromatinDataset(data.xarray, folder)


def check_new_dataset(path: Path, *, force: bool = False) -> None:
    """Check that a dataset may be written at ``path``.

    Raises:
        DataError: ``path`` does not end in .zarr, or exists and ``force`` is not set or it is not a
            dataset.
    """
    if path.suffix != ".zarr":
        raise DataError(f"{path}: the name of a dataset ends in .zarr; try {path.name}.zarr.")
    check_new(path, force=force)
    check_replaceable_zarr(path, "kind", "a dataset")


def check_replaceable_zarr(path: Path, attribute: str, what: str) -> None:
    """Check that what stands in the way of a new Zarr folder is one of the same sort, or empty.

    Args:
        path: where it stands, if anything does.
        attribute: the attribute that tells the sort.
        what: the sort, for the message.

    Raises:
        DataError: it is something else.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    try:
        known = attribute in json.loads((path / "zarr.json").read_bytes())["attributes"]
    except (OSError, ValueError, LookupError, TypeError):
        known = False
    if not known:
        raise DataError(f"{path}: not replaced, since it is not {what}; choose another name.")


def write_zarr(content: xr.Dataset, path: Path, **options: Any) -> None:  # noqa: ANN401
    """Write a Zarr v3 folder; ``options`` are those of ``xarray.Dataset.to_zarr``.

    Its metadata are consolidated, which a plain ``xarray.open_zarr`` expects.
    """
    with quietly():
        content.to_zarr(path, zarr_format=3, consolidated=True, **options)


@contextmanager
def quietly() -> Iterator[None]:
    """Keep Zarr from warnings that are of no use here."""
    with warnings.catch_warnings():
        # Other programs may not know them; those read the ones per array.
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not", ZarrUserWarning)
        # Of other files in the folder, such as those of a file manager.
        warnings.filterwarnings("ignore", "Object at .* is not recognized", ZarrUserWarning)
        yield


def plain_texts(content: xr.Dataset) -> xr.Dataset:
    """Give texts as objects: Zarr's are numpy's of any length, which pandas does not take."""
    texts = {n: v.astype(object) for n, v in content.coords.items() if v.dtype.kind == "T"}
    return content.assign_coords(texts)


def kind_of_dataset(folder: Path) -> object:
    """Tell the kind of a dataset: ``chromatin``, ``sequence``, or None where it is not known.

    Raises:
        DataError: there is no dataset.
    """
    if not folder.exists():
        raise DataError(f"{folder}: no such dataset.")
    try:
        return json.loads((folder / "zarr.json").read_bytes())["attributes"]["kind"]
    except OSError as error:
        raise DataError(
            f"{folder}: expected a dataset, a .zarr folder with zarr.json in it."
        ) from error
    except (ValueError, LookupError, TypeError):
        return None


def check_kind(folder: Path, expected: str) -> None:
    """Check the kind of a dataset before it is read.

    Raises:
        DataError: there is no dataset, or it is known to be of another kind.
    """
    kind = kind_of_dataset(folder)
    if kind not in (None, expected):
        raise DataError(
            f"{folder}: expected a {expected} dataset, found a {kind} dataset, which is not taken "
            "here."
        )


def open_chromatin(path: str | Path) -> ChromatinDataset:
    """Open a chromatin dataset and check it; all of it is read into memory.

    Raises:
        DataError: there is none at ``path``, it is damaged, or it does not fit the schema.
    """
    folder = Path(path)
    check_kind(folder, "chromatin")
    try:
        content = _load(folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise DataError(f"{folder}: the dataset is damaged ({error}); build it again.") from error
    # Zarr gives numpy's variable-length strings, which pandas and numpy.unique do not take.
    texts = {n: v.astype(object) for n, v in content.coords.items() if v.dtype.kind == "T"}
    return ChromatinDataset(content.assign_coords(texts), folder)


def as_chromatin(data: ChromatinDataset | str | Path) -> ChromatinDataset:
    """Give a chromatin dataset that is open, or open it.

    Raises:
        DataError: as ``open_chromatin`` does.
    """
    return data if isinstance(data, ChromatinDataset) else open_chromatin(data)


def _load(folder: Path) -> xr.Dataset:
    with quietly():
        _check_complete(folder)
        with xr.open_zarr(folder, consolidated=False, chunks=None) as opened:
            content: xr.Dataset = opened.load()
    return content


def _check_complete(folder: Path) -> None:
    """Check that no part is lost: Zarr would leave out a variable, or read a chunk as zeros."""
    arrays = dict(zarr.open_group(folder, mode="r", use_consolidated=False).arrays())
    for part in folder.iterdir():
        if part.is_dir() and not part.name.startswith(".") and part.name not in arrays:
            raise ValueError(f"{part.name}/zarr.json is missing or spoilt")
    for name, array in arrays.items():
        if array.nchunks_initialized < array.nchunks:
            raise ValueError(f"a chunk of '{name}' is missing")
