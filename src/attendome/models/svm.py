"""Support vector machine, a baseline of DeepChrome's and AttentiveChrome's papers.

Singh, Lanchantin, Robins, Qi: DeepChrome. Bioinformatics 2016; its SVM takes the signal of all
marks and bins. Left open there, and taken here: a radial kernel of scikit-learn's default width on
standardised features, and probabilities by Platt's sigmoid over five folds of the training genes.
"""

from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from attendome.models.classical import ClassicalModel
from attendome.models.features import FeatureSettings


class SvmSettings(FeatureSettings):
    """Support vector machine with a radial kernel."""

    c: float = Field(default=1.0, gt=0)
    """Cost of a gene on the wrong side of the margin."""


class Svm(ClassicalModel):
    """A margin in the space of a radial kernel."""

    def __init__(self, marks: int, bins: int, settings: SvmSettings | None = None) -> None:
        self.settings = settings or SvmSettings()
        super().__init__(marks, bins, self.settings)

    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels, not fitted yet."""
        machine = make_pipeline(StandardScaler(), SVC(C=self.settings.c))
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        return CalibratedClassifierCV(machine, cv=folds, ensemble=False)

    def regressor(self, seed: int) -> BaseEstimator:  # noqa: ARG002 - nothing is random
        """Make the estimator of expression, not fitted yet."""
        return make_pipeline(StandardScaler(), SVR(C=self.settings.c))


PAPER = {"transform": "counts", "features": "all"}
"""All bins, as counts."""

DEFAULT = {"features": "all"}
"""The best of a small search on validation data: docs/default-settings.md."""
