"""The multi-layer perceptron of AttentiveChrome's first release: no order of bins, no attention.

Singh, Lanchantin, Sekhon, Qi (github.com/QData/AttentiveChrome, first release): the signal of all
marks and bins, 500 numbers as published, then layers of 125 and 50 units and the output.

Left open there, and taken here: ReLU after each of the two layers, and no dropout; one logit stands
for the two classes of the published output, whose softmax depends on their difference only.
"""

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.models import lstm
from attendome.models.blocks import InputTransform, TransformName, check_signal
from attendome.models.outputs import ChromatinOutput


class MlpSettings(Settings):
    """Architecture of the perceptron."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    first_hidden: int = Field(default=125, ge=1)
    """Units of the first layer."""
    second_hidden: int = Field(default=50, ge=1)
    """Units of the second layer."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the units of both layers that is dropped in training; 0 as published."""


class Mlp(nn.Module):
    """Predict from the signal of all marks and bins at once.

    Args:
        marks: number of marks.
        bins: number of bins.
        settings: sizes and options, as published by default.
    """

    def __init__(self, marks: int, bins: int, settings: MlpSettings | None = None) -> None:
        super().__init__()
        settings = settings or MlpSettings()
        self.marks, self.bins = marks, bins
        self.transform = InputTransform(settings.transform, marks)
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(marks * bins, settings.first_hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.first_hidden, settings.second_hidden),
            nn.ReLU(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.second_hidden, 1),
        )

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict; there is no attention.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        check_signal(signal, self.marks, self.bins)
        return ChromatinOutput(self.layers(self.transform(signal)).squeeze(-1))


PAPER = {**lstm.PAPER, "dropout": 0.0}
"""The first release's values for training, as of its LSTM; it states no dropout for this model."""

DEFAULT = {"transform": "log1p", "dropout": 0.5, "learning_rate": 1e-3, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
