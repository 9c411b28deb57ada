"""Datasets on disk: a Zarr v3 folder that is either whole or not there."""

import warnings
from pathlib import Path

import xarray as xr
import zarr
from zarr.errors import ZarrUserWarning

from attendome.data.chromatin import ChromatinDataset
from attendome.errors import DataError
from attendome.outputs import new_output

_GENES_PER_CHUNK = 1024


def save_dataset(
    data: ChromatinDataset, path: str | Path, *, force: bool = False
) -> ChromatinDataset:
    """Write a dataset to the folder ``path``.

    Raises:
        DataError: ``path`` does not end in .zarr, or exists and ``force`` is not set.
    """
    folder = Path(path)
    if folder.suffix != ".zarr":
        raise DataError(f"{folder}: the name of a dataset ends in .zarr; try {folder.name}.zarr.")
    genes, *rest = data.signal.shape
    encoding = {"signal": {"chunks": (min(genes, _GENES_PER_CHUNK), *rest)}}
    with new_output(folder, force=force) as made:
        data.xarray.to_zarr(
            made, zarr_format=3, consolidated=False, encoding=encoding, write_empty_chunks=True
        )
    return ChromatinDataset(data.xarray, folder)


def open_dataset(path: str | Path) -> ChromatinDataset:
    """Open a dataset and check it.

    The values are read into memory: a cell type of 19,802 genes × 5 marks × 100 bins takes 40 MB.

    Raises:
        DataError: there is no dataset at ``path``, it is damaged, or it does not fit the schema.
    """
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"{folder}: no such dataset.")
    if not (folder / "zarr.json").is_file():
        raise DataError(f"{folder}: expected a dataset, a .zarr folder with zarr.json in it.")
    try:
        content = _load(folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise DataError(f"{folder}: the dataset is damaged ({error}); build it again.") from error
    # Zarr gives numpy's variable-length strings, which pandas and numpy.unique do not take.
    texts = {n: v.astype(object) for n, v in content.coords.items() if v.dtype.kind == "T"}
    return ChromatinDataset(content.assign_coords(texts), folder)


def _load(folder: Path) -> xr.Dataset:
    with warnings.catch_warnings():
        # Of other files in the folder, such as those of a file manager.
        warnings.filterwarnings("ignore", "Object at .* is not recognized", ZarrUserWarning)
        _check_complete(folder)
        with xr.open_zarr(folder, consolidated=False, chunks=None) as opened:
            content: xr.Dataset = opened.load()
    return content


def _check_complete(folder: Path) -> None:
    """Check that no part is lost: Zarr would leave out a variable, or read a chunk as zeros."""
    arrays = dict(zarr.open_group(folder, mode="r").arrays())
    for part in folder.iterdir():
        if part.is_dir() and not part.name.startswith(".") and part.name not in arrays:
            raise ValueError(f"{part.name}/zarr.json is missing or spoilt")
    for name, array in arrays.items():
        if array.nchunks_initialized < array.nchunks:
            raise ValueError(f"a chunk of '{name}' is missing")
