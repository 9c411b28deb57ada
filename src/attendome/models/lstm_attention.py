"""LSTM-Attn of the AttentiveChrome paper: one LSTM over the bins, one attention over them.

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339, model "LSTM-Attn"; equations 2–5 with all marks
of a bin as the input x_t, and logit = w · Σ_t α_t h_t + b.

All marks share the weights α_t: they say which bins were looked at, and nothing about which mark.
They are given for each mark, α[mark, bin] = α_t, so that they read as those of other models do (the
weight of a bin's signal of that mark); there is no β.

Left open there, and taken here: the size of the LSTM is that of AttentiveChrome, 32 each way; one
logit stands for the two classes of the first release.
"""

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models import lstm
from attendome.models.blocks import (
    ContextAttention,
    InputTransform,
    TransformName,
    check_signal,
)
from attendome.models.outputs import ChromatinOutput


class LstmAttentionSettings(Settings):
    """Architecture of LSTM-Attn."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    bin_hidden: int = Field(default=32, ge=1)
    """Size of the LSTM over bins, per direction."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the LSTM's outputs that is dropped in training."""


class LstmAttention(nn.Module):
    """Predict from the attended sum of the states of a bidirectional LSTM over the bins.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.
    """

    def __init__(
        self, marks: int, bins: int, settings: LstmAttentionSettings | None = None
    ) -> None:
        super().__init__()
        settings = settings or LstmAttentionSettings()
        self.marks, self.bins = marks, bins
        self.transform = InputTransform(settings.transform, marks)
        self.encoder = nn.LSTM(marks, settings.bin_hidden, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.attention = ContextAttention(2 * settings.bin_hidden)
        self.output = nn.Linear(2 * settings.bin_hidden, 1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over bins, the same for all marks.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        states, _ = self.encoder(self.transform(signal).transpose(1, 2))
        gene, weights = self.attention(self.dropout(states))
        alpha = weights.unsqueeze(1).expand(-1, self.marks, -1)
        return ChromatinOutput(self.output(gene).squeeze(-1), alpha)


PAPER = lstm.PAPER
"""The first release's values, as of the LSTM without attention."""

DEFAULT = {"transform": "log1p", "dropout": 0.5, "learning_rate": 3e-3, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
