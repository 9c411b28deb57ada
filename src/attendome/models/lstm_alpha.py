"""LSTM-α of the AttentiveChrome paper: an LSTM with attention per mark, no level of marks.

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339, model "LSTM-α": equations 2–5 for each mark j,
m_j = Σ_t α_jt h_jt, and logit = w · [m_1; …; m_M] + b.

The logit is a sum of one term per mark, so that no combination of marks counts beyond what each
says alone; there is no β, and α does not rank the marks.

Left open there, and taken here: dropout, after the LSTM as in the first release, comes before the
attention; one logit stands for the two classes of that release.
"""

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models import lstm
from attendome.models.blocks import (
    InputTransform,
    MarkwiseAttention,
    MarkwiseLSTM,
    TransformName,
    check_signal,
)
from attendome.models.outputs import ChromatinOutput


class LstmAlphaSettings(Settings):
    """Architecture of LSTM-α."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    bin_hidden: int = Field(default=32, ge=1)
    """Size d of the LSTM over bins, per direction."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the LSTMs' outputs that is dropped in training."""


class LstmAlpha(nn.Module):
    """Predict from the attended sums of all marks, side by side.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.
    """

    def __init__(self, marks: int, bins: int, settings: LstmAlphaSettings | None = None) -> None:
        super().__init__()
        settings = settings or LstmAlphaSettings()
        self.marks, self.bins = marks, bins
        size = 2 * settings.bin_hidden
        self.transform = InputTransform(settings.transform, marks)
        self.bin_encoder = MarkwiseLSTM(marks, settings.bin_hidden, bidirectional=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.bin_attentions = MarkwiseAttention(marks, size)
        self.output = nn.Linear(marks * size, 1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over the bins of each mark.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        states = [self.dropout(of_mark) for of_mark in self.bin_encoder(self.transform(signal))]
        marks, alpha = self.bin_attentions(states)
        return ChromatinOutput(self.output(marks.flatten(1)).squeeze(-1), alpha)


PAPER = lstm.PAPER
"""The first release's values, as of the LSTM without attention."""

DEFAULT = {"transform": "log1p", "dropout": 0.0, "learning_rate": 3e-4, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
