"""How the number that a model gives becomes what is predicted."""

from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field
from scipy.special import expit, logit
from torch import Tensor

from attendome.config import Settings

TargetName = Literal["label", "expression"]


class Readout(Settings):
    """From a model's prediction x to a probability, or to log expression.

    - label: the probability that the gene is on, 1 / (1 + exp(−(scale · x + offset))). Fitted on
      validation genes, this is Platt's scaling (1999); with an offset of 0 it is temperature
      scaling (Guo, Pleiss, Sun, Weinberger, ICML 2017), the temperature being 1 / scale.
    - expression: scale · x + offset, the standard deviation and the mean of the training genes, in
      the unit of ``ChromatinDataset.log_expression``.
    """

    target: TargetName = "label"
    """What the model was trained to predict."""
    scale: float = Field(default=1.0, gt=0)
    """Factor of the prediction."""
    offset: float = 0.0
    """What is added."""

    @property
    def column(self) -> str:
        """The name of what is predicted, in tables."""
        return "probability" if self.target == "label" else "predicted_expression"

    def __call__(self, prediction: Float[Tensor, "gene"]) -> Float[Tensor, "gene"]:
        """Give probabilities, or log expression."""
        value = prediction * self.scale + self.offset
        return value.sigmoid() if self.target == "label" else value

    def uncalibrated(self, probability: Float[np.ndarray, "gene"]) -> Float[np.ndarray, "gene"]:
        """Give back the probabilities before the fitted scale."""
        log_odds = (logit(probability) - self.offset) / self.scale
        return np.asarray(expit(log_odds))
