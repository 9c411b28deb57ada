"""Run a trained model over many genes."""

from collections.abc import Sequence
from itertools import chain

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attendome.data import ChromatinDataset
from attendome.models.outputs import ChromatinOutput
from attendome.training.batches import EVALUATION_BATCH


def placed(model: nn.Module, accelerator: str) -> nn.Module:
    """Put a trained model on a GPU where there is one, unless ``accelerator`` is ``cpu``."""
    return model.to("cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu")


def device_of(model: nn.Module) -> torch.device:
    """Tell where a model is."""
    return next(chain(model.parameters(), model.buffers())).device


def model_input(data: ChromatinDataset, marks: Sequence[str]) -> Float[Tensor, "gene mark bin"]:
    """Give the signal of marks by name, NaN for those that a dataset does not have."""
    return torch.from_numpy(data.signal.reindex(mark=list(marks)).to_numpy())


@torch.inference_mode()
def run_model(model: nn.Module, signal: Float[Tensor, "gene mark bin"]) -> ChromatinOutput:
    """Give the output of a chromatin model for each gene, computed where the model is."""
    device = device_of(model)
    model = model.eval()
    parts = [model(batch.to(device)) for batch in torch.split(signal, EVALUATION_BATCH)]
    logits, alphas, betas = zip(*parts, strict=True)
    return ChromatinOutput(
        torch.cat(logits).cpu(),
        None if alphas[0] is None else torch.cat(alphas).cpu(),
        None if betas[0] is None else torch.cat(betas).cpu(),
    )
