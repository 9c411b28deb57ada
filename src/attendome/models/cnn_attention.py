"""CNN-Attn of the AttentiveChrome paper: one convolution over the bins, one attention over them.

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339, model "CNN-Attn":
h_t = ReLU(conv(x))_t, α = softmax_t(h_t · u), logit = w · Σ_t α_t h_t + b.

All marks share the weights α_t: they say which bins were looked at, and nothing about which mark.
They are given for each mark, α[mark, bin] = α_t, so that they read as those of other models do (the
weight of a bin's signal of that mark); there is no β.

Left open there, and taken here: the convolution is DeepChrome's (50 filters of 10 bins, ReLU),
padded with zeros to as many positions as bins; attention takes the place of DeepChrome's pooling,
so that α is per bin, and, as in the models with LSTMs, a linear layer follows.
"""

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models import deep_chrome
from attendome.models.blocks import (
    BinConvolution,
    ContextAttention,
    InputTransform,
    TransformName,
    check_signal,
)
from attendome.models.outputs import ChromatinOutput


class CnnAttentionSettings(Settings):
    """Architecture of CNN-Attn."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    filters: int = Field(default=50, ge=1)
    """Number of filters of the convolution."""
    kernel: int = Field(default=10, ge=1)
    """Length of a filter, in bins."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the convolution's outputs that is dropped in training."""


class CnnAttention(nn.Module):
    """Predict from the attended sum of a convolution over the bins.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.
    """

    def __init__(self, marks: int, bins: int, settings: CnnAttentionSettings | None = None) -> None:
        super().__init__()
        settings = settings or CnnAttentionSettings()
        self.marks, self.bins = marks, bins
        self.transform = InputTransform(settings.transform, marks)
        self.encoder = BinConvolution(marks, settings.filters, settings.kernel)
        self.dropout = nn.Dropout(settings.dropout)
        self.attention = ContextAttention(settings.filters)
        self.output = nn.Linear(settings.filters, 1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over bins, the same for all marks.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        states = self.encoder(self.transform(signal))
        gene, weights = self.attention(self.dropout(states))
        alpha = weights.unsqueeze(1).expand(-1, self.marks, -1)
        return ChromatinOutput(self.output(gene).squeeze(-1), alpha)


PAPER = deep_chrome.PAPER
"""DeepChrome's values, since none are published for this model."""

DEFAULT = {"transform": "log1p", "dropout": 0.0, "learning_rate": 3e-4, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
