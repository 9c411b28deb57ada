"""DeepChrome: one convolution over the bins and a perceptron on what it finds.

Singh, Lanchantin, Robins, Qi: DeepChrome: deep-learning for predicting gene expression from histone
modifications. Bioinformatics 2016, arXiv 1607.02078. Convolution of all marks (50 filters of 10
bins, without padding), ReLU, max-pooling by 5, dropout, then layers of 625 and 125 units and the
output.

Left open there, and taken here: ReLU after each of the two layers; positions left over by the
pooling (1 of 91 at 100 bins) are not read; one logit stands for the two classes of the published
output, whose softmax depends on their difference only.
"""

from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.errors import SettingsError
from attendome.models.blocks import InputTransform, TransformName, check_signal
from attendome.models.outputs import ChromatinOutput


class DeepChromeSettings(Settings):
    """Architecture of DeepChrome."""

    transform: TransformName = "counts"
    """What is done to the signal first: counts (as published), log1p or depth-normalised."""
    filters: int = Field(default=50, ge=1)
    """Number of filters of the convolution."""
    kernel: int = Field(default=10, ge=1)
    """Length of a filter, in bins."""
    pool: int = Field(default=5, ge=1)
    """Positions of which the highest value is kept."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the pooled values that is dropped in training."""
    first_hidden: int = Field(default=625, ge=1)
    """Units of the first layer after the convolution."""
    second_hidden: int = Field(default=125, ge=1)
    """Units of the second layer."""


class DeepChrome(nn.Module):
    """Predict from a convolution over the bins and a perceptron.

    Args:
        marks: number of marks.
        bins: number of bins, at least ``kernel`` + ``pool`` − 1.
        settings: sizes and options, as published by default.

    Raises:
        SettingsError: there are fewer bins than convolution and pooling need.
    """

    def __init__(self, marks: int, bins: int, settings: DeepChromeSettings | None = None) -> None:
        super().__init__()
        settings = settings or DeepChromeSettings()
        pooled = (bins - settings.kernel + 1) // settings.pool
        if pooled < 1:
            raise SettingsError(
                f"deep-chrome with kernel = {settings.kernel} and pool = {settings.pool} needs at "
                f"least {settings.kernel + settings.pool - 1} bins; found {bins}. Choose a smaller "
                "kernel or pool."
            )
        self.marks, self.bins = marks, bins
        self.transform = InputTransform(settings.transform, marks)
        self.convolution = nn.Sequential(
            nn.Conv1d(marks, settings.filters, settings.kernel),
            nn.ReLU(),
            nn.MaxPool1d(settings.pool),
        )
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(settings.dropout),
            nn.Linear(settings.filters * pooled, settings.first_hidden),
            nn.ReLU(),
            nn.Linear(settings.first_hidden, settings.second_hidden),
            nn.ReLU(),
            nn.Linear(settings.second_hidden, 1),
        )

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict; there is no attention.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        check_signal(signal, self.marks, self.bins)
        found = self.convolution(self.transform(signal))
        return ChromatinOutput(self.layers(found).squeeze(-1))


PAPER = {
    "transform": "counts",
    "dropout": 0.5,
    "optimiser": "sgd",
    "learning_rate": 1e-3,
    "batch_size": 1,
    "epochs": 100,
    "patience": 100,
    "gradient_clip_norm": None,
    "gradient_clip_value": None,
    "weight_decay": 0.0,
}
"""The published values: SGD, a gene at a time, 100 epochs, the best of which is kept."""

DEFAULT = {"transform": "log1p", "dropout": 0.5, "learning_rate": 3e-4, "patience": 15}
"""The best of a small search on validation data: docs/default-settings.md."""
