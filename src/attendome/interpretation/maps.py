"""Maps of importance: numbers per gene, mark and bin, with the coordinates of their dataset."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from torch import Tensor

from attendome.data import ChromatinDataset
from attendome.data.schema import GENE_COLUMNS
from attendome.models.outputs import ON_FROM
from attendome.models.readout import Readout

DIMS = {
    "alpha": ("gene", "mark", "bin"),
    "beta": ("gene", "mark"),
    "importance": ("gene", "mark", "bin"),
    "mark_importance": ("gene", "mark"),
    "bin_importance": ("gene", "bin"),
}


def gene_maps(
    found: Mapping[str, Tensor],
    predicted: Float[Tensor, "gene"],
    data: ChromatinDataset,
    readout: Readout,
) -> xr.Dataset:
    """Put what was found for each gene together with its prediction and its coordinates.

    Args:
        found: some of ``alpha``, ``beta``, ``importance``, ``mark_importance``, ``bin_importance``.
        predicted: probabilities, or log expression.
        data: the genes.
        readout: what the model predicts.

    Returns:
        What was found, with ``probability[gene]``, or ``predicted_expression[gene]`` and
        ``observed_expression[gene]`` of a model of expression; ``label[gene]`` where known. With
        ``predicted`` = on (probability ≥ .5) or off, or high (above the median prediction) or low,
        where there are such genes: the mean over these genes of each map, such as
        ``alpha_mean[predicted, mark, bin]``, and ``genes[predicted]``, their number. The attribute
        ``alpha_shared`` says that α is one for all marks, and so says nothing about which mark.
    """
    coords = {name: data.xarray[name] for name in ("gene", "mark", "bin_start", *GENE_COLUMNS)}
    attributes = {"bin_size": data.bin_size, "oriented": data.oriented}
    maps = xr.Dataset({readout.column: ("gene", predicted.numpy())}, coords, attributes)
    for name, values in found.items():
        maps[name] = (DIMS[name], values.numpy())
    if "alpha" in found:
        one = bool((maps["alpha"] == maps["alpha"].isel(mark=0)).all())
        maps.attrs["alpha_shared"] = one and len(data.marks) > 1
    if "label" in data.xarray:
        maps["label"] = ("gene", data.labels())
    if "expression" in data.xarray and readout.target == "expression":
        maps["observed_expression"] = ("gene", data.log_expression(strict=False))
    return maps.merge(_means(maps))


def predicted_groups(maps: xr.Dataset) -> dict[str, Bool[np.ndarray, " gene"]]:
    """Divide the genes by what is predicted: on and off, or high and low expression."""
    if "probability" in maps:
        more, names = maps["probability"].to_numpy() >= ON_FROM, ("on", "off")
    else:
        predicted = maps["predicted_expression"].to_numpy()
        more, names = predicted > np.median(predicted), ("high", "low")
    found = zip(names, (more, ~more), strict=True)
    return {name: chosen for name, chosen in found if chosen.any()}


def _means(maps: xr.Dataset) -> xr.Dataset:
    groups = predicted_groups(maps)
    counts = np.array([chosen.sum() for chosen in groups.values()])
    means = xr.Dataset(
        {"genes": ("predicted", counts)}, {"predicted": np.array(list(groups), object)}
    )
    for name in [name for name in DIMS if name in maps]:
        values = [maps[name].to_numpy()[chosen].mean(axis=0) for chosen in groups.values()]
        means[f"{name}_mean"] = (("predicted", *maps[name].dims[1:]), np.stack(values))
    return means
