"""The LSTM baseline of the AttentiveChrome paper: one LSTM over the bins, no attention.

Singh, Lanchantin, Sekhon, Qi: Attend and Predict: Understanding Gene Regulation by Selective
Attention on Chromatin. NIPS 2017, arXiv 1708.00339, model "LSTM"; equations 2–4 with all marks of a
bin as the input x_t, and logit = w · [h_T forward; h_1 backward] + b.

Left open there, and taken here: the size of the LSTM is that of AttentiveChrome, 32 each way; the
prediction is made from the last state of each direction, which has read all bins; one logit stands
for the two classes of the first release, whose softmax depends on their difference only.
"""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models.blocks import InputTransform, TransformName, check_signal
from attendome.models.outputs import ChromatinOutput


class LstmSettings(Settings):
    """Architecture of the LSTM baseline."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    bin_hidden: int = Field(default=32, ge=1)
    """Size of the LSTM over bins, per direction."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the LSTM's outputs that is dropped in training."""


class Lstm(nn.Module):
    """Predict from the last states of a bidirectional LSTM over the bins.

    Args:
        marks: number of marks.
        bins: number of bins; no parameter depends on it.
        settings: sizes and options, as published by default.
    """

    def __init__(self, marks: int, bins: int, settings: LstmSettings | None = None) -> None:
        super().__init__()
        settings = settings or LstmSettings()
        self.marks, self.bins = marks, bins
        self.transform = InputTransform(settings.transform, marks)
        self.encoder = nn.LSTM(marks, settings.bin_hidden, bidirectional=True, batch_first=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.output = nn.Linear(2 * settings.bin_hidden, 1)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict; there is no attention.

        Raises:
            ValueError: the signal is not of as many marks as the model.
        """
        check_signal(signal, self.marks)
        _, (last, _) = self.encoder(self.transform(signal).transpose(1, 2))
        gene = self.dropout(torch.cat([last[0], last[1]], dim=1))
        return ChromatinOutput(self.output(gene).squeeze(-1))


PAPER = {
    "transform": "counts",
    "dropout": 0.5,
    "optimiser": "sgd",
    "learning_rate": 1e-3,
    "batch_size": 1,
    "epochs": 100,
    "patience": 100,
    "gradient_clip_norm": None,
    "gradient_clip_value": 5.0,
    "weight_decay": 0.0,
}
"""The first release's values: SGD, a gene at a time, gradients cut to ±5. The number of epochs, not
published for it, is DeepChrome's; the best by validation is kept."""

DEFAULT = {
    "transform": "log1p",
    "dropout": 0.5,
    "learning_rate": 1e-3,
    "epochs": 100,
    "patience": 15,
}
"""The best of a small search on validation data: docs/default-settings.md."""
