"""AttentiveChrome: LSTMs with attention over bins (α) and over marks (β).

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339. With the settings of the preset ``paper`` this
is the LSTM-α,β of the authors' second release, 55,681 parameters for five marks.
"""

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models.blocks import (
    ContextAttention,
    InputTransform,
    MarkwiseAttention,
    MarkwiseLSTM,
    TransformName,
    check_signal,
)
from attendome.models.outputs import ChromatinOutput


class AttentiveChromeSettings(Settings):
    """Architecture of AttentiveChrome."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    bin_hidden: int = Field(default=32, ge=1)
    """Size d of the LSTM over bins, per direction."""
    mark_hidden: int = Field(default=16, ge=1)
    """Size of the LSTM over marks, per direction."""
    bidirectional: bool = True
    """Whether the LSTMs read in both directions."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the encodings of marks and gene that is dropped in training; 0 as published."""
    initialisation: Literal["uniform", "pytorch"] = "uniform"
    """How parameters start: uniform(−.1, .1), as published, or PyTorch's default for each layer."""


class AttentiveChrome(nn.Module):
    """Predict from the signal of marks around a TSS whether the gene is on.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.

    >>> import torch
    >>> model = AttentiveChrome(marks=5, bins=100)
    >>> output = model(torch.zeros(2, 5, 100))
    >>> output.prediction.shape, output.alpha.shape, output.beta.shape
    (torch.Size([2]), torch.Size([2, 5, 100]), torch.Size([2, 5]))
    """

    def __init__(
        self, marks: int, bins: int, settings: AttentiveChromeSettings | None = None
    ) -> None:
        super().__init__()
        settings = settings or AttentiveChromeSettings()
        self.marks, self.bins = marks, bins
        directions = 2 if settings.bidirectional else 1
        bin_size, mark_size = settings.bin_hidden * directions, settings.mark_hidden * directions
        self.transform = InputTransform(settings.transform, marks)
        self.bin_encoder = MarkwiseLSTM(
            marks, settings.bin_hidden, bidirectional=settings.bidirectional
        )
        self.bin_attentions = MarkwiseAttention(marks, bin_size)
        self.mark_encoder = nn.LSTM(
            bin_size, settings.mark_hidden, bidirectional=settings.bidirectional, batch_first=True
        )
        self.mark_attention = ContextAttention(mark_size)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(mark_size, 1)
        if settings.initialisation == "uniform":
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -0.1, 0.1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over bins and over marks.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        marks, alpha = self.bin_attentions(self.bin_encoder(self.transform(signal)))
        mark_states, _ = self.mark_encoder(self.dropout(marks))
        gene, beta = self.mark_attention(mark_states)
        return ChromatinOutput(self.output(self.dropout(gene)).squeeze(-1), alpha, beta)


PAPER = {
    "transform": "counts",
    "epochs": 30,
    "patience": 30,
    "batch_size": 16,
    "learning_rate": 2e-4,
    "gradient_clip_norm": 1.0,
    "weight_decay": 0.0,
    "initialisation": "uniform",
}
"""The second release's values: Adam, 30 epochs without early stopping, every parameter uniform."""

DEFAULT = {"transform": "log1p", "epochs": 50, "patience": 15, "learning_rate": 5e-4}
"""Better than the published values on validation data; docs/default-settings.md has the search."""
