"""Run a trained model over many genes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attendome.models.outputs import ChromatinOutput
from attendome.training.batches import EVALUATION_BATCH


@torch.inference_mode()
def run_model(model: nn.Module, signal: Float[Tensor, "gene mark bin"]) -> ChromatinOutput:
    """Give the output of a chromatin model for each gene, on a GPU where there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = model.to(device).eval()
    parts = [model(batch.to(device)) for batch in torch.split(signal, EVALUATION_BATCH)]
    logits, alphas, betas = zip(*parts, strict=True)
    return ChromatinOutput(
        torch.cat(logits).cpu(),
        None if alphas[0] is None else torch.cat(alphas).cpu(),
        None if betas[0] is None else torch.cat(betas).cpu(),
    )
