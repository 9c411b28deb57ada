"""Boosted rules: if a feature is above a value, the gene is more, or less, likely to be on.

Each rule is a decision stump, and boosting (Freund and Schapire, 1997) gives it a weight, as in
Cohen and Singer's SLIPPER (AAAI 1999), with one condition per rule so that the list stays readable.
"""

from collections.abc import Sequence

from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier

from attendome.models.classical import ClassicalModel
from attendome.models.features import FeatureSettings


class RulesSettings(FeatureSettings):
    """Boosted rules."""

    rules: int = Field(default=30, ge=1)
    """Most rules to learn."""


class Rules(ClassicalModel):
    """A weighted vote of rules with one condition each."""

    def __init__(self, marks: int, bins: int, settings: RulesSettings | None = None) -> None:
        self.settings = settings or RulesSettings()
        super().__init__(marks, bins, self.settings)

    def make(self, seed: int) -> BaseEstimator:
        """Make the estimator, not fitted yet."""
        return AdaBoostClassifier(
            DecisionTreeClassifier(max_depth=1),
            n_estimators=self.settings.rules,
            random_state=seed,
        )

    def terms(self, marks: Sequence[str], bin_size: int) -> list[tuple[str, float]]:
        """List the rules: the vote where the condition holds, and its opposite where not."""
        names = self.features.names(marks, bin_size)
        unit = "" if self.settings.transform == "counts" else f"{self.settings.transform} of "
        votes: dict[str, float] = {}
        weights = self.estimator.estimator_weights_
        for stump, weight in zip(self.estimator.estimators_, weights, strict=False):
            tree = stump.tree_
            if tree.node_count > 1:
                on_above = tree.value[2, 0, 1] > tree.value[2, 0, 0]
                rule = f"{unit}{names[tree.feature[0]]} above {tree.threshold[0]:.4g}"
                votes[rule] = votes.get(rule, 0.0) + float(weight if on_above else -weight)
        return sorted(votes.items(), key=lambda vote: -abs(vote[1]))


PAPER = {"transform": "counts", "features": "best-bin"}
"""Of each mark the one bin that is most correlated with expression, as counts."""

DEFAULT = {"features": "pool"}
"""Better than one bin per mark on validation data: docs/default-settings.md."""
