"""Maps of some genes: those that a run folder holds, or else new ones."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from attendome.data import ChromatinDataset
from attendome.data.store import plain_texts
from attendome.errors import DataError
from attendome.workflows.explaining import explain, origin_of
from attendome.workflows.parts import Progress

if TYPE_CHECKING:
    from attendome.workflows.run import Run


def maps_of(
    run: "Run",
    data: ChromatinDataset,
    part: ChromatinDataset,
    method: str = "attention",
    progress: Progress = lambda _done, _all: None,
) -> xr.Dataset:
    """Give the maps of some genes of a dataset.

    METHOD.zarr in the run folder is used, whatever its settings, where it holds these genes and was
    made by the same weights from the same data; else they are explained, by the default settings.

    Args:
        run: the run.
        data: the dataset, as ``run.dataset`` gives it.
        part: the genes.
        method: name of the method.
        progress: told how many genes are explained, and of how many.

    Returns:
        What ``explain`` gives, without means over genes.

    Raises:
        SettingsError: the method is unknown, or the model does not take it.
    """
    genes = part.xarray["gene"].to_numpy()
    try:
        maps = stored_maps(run.path / f"{method}.zarr", method, run.path, data)
        known = bool(np.isin(genes, maps["gene"]).all())
    except DataError:
        known = False
    if not known:
        maps = explain(run.model, run.description, part, method, progress=progress)
    return maps.drop_dims("predicted", errors="ignore").sel(gene=genes)


def stored_maps(path: Path, method: str, folder: Path, data: ChromatinDataset) -> xr.Dataset:
    """Read the maps that a method has left in a file .zarr.

    Args:
        path: the file.
        method: name of the method.
        folder: the run folder.
        data: the dataset that the genes must be of.

    Raises:
        DataError: they are damaged, or of another method, other weights or other data.
    """
    try:
        with xr.open_zarr(path, consolidated=False, chunks=None) as opened:
            maps = plain_texts(opened.load())
        genes, about = maps["gene"].to_numpy(), maps.attrs
        lost = {"importance", "importance_mean", "mark_importance"} - set(maps)
    except (OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
        raise DataError(f"it is damaged ({error}); make it again.") from error
    if lost or about.get("method") != method:
        raise DataError(f"it does not hold the maps of {method}.")
    known = np.isin(genes, data.xarray["gene"]).all()
    part = replace(data, xarray=data.xarray.sel(gene=genes)) if known else data
    origin = origin_of(folder, part)
    if about.get("weights_sha256") != origin["weights_sha256"]:
        raise DataError("it is of other weights than the run has now; make it again.")
    if about.get("data_fingerprint") != origin["data_fingerprint"]:
        raise DataError("it is of other data than were scored last; make it again.")
    return maps
