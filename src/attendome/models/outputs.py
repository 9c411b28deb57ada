"""What a model gives back."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

ON_FROM = 0.5
"""Probability from which a gene is called on."""


class ChromatinOutput(NamedTuple):
    """Prediction of a chromatin model, with the attention it came from.

    Attributes:
        prediction: log odds that the gene is on; or, of a model that was trained on expression, log
            expression on the scale of training (``Readout`` has the units).
        alpha: attention over bins, α; sums to one over the bins of each mark.
        beta: attention over marks, β; sums to one over marks. Both are 0 for a mark that was not
            measured.
    """

    prediction: Float[Tensor, "batch"]
    alpha: Float[Tensor, "batch mark bin"] | None = None
    beta: Float[Tensor, "batch mark"] | None = None
