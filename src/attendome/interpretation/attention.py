"""Attention maps: where along each mark (α) and at which mark (β) the model looked."""

import numpy as np
import torch
import xarray as xr
from jaxtyping import Bool
from torch import nn

from attendome.data import ChromatinDataset
from attendome.data.schema import GENE_COLUMNS
from attendome.errors import SettingsError
from attendome.models.outputs import ON_FROM
from attendome.models.registry import models_with_attention
from attendome.models.weights import ModelDescription
from attendome.training.inference import model_input, run_model


def attention_maps(
    model: nn.Module, data: ChromatinDataset, description: ModelDescription
) -> xr.Dataset:
    """Give the attention of each gene, and its mean over genes predicted on and off.

    Args:
        model: a model that gives α, β or both.
        data: the genes; its marks are in the order of the model's input, and may be some of them.
        description: which input the model takes, and what it predicts.

    Returns:
        What ``prediction_maps`` gives.

    Raises:
        SettingsError: the model has no attention.
    """
    maps = prediction_maps(model, data, description)
    if not _attention_of(maps):
        raise SettingsError(
            f"The model has no attention to explain; train one that has: {models_with_attention()}."
        )
    return maps


def prediction_maps(
    model: nn.Module, data: ChromatinDataset, description: ModelDescription
) -> xr.Dataset:
    """Give the prediction for each gene, with its attention where the model has any.

    Args:
        model: a chromatin model.
        data: the genes; its marks are in the order of the model's input, and may be some of them.
        description: which input the model takes, and what it predicts.

    Returns:
        ``probability[gene]``, or ``predicted_expression[gene]`` and ``observed_expression[gene]``
        of a model of expression; where the model gives them, ``alpha[gene, mark, bin]`` and
        ``beta[gene, mark]``. With ``predicted`` = on (probability ≥ .5) or off, or high (above the
        median prediction) or low, where there are such genes: ``alpha_mean[predicted, mark, bin]``,
        ``beta_mean[predicted, mark]`` and ``genes[predicted]``, their number. ``label[gene]`` where
        known. Coordinates are those of the dataset. The attribute ``alpha_shared`` says that α is
        one for all marks, and so says nothing about which mark.
    """
    output = run_model(model, model_input(data, description.marks))
    present = [description.marks.index(mark) for mark in data.marks]
    readout = description.readout
    coords = {name: data.xarray[name] for name in ("gene", "mark", "bin_start", *GENE_COLUMNS)}
    maps = xr.Dataset(
        {readout.column: ("gene", readout(output.prediction).numpy())},
        coords,
        {"method": "attention", "bin_size": data.bin_size, "oriented": data.oriented},
    )
    if output.alpha is not None:
        alpha = output.alpha[:, present]
        maps["alpha"] = (("gene", "mark", "bin"), alpha.numpy())
        one = torch.equal(alpha, alpha[:, :1].expand_as(alpha))
        maps.attrs["alpha_shared"] = one and len(data.marks) > 1
    if output.beta is not None:
        maps["beta"] = (("gene", "mark"), output.beta[:, present].numpy())
    if "label" in data.xarray:
        maps["label"] = ("gene", data.labels())
    if "expression" in data.xarray and readout.target == "expression":
        maps["observed_expression"] = ("gene", data.log_expression(strict=False))
    return maps.merge(_means(maps))


def _attention_of(maps: xr.Dataset) -> list[str]:
    return [name for name in ("alpha", "beta") if name in maps]


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
    for name in _attention_of(maps):
        values = [maps[name].to_numpy()[chosen].mean(axis=0) for chosen in groups.values()]
        means[f"{name}_mean"] = (("predicted", *maps[name].dims[1:]), np.stack(values))
    return means
