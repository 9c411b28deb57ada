"""Maps of some genes: those that a run folder holds, or else new ones."""

from collections.abc import Sequence

import xarray as xr

from attendome.data import ChromatinDataset
from attendome.workflows.explaining import Progress, explain, origin_of
from attendome.workflows.run import Run


def chosen(
    data: ChromatinDataset, split: str | None = None, genes: Sequence[str] | None = None
) -> ChromatinDataset:
    """Select the genes of a split, and among them those named, by ID or name; by default all.

    Raises:
        DataError: the split has no genes, or a name is not that of one gene.
    """
    part = data.split(split) if split else data
    return part.with_genes(genes) if genes else part


def maps_of(
    run: Run,
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
    maps = _stored(run, data, method)
    if maps is None or not part.xarray.indexes["gene"].isin(maps.indexes["gene"]).all():
        maps = explain(run.model, run.description, part, method, progress=progress)
    return maps.drop_dims("predicted", errors="ignore").sel(gene=part.xarray["gene"].to_numpy())


def _stored(run: Run, data: ChromatinDataset, method: str) -> xr.Dataset | None:
    """Open stored maps; None where there are none, or they are of other weights or data."""
    path = run.path / f"{method}.zarr"
    if not path.is_dir():
        return None
    try:
        with xr.open_zarr(path, consolidated=False, chunks=None) as opened:
            maps: xr.Dataset = opened.load()
        genes = [str(gene) for gene in maps["gene"].to_numpy()]
        explained = ChromatinDataset(data.xarray.sel(gene=genes))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError):
        return None  # damaged, or of genes that the dataset does not have
    expected = origin_of(run.path, explained) | {"method": method}
    same = expected.items() <= maps.attrs.items() and "importance" in maps
    texts = {n: v.astype(object) for n, v in maps.coords.items() if v.dtype.kind == "T"}
    return maps.assign_coords(texts) if same else None
