"""Random forest, a baseline of DeepChrome's and AttentiveChrome's papers.

Singh, Lanchantin, Robins, Qi: DeepChrome. Bioinformatics 2016; after Dong et al., Genome Biology
2012, it takes of each mark the one bin that is most correlated with expression. Left open there,
and taken here: the number of trees, and scikit-learn's defaults for how they grow.
"""

from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from attendome.models.classical import ClassicalModel
from attendome.models.features import FeatureSettings


class RandomForestSettings(FeatureSettings):
    """Random forest."""

    trees: int = Field(default=500, ge=1)
    """Number of trees."""
    min_leaf: int = Field(default=2, ge=1)
    """Fewest training genes in a leaf."""


class RandomForest(ClassicalModel):
    """The mean vote of trees that were grown on resampled genes."""

    def __init__(self, marks: int, bins: int, settings: RandomForestSettings | None = None) -> None:
        self.settings = settings or RandomForestSettings()
        super().__init__(marks, bins, self.settings)

    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels, not fitted yet."""
        return RandomForestClassifier(
            self.settings.trees, min_samples_leaf=self.settings.min_leaf, random_state=seed
        )

    def regressor(self, seed: int) -> BaseEstimator:
        """Make the estimator of expression, not fitted yet."""
        return RandomForestRegressor(
            self.settings.trees, min_samples_leaf=self.settings.min_leaf, random_state=seed
        )


PAPER = {"transform": "counts", "features": "best-bin", "min_leaf": 1}
"""One bin per mark, as counts."""

DEFAULT = {"features": "pool", "min_leaf": 5}
"""The best of a small search on validation data: docs/default-settings.md."""
