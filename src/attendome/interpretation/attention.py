"""Attention: where along each mark (α) and at which mark (β) the model looked."""

import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor, nn

from attendome.config import Settings
from attendome.data import ChromatinDataset
from attendome.interpretation.maps import gene_maps
from attendome.interpretation.marks import Explainer, OnMarks, Signal, cell_maps
from attendome.models.descriptions import ChromatinDescription
from attendome.models.outputs import ChromatinOutput
from attendome.training.inference import model_input, run_model


def prediction_maps(
    model: nn.Module, data: ChromatinDataset, description: ChromatinDescription
) -> xr.Dataset:
    """Give the prediction for each gene, with its attention where the model has any.

    Args:
        model: a chromatin model.
        data: the genes; its marks are in the order of the model's input, and may be some of them.
        description: which input the model takes, and what it predicts.

    Returns:
        What ``gene_maps`` gives, of α and β.
    """
    output = run_model(model, model_input(data, description.marks))
    present = [description.marks.index(mark) for mark in data.marks]
    known = {name: values[:, present] for name, values in _known(output).items()}
    readout = description.readout
    return gene_maps(known, readout(output.prediction), data, readout)


def attention(model: OnMarks, _signal: Signal, _settings: Settings) -> Explainer:
    """Explain by α · β, or by what the model has of the two."""

    @torch.no_grad()
    def explain(genes: Signal) -> dict[str, Tensor]:
        found = _known(model.output(genes))
        alpha = found.get("alpha", even_over_bins(genes))
        beta = found.get("beta", alpha.new_ones(alpha.shape[:2]))
        return found | cell_maps(alpha * beta.unsqueeze(2))

    return explain


def alpha_alone(model: OnMarks, _signal: Signal, _settings: Settings) -> Explainer:
    """Explain by α; all marks count alike."""
    return torch.no_grad()(lambda genes: cell_maps(_known(model.output(genes))["alpha"]))


def beta_alone(model: OnMarks, _signal: Signal, _settings: Settings) -> Explainer:
    """Explain by β; all bins count alike."""

    @torch.no_grad()
    def explain(genes: Signal) -> dict[str, Tensor]:
        beta = _known(model.output(genes))["beta"]
        return cell_maps(even_over_bins(genes) * beta.unsqueeze(2))

    return explain


def even_over_bins(genes: Signal) -> Float[Tensor, "gene mark bin"]:
    """Give the α of a model that looks at no bin more than at another."""
    return torch.full_like(genes, 1 / genes.shape[2])


def _known(output: ChromatinOutput) -> dict[str, Tensor]:
    """Give the attention that there is, by name."""
    found = {"alpha": output.alpha, "beta": output.beta}
    return {name: values for name, values in found.items() if values is not None}
