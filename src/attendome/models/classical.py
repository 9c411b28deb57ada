"""What the classical models share: features in, a scikit-learn estimator, a prediction out.

They are modules like the networks, so that all that runs a network runs them. Their estimator is
kept on disk by skops, which builds objects of known classes from a list and runs nothing.
"""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from attendome.errors import RunError
from attendome.models.features import Features, FeatureSettings
from attendome.models.outputs import ChromatinOutput
from attendome.models.readout import TargetName
from attendome.outputs import new_output

ESTIMATOR = "model.skops"
# Types of scikit-learn's that hold numbers and estimators only; skops wants them named.
_TRUSTED = [
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.tree._tree.Tree",
]
_CERTAIN = 1e-6


class ClassicalModel(nn.Module):
    """A scikit-learn estimator on features of the signal.

    Args:
        marks: number of marks.
        bins: number of bins.
        settings: features and settings of the estimator.
    """

    def __init__(self, marks: int, bins: int, settings: FeatureSettings) -> None:
        super().__init__()
        self.features = Features(marks, bins, settings)
        self.target: TargetName = "label"
        self.estimator: Any = None

    def make(self, target: TargetName, seed: int) -> BaseEstimator:
        """Make the estimator of labels or of expression, not fitted yet.

        Raises:
            SettingsError: the model is of labels only.
        """
        return self.classifier(seed) if target == "label" else self.regressor(seed)

    @abstractmethod
    def classifier(self, seed: int) -> BaseEstimator:
        """Make the estimator of labels, not fitted yet."""

    @abstractmethod
    def regressor(self, seed: int) -> BaseEstimator:
        """Make the estimator of expression, not fitted yet."""

    def fit(
        self,
        signal: Float[Tensor, "gene mark bin"],
        values: Float[Tensor, " gene"],
        target: TargetName = "label",
        expression: Float[Tensor, " gene"] | None = None,
        seed: int = 0,
    ) -> None:
        """Fit the estimator on training genes.

        Args:
            signal: their signal.
            values: their labels, 1 = on and 0 = off, or their expression.
            target: which of the two.
            expression: what the best bins are to be correlated with; by default ``values``.
            seed: seed of what is random in the fit.
        """
        self.features.transform.fit(signal)
        self.features.fit(signal, values if expression is None else expression)
        self.target = target
        known = values.numpy() if target == "expression" else values.long().numpy()
        self.estimator = self.make(target, seed).fit(self._table(signal), known)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict; there is no attention.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        of_labels = self.target == "label"
        values = (self.log_odds if of_labels else self.estimator.predict)(self._table(signal))
        return ChromatinOutput(torch.from_numpy(np.asarray(values, np.float32)).to(signal.device))

    def terms(self, marks: Sequence[str], bin_size: int) -> list[tuple[str, float]]:  # noqa: ARG002
        """List what the model adds up, in words, with weights, the weightiest first.

        Args:
            marks: names of the marks.
            bin_size: length of a bin, in bp.

        Returns:
            A text and a weight each, above 0 for on, or for more expression; nothing where the
            model is no sum of terms.
        """
        return []

    def log_odds(self, features: Float[np.ndarray, "batch feature"]) -> Float[np.ndarray, " batch"]:
        """Give the log odds that genes are on; by default from the estimator's probability."""
        return to_log_odds(self.estimator.predict_proba(features)[:, 1])

    def _table(self, signal: Float[Tensor, "batch mark bin"]) -> Float[np.ndarray, "batch feature"]:
        table: np.ndarray[Any, np.dtype[np.float64]] = self.features(signal).double().cpu().numpy()
        return table


class LinearModel(ClassicalModel):
    """A sum of standardised features with weights; the estimator ends a pipeline."""

    def terms(self, marks: Sequence[str], bin_size: int) -> list[tuple[str, float]]:
        """List the weights of the standardised features."""
        weights = self.estimator[-1].coef_.ravel().tolist()
        named = zip(self.features.names(marks, bin_size), weights, strict=True)
        return sorted(named, key=lambda term: -abs(term[1]))


def to_log_odds(probability: Float[np.ndarray, " batch"]) -> Float[np.ndarray, " batch"]:
    """Give the log odds of probabilities, those of 0 and 1 moved inside by a millionth."""
    inside = np.clip(probability, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)))


def save_estimator(model: ClassicalModel, folder: Path) -> None:
    """Write the estimator into a run folder, replacing an older one in one step."""
    import skops.io  # slow to import, and networks do not need it

    with new_output(folder / ESTIMATOR, force=True) as made:
        skops.io.dump(model.estimator, made)


def load_estimator(model: ClassicalModel, target: TargetName, folder: Path) -> None:
    """Read the estimator from a run folder into its model; nothing in the file is run.

    Raises:
        RunError: the file is missing, damaged, of another estimator, or holds types that are not
            scikit-learn's own.
    """
    import skops.io

    path = folder / ESTIMATOR
    expected = type(model.make(target, 0))
    try:
        estimator = skops.io.load(path, trusted=_TRUSTED)
        check_is_fitted(estimator)
    except FileNotFoundError as error:
        raise RunError(f"{path}: no such file.") from error
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"{path}: damaged, or not an estimator of ours ({reason}).") from error
    if type(estimator) is not expected:
        raise RunError(f"{path}: expected {expected.__name__}, found {type(estimator).__name__}.")
    model.estimator, model.target = estimator, target
