"""What a sequence model gives back when its attention is asked for."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class SequenceOutput(NamedTuple):
    """Prediction of a sequence model, with the attention it came from.

    Attributes:
        prediction: expected coverage per bin, of the bins that the crop leaves.
        attention: of each layer of attention, per head the weight that a bin (first) gives to each
            bin (second) of the whole input; sums to one over the latter. Empty where there is none.
    """

    prediction: Float[Tensor, "batch bin track"]
    attention: tuple[Float[Tensor, "batch head position position"], ...] = ()
