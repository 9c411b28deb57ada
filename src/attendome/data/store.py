"""Datasets on disk: a Zarr v3 folder that is either whole or not there."""

from pathlib import Path

import numpy as np
import xarray as xr

from attendome.data.chromatin import ChromatinDataset
from attendome.errors import DataError
from attendome.outputs import new_output

_GENES_PER_CHUNK = 1024


def save_dataset(data: ChromatinDataset, path: Path, *, force: bool = False) -> ChromatinDataset:
    """Write a dataset to the folder ``path``.

    Raises:
        DataError: ``path`` does not end in .zarr, or exists and ``force`` is not set.
    """
    if path.suffix != ".zarr":
        raise DataError(f"{path}: the name of a dataset ends in .zarr; try {path.name}.zarr.")
    genes, *rest = data.signal.shape
    # A lost chunk reads as the fill value: NaN, which the check on opening refuses.
    chunks = (min(genes, _GENES_PER_CHUNK), *rest)
    encoding = {"signal": {"chunks": chunks, "fill_value": np.float32("nan")}}
    with new_output(path, force=force) as made:
        data.xarray.to_zarr(made, zarr_format=3, consolidated=False, encoding=encoding)
    return ChromatinDataset(data.xarray, path)


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
        raise DataError(f"{folder}: expected a dataset, a .zarr folder with a file zarr.json in it.")
    try:
        with xr.open_zarr(folder, consolidated=False, chunks=None) as opened:
            content = opened.load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise DataError(f"{folder}: the dataset is damaged ({error}); build it again.") from error
    # Zarr gives numpy's variable-length strings, which pandas and numpy.unique do not take.
    texts = {n: v.astype(object) for n, v in content.coords.items() if v.dtype.kind == "T"}
    return ChromatinDataset(content.assign_coords(texts), folder)
