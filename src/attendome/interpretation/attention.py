"""Attention maps: where along each mark (α) and at which mark (β) the model looked."""

import numpy as np
import torch
import xarray as xr
from torch import nn

from attendome.data import ChromatinDataset
from attendome.data.schema import GENE_COLUMNS
from attendome.errors import SettingsError
from attendome.models.outputs import ON_FROM
from attendome.training.inference import run_model


def attention_maps(model: nn.Module, data: ChromatinDataset) -> xr.Dataset:
    """Give the attention of each gene, and its mean over genes predicted on and off.

    Args:
        model: a model that gives α and β.
        data: the genes; its marks are in the order of the model's input.

    Returns:
        ``alpha[gene, mark, bin]``, ``beta[gene, mark]`` and ``probability[gene]``; with
        ``predicted`` = on (probability ≥ .5) or off where there are such genes,
        ``alpha_mean[predicted, mark, bin]``, ``beta_mean[predicted, mark]`` and
        ``genes[predicted]``, their number; ``label[gene]`` where known. Coordinates are those of
        the dataset.

    Raises:
        SettingsError: the model has no attention.
    """
    output = run_model(model, torch.from_numpy(data.signal.to_numpy()))
    if output.alpha is None or output.beta is None:
        raise SettingsError(
            "The model has no attention over bins and marks; choose another method."
        )
    coords = {name: data.xarray[name] for name in ("gene", "mark", "bin_start", *GENE_COLUMNS)}
    maps = xr.Dataset(
        {
            "alpha": (("gene", "mark", "bin"), output.alpha.numpy()),
            "beta": (("gene", "mark"), output.beta.numpy()),
            "probability": ("gene", output.logit.sigmoid().numpy()),
        },
        coords,
        {"method": "attention", "bin_size": data.bin_size, "oriented": data.oriented},
    )
    if "label" in data.xarray:
        maps["label"] = ("gene", data.labels())
    return maps.merge(_means(maps))


def _means(maps: xr.Dataset) -> xr.Dataset:
    on = maps["probability"].to_numpy() >= ON_FROM
    groups = {name: chosen for name, chosen in (("on", on), ("off", ~on)) if chosen.any()}
    means = [maps[["alpha", "beta"]].isel(gene=chosen).mean("gene") for chosen in groups.values()]
    joined = xr.concat(means, dim="predicted").rename(alpha="alpha_mean", beta="beta_mean")
    joined["genes"] = ("predicted", np.array([chosen.sum() for chosen in groups.values()]))
    return joined.assign_coords(predicted=np.array(list(groups), object))
