"""What a bin learns from the bins around it: the part in which the architectures differ."""

from jaxtyping import Float
from torch import Tensor, nn


class Context(nn.Module):
    """Base class of contexts; itself none, every bin stays alone.

    A context takes the states of all bins, as the tower gives them (before the next block's ReLU),
    and gives states of as many bins, with ``channels`` channels.

    Args:
        channels: channels that it gives.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch context_channel position"]:
        """Give the states with their context."""
        return states

    def attend(
        self, states: Float[Tensor, "batch channel position"]
    ) -> tuple[
        Float[Tensor, "batch context_channel position"],
        tuple[Float[Tensor, "batch head position position"], ...],
    ]:
        """Give the same, and the weights of each layer of attention."""
        return self(states), ()
