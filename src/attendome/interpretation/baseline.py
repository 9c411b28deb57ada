"""What a signal is held against: the signal of a gene that has nothing there."""

from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from attendome.config import Settings
from attendome.errors import SettingsError


class BaselineSettings(Settings):
    """What stands for a mark, or a bin, that is not there."""

    baseline: Literal["zero", "mean"] = Field(default="zero")
    """No signal, or in each bin the mean signal of the mark over the genes explained."""


def baseline_of(
    signal: Float[Tensor, "gene mark bin"], settings: BaselineSettings
) -> Float[Tensor, "1 mark bin"]:
    """Give the baseline of a dataset.

    Raises:
        SettingsError: it is the mean of one gene, which is that gene.
    """
    if settings.baseline == "mean" and len(signal) == 1:
        raise SettingsError(
            "baseline = mean is the mean over the genes explained, but there is one gene only; "
            "explain more genes, or choose baseline = zero."
        )
    mean = signal.mean(dim=0, keepdim=True)
    return torch.zeros_like(mean) if settings.baseline == "zero" else mean


def completeness_error(total: Float[Tensor, " gene"], change: Float[Tensor, " gene"]) -> float:
    """Say how far importance is from adding up to the change of the prediction.

    Args:
        total: importance of each gene, over all cells.
        change: its prediction minus that of the baseline.

    Returns:
        The mean size of their difference, as a share of the mean size of the change.
    """
    size = change.abs().mean().clamp(min=torch.finfo(change.dtype).tiny)
    return float((total - change).abs().mean() / size)
