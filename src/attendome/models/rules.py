"""Boosted rules: if a feature is above a value, the gene is more, or less, likely to be on.

Each rule is a decision stump, and boosting (Freund and Schapire, 1997) gives it a weight, as in
Cohen and Singer's SLIPPER (AAAI 1999), with one condition per rule so that the list stays readable.
For expression, each rule adds to the sum of those before it (gradient boosting, Friedman 2001).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.ensemble import AdaBoostClassifier, GradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier

from attendome.models.classical import ClassicalModel
from attendome.models.features import FeatureSettings

_STEP = 0.3
"""Share of what a rule of expression could add that it adds (shrinkage)."""


class RulesSettings(FeatureSettings):
    """Boosted rules."""

    rules: int = Field(default=30, ge=1)
    """Most rules to learn."""


class Rules(ClassicalModel):
    """A weighted vote of rules with one condition each."""

    def __init__(self, marks: int, bins: int, settings: RulesSettings | None = None) -> None:
        self.settings = settings or RulesSettings()
        super().__init__(marks, bins, self.settings)

    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels, not fitted yet."""
        return AdaBoostClassifier(
            DecisionTreeClassifier(max_depth=1),
            n_estimators=self.settings.rules,
            random_state=seed,
        )

    def regressor(self, seed: int) -> BaseEstimator:
        """Make the estimator of expression, not fitted yet."""
        return GradientBoostingRegressor(
            n_estimators=self.settings.rules,
            learning_rate=_STEP,
            max_depth=1,
            random_state=seed,
        )

    def terms(self, marks: Sequence[str], bin_size: int) -> list[tuple[str, float]]:
        """List the rules: what each adds where its condition holds, and takes away where not.

        For labels that is its vote; for expression, in standard deviations.
        """
        names = self.features.names(marks, bin_size)
        unit = "" if self.settings.transform == "counts" else f"{self.settings.transform} of "
        votes: dict[str, float] = {}
        for tree, vote in self._votes():
            rule = f"{unit}{names[tree.feature[0]]} above {tree.threshold[0]:.4g}"
            votes[rule] = votes.get(rule, 0.0) + vote
        return sorted(votes.items(), key=lambda vote: -abs(vote[1]))

    def _votes(self) -> Iterator[tuple[Any, float]]:
        """Give each stump's tree, and what it adds above its threshold."""
        if self.target == "label":
            weights = self.estimator.estimator_weights_
            for stump, weight in zip(self.estimator.estimators_, weights, strict=False):
                if stump.tree_.node_count > 1:
                    off, on = stump.tree_.value[2, 0]
                    yield stump.tree_, float(weight if on > off else -weight)
        else:
            for stump in self.estimator.estimators_[:, 0]:
                if stump.tree_.node_count > 1:
                    below, above = stump.tree_.value[1:, 0, 0]
                    yield stump.tree_, _STEP * float(above - below) / 2


PAPER = {"transform": "counts", "features": "best-bin"}
"""Of each mark the one bin that is most correlated with expression, as counts."""

DEFAULT = {"features": "pool"}
"""Better than one bin per mark on validation data: docs/default-settings.md."""
