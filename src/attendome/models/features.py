"""What the classical models see of a gene: all bins, means of groups of bins, or one per mark."""

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models.blocks import InputTransform, TransformName, check_signal

FeatureName = Literal["all", "pool", "best-bin"]


class FeatureSettings(Settings):
    """The input of a classical model."""

    transform: TransformName = "log1p"
    """What is done to the signal first: counts, log1p or depth-normalised."""
    features: FeatureName = "pool"
    """All bins; the mean of each group of bins (pool); or of each mark the one bin that is most
    correlated with expression, or else the label, among the training genes (best-bin)."""
    pool: int = Field(default=10, ge=1)
    """Number of bins in a group; the last group is smaller where they do not divide evenly."""


class Features(nn.Module):
    """Turn the signal of a gene into the features of a classical model.

    Args:
        marks: number of marks.
        bins: number of bins.
        settings: which features.
    """

    best_bin: Tensor

    def __init__(self, marks: int, bins: int, settings: FeatureSettings) -> None:
        super().__init__()
        self.marks, self.bins, self.settings = marks, bins, settings
        self.transform = InputTransform(settings.transform, marks)
        self.register_buffer("best_bin", torch.zeros(marks, dtype=torch.int64))

    @torch.no_grad()
    def fit(self, signal: Float[Tensor, "gene mark bin"], target: Float[Tensor, " gene"]) -> None:
        """Find the best bin of each mark: the highest |Pearson's r| with the target."""
        values = self.transform(signal).double()
        values, aim = values - values.mean(dim=0), target.double() - target.double().mean()
        spread = values.square().sum(dim=0).sqrt()
        r = torch.einsum("gmb,g->mb", values, aim) / spread.clamp(min=1e-12)
        self.best_bin.copy_(r.abs().argmax(dim=1))

    @torch.no_grad()
    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> Float[Tensor, "batch feature"]:
        """Give the features of each gene, mark by mark.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        check_signal(signal, self.marks, self.bins)
        values: Tensor = self.transform(signal)
        if self.settings.features == "best-bin":
            chosen = self.best_bin.expand(len(signal), -1).unsqueeze(-1)
            return values.gather(2, chosen).squeeze(-1)
        if self.settings.features == "pool":
            groups = torch.split(values, self.settings.pool, dim=2)
            values = torch.stack([group.mean(dim=2) for group in groups], dim=2)
        return values.flatten(1)

    def names(self, marks: Sequence[str], bin_size: int) -> list[str]:
        """Name the features by mark and place, in bp from the TSS in the middle of the window."""

        def named(mark: str, first: int, bins: int) -> str:
            start = first * bin_size - self.bins * bin_size // 2
            return f"{mark} [{start:+d}, {start + bins * bin_size:+d})"

        if self.settings.features == "best-bin":
            return [
                named(m, best, 1) for m, best in zip(marks, self.best_bin.tolist(), strict=True)
            ]
        size = self.settings.pool if self.settings.features == "pool" else 1
        firsts = range(0, self.bins, size)
        return [named(m, first, min(size, self.bins - first)) for m in marks for first in firsts]
