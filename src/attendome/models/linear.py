"""Linear least squares on few features: the model that equalled the networks in a later study.

arXiv 2209.11923 finds that a linear model of a dozen parameters does as well as a convolutional
network. Left open there for labels, and taken here: the label, 0 or 1, is what the line is fitted
to, and its value, cut to between 0 and 1, is the probability.
"""

import numpy as np
from jaxtyping import Float
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from attendome.models.classical import LinearModel, to_log_odds
from attendome.models.features import FeatureSettings


class LinearSettings(FeatureSettings):
    """Linear regression."""

    penalty: float = Field(default=1.0, ge=0)
    """Strength of the L2 penalty on the weights of standardised features; 0 for none."""


class Linear(LinearModel):
    """Expression, or a probability between 0 and 1, that is linear in the features."""

    def __init__(self, marks: int, bins: int, settings: LinearSettings | None = None) -> None:
        self.settings = settings or LinearSettings()
        super().__init__(marks, bins, self.settings)

    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels: the same line."""
        return self.regressor(seed)

    def regressor(self, seed: int) -> BaseEstimator:
        """Make the estimator of expression, not fitted yet."""
        return make_pipeline(StandardScaler(), Ridge(self.settings.penalty, random_state=seed))

    def log_odds(self, features: Float[np.ndarray, "batch feature"]) -> Float[np.ndarray, " batch"]:
        """Give the log odds of the value of the line."""
        return to_log_odds(self.estimator.predict(features))


PAPER = {"transform": "log1p", "features": "best-bin", "penalty": 0.0}
"""A weight per mark and a constant."""

DEFAULT = {"features": "pool", "penalty": 100.0}
"""Better than one bin per mark on validation data: docs/default-settings.md."""
