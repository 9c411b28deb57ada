"""Logistic regression, as in ShallowChrome: one bin per mark, or more.

Frasca, Matteucci, Leone, Morelli, Masseroli: Accurate and highly interpretable prediction of gene
expression from histone modifications. BMC Bioinformatics 2022 (ShallowChrome). The published
features are ``features=best-bin``: of each mark the bin that is most correlated with expression.
"""

from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from attendome.errors import SettingsError
from attendome.models.classical import LinearModel
from attendome.models.features import FeatureSettings


class LogisticSettings(FeatureSettings):
    """Logistic regression."""

    c: float = Field(default=1.0, gt=0)
    """Inverse strength of the L2 penalty on the weights of standardised features."""


class Logistic(LinearModel):
    """Log odds that are linear in the features."""

    def __init__(self, marks: int, bins: int, settings: LogisticSettings | None = None) -> None:
        self.settings = settings or LogisticSettings()
        super().__init__(marks, bins, self.settings)

    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels, not fitted yet."""
        regression = LogisticRegression(C=self.settings.c, max_iter=5000, random_state=seed)
        return make_pipeline(StandardScaler(), regression)

    def regressor(self, seed: int) -> BaseEstimator:  # noqa: ARG002 - nothing is made
        """Refuse: a logistic curve is for labels.

        Raises:
            SettingsError: always.
        """
        raise SettingsError(
            "logistic predicts labels only; its counterpart for target=expression is linear."
        )


PAPER = {"transform": "log1p", "features": "best-bin"}
"""One bin per mark. The published log-odds are of counts scaled otherwise; log1p is our choice."""

DEFAULT = {"features": "pool", "c": 0.01}
"""Better than one bin per mark on validation data: docs/default-settings.md."""
