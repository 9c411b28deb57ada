"""What the classical models share: features in, a scikit-learn estimator, log odds out.

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
        self.estimator: Any = None

    @abstractmethod
    def make(self, seed: int) -> BaseEstimator:
        """Make the estimator, not fitted yet."""

    def fit(
        self,
        signal: Float[Tensor, "gene mark bin"],
        label: Float[Tensor, " gene"],
        target: Float[Tensor, " gene"],
        seed: int = 0,
    ) -> None:
        """Fit the estimator on training genes.

        Args:
            signal: their signal.
            label: 1 = on, 0 = off.
            target: what the best bins are to be correlated with: expression, or the label.
            seed: seed of what is random in the fit.
        """
        self.features.transform.fit(signal)
        self.features.fit(signal, target)
        self.estimator = self.make(seed).fit(self._table(signal), label.long().numpy())

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict; there is no attention.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        odds = torch.from_numpy(np.asarray(self.log_odds(self._table(signal)), np.float32))
        return ChromatinOutput(odds.to(signal.device))

    def terms(self, marks: Sequence[str], bin_size: int) -> list[tuple[str, float]]:  # noqa: ARG002
        """List what the model adds up, in words, with weights, the weightiest first.

        Args:
            marks: names of the marks.
            bin_size: length of a bin, in bp.

        Returns:
            A text and a weight each, above 0 for on; nothing where the model is no sum of terms.
        """
        return []

    def log_odds(self, features: Float[np.ndarray, "batch feature"]) -> Float[np.ndarray, " batch"]:
        """Give the log odds that genes are on; by default from the estimator's probability."""
        return to_log_odds(self.estimator.predict_proba(features)[:, 1])

    def _table(self, signal: Float[Tensor, "batch mark bin"]) -> Float[np.ndarray, "batch feature"]:
        table: np.ndarray[Any, np.dtype[np.float64]] = self.features(signal).double().cpu().numpy()
        return table


def to_log_odds(probability: Float[np.ndarray, " batch"]) -> Float[np.ndarray, " batch"]:
    """Give the log odds of probabilities, those of 0 and 1 moved inside by a millionth."""
    inside = np.clip(probability, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)))


def save_estimator(model: ClassicalModel, folder: Path) -> None:
    """Write the estimator into a run folder, replacing an older one in one step."""
    import skops.io  # slow to import, and networks do not need it

    with new_output(folder / ESTIMATOR, force=True) as made:
        skops.io.dump(model.estimator, made)


def load_estimator(model: ClassicalModel, folder: Path) -> None:
    """Read the estimator from a run folder into its model; nothing in the file is run.

    Raises:
        RunError: the file is missing, damaged, of another estimator, or holds types that are not
            scikit-learn's own.
    """
    import skops.io

    path = folder / ESTIMATOR
    expected = type(model.make(0))
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
    model.estimator = estimator
