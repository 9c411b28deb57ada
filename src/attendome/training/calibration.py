"""Probabilities that mean what they say, fitted on the validation genes."""

from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize
from scipy.special import expit
from torch import Tensor

from attendome.models.readout import Readout
from attendome.training.settings import CalibrationName

Array = np.ndarray[Any, np.dtype[np.float64]]
_WIDEST = 5.0  # the scale lies between e⁻⁵ and e⁵, the log odds of the mean gene between ∓5


def calibrated(
    prediction: Float[Tensor, "gene"], label: Float[Tensor, "gene"], method: CalibrationName
) -> Readout:
    """Find the scale, and the offset, of log odds with the lowest cross-entropy.

    As in Platt's scaling, n genes that are on count as on to (n + 1) / (n + 2), and those that are
    off likewise, so that genes which are told apart without a fault do not ask for certainty.

    Args:
        prediction: log odds of genes that the model was not trained on.
        label: 1 = on, 0 = off.
        method: ``platt`` for both, ``temperature`` for the scale alone, ``none`` for neither.
    """
    if method == "none":
        return Readout()
    x, y = prediction.double().numpy(), label.double().numpy()
    centre = float(x.mean()) if method == "platt" else 0.0  # else its offset would bound the scale
    x = x - centre
    on = y.sum()
    aim = y * (on + 1) / (on + 2) + (1 - y) / (len(y) - on + 2)

    def loss_and_gradient(values: Array) -> tuple[float, Array]:
        scale = np.exp(values[0])
        odds = scale * x + values[1]
        error = expit(odds) - aim
        loss = np.mean(np.logaddexp(0, odds) - aim * odds)
        return float(loss), np.array([np.mean(error * x) * scale, np.mean(error)])

    widest = _WIDEST if method == "platt" else 0.0
    bounds = [(-_WIDEST, _WIDEST), (-widest, widest)]
    found = minimize(loss_and_gradient, np.zeros(2), jac=True, bounds=bounds, method="L-BFGS-B")
    scale = float(np.exp(found.x[0]))
    return Readout(scale=scale, offset=float(found.x[1]) - scale * centre)
