"""CNN-α,β of the AttentiveChrome paper: convolutions in place of the LSTMs over bins.

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339, model "CNN-α,β": h_jt = ReLU(conv_j(x_j))_t for
each mark j in place of equations 2–4, then AttentiveChrome's attention over bins (α) and, over the
marks, LSTM and attention (β).

Left open there, and taken here: the convolutions are DeepChrome's (50 filters of 10 bins, ReLU),
with one mark as input, padded with zeros to as many positions as bins, and without pooling, so that
α is per bin; the marks, which no convolution could follow along an axis, are still read by an LSTM,
so that the encoder of bins is all that differs from AttentiveChrome.
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
    MarkwiseAttention,
    TransformName,
    check_signal,
)
from attendome.models.outputs import ChromatinOutput


class CnnAlphaBetaSettings(Settings):
    """Architecture of CNN-α,β."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    filters: int = Field(default=50, ge=1)
    """Number of filters of each mark's convolution."""
    kernel: int = Field(default=10, ge=1)
    """Length of a filter, in bins."""
    mark_hidden: int = Field(default=16, ge=1)
    """Size of the LSTM over marks, per direction."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the convolutions' outputs that is dropped in training."""


class CnnAlphaBeta(nn.Module):
    """Predict with convolutions over bins, an LSTM over marks, and attention over both.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.
    """

    def __init__(self, marks: int, bins: int, settings: CnnAlphaBetaSettings | None = None) -> None:
        super().__init__()
        settings = settings or CnnAlphaBetaSettings()
        self.marks, self.bins = marks, bins
        mark_size = 2 * settings.mark_hidden
        self.transform = InputTransform(settings.transform, marks)
        self.bin_encoders = nn.ModuleList(
            BinConvolution(1, settings.filters, settings.kernel) for _ in range(marks)
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.bin_attentions = MarkwiseAttention(marks, settings.filters)
        self.mark_encoder = nn.LSTM(
            settings.filters, settings.mark_hidden, bidirectional=True, batch_first=True
        )
        self.mark_attention = ContextAttention(mark_size)
        self.output = nn.Linear(mark_size, 1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over bins and over marks.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        by_mark = self.transform(signal).split(1, dim=1)
        encoded = zip(self.bin_encoders, by_mark, strict=True)
        states = [self.dropout(encoder(of_mark)) for encoder, of_mark in encoded]
        marks, alpha = self.bin_attentions(states)
        mark_states, _ = self.mark_encoder(marks)
        gene, beta = self.mark_attention(mark_states)
        return ChromatinOutput(self.output(gene).squeeze(-1), alpha, beta)


PAPER = deep_chrome.PAPER
"""DeepChrome's values, since none are published for this model."""

DEFAULT = {"transform": "log1p", "dropout": 0.5, "learning_rate": 3e-3, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
