"""A sequence model: tower → context → last block → coverage of each track in each bin."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from attendome.models.sequence.blocks import Block, run_block
from attendome.models.sequence.context import Context
from attendome.models.sequence.outputs import SequenceOutput
from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.trunk import Tower, TrunkSettings, scaled

LAST_FILTERS = 1365
_LOWEST = -80.0  # e^−80 is still a normal number of float32


class SequenceModel(nn.Module):
    """Base class of the sequence models, which differ in their context.

    Predicts the expected coverage from the last block's states: ReLU, a linear layer to the tracks,
    and the link. The tower is made first: with the same seed all models start from the same one.

    Args:
        shape: sizes of input and output. Other lengths can be read, too, of whole bins.
        settings: scale, dropout and link.
        context: makes the context from the number of channels that the tower gives.

    Attributes:
        checkpointing: whether training computes the inside of the blocks again for the gradients,
            instead of keeping it in memory: the same gradients, for less memory and more time.
    """

    def __init__(
        self, shape: SequenceShape, settings: TrunkSettings, context: Callable[[int], Context]
    ) -> None:
        super().__init__()
        self.shape, self.settings = shape, settings
        self.checkpointing = False
        self.tower = Tower(shape.bin_size, settings)
        self.context = context(self.tower.channels)
        filters = scaled(LAST_FILTERS, settings.scale)
        self.last = Block(self.context.channels, filters, 1, dropout=settings.dropout)
        self.output = nn.Linear(filters, shape.tracks)

    def forward(self, sequence: Float[Tensor, "batch 4 base"]) -> Float[Tensor, "batch bin track"]:
        """Predict the coverage of the bins that the crop leaves from a one-hot sequence.

        Raises:
            ValueError: the sequence is no whole number of bins, or not longer than what is cropped.
        """
        states = run_block(self.context, self._read(sequence), checkpointing=self.checkpointing)
        return self.coverage_of(states)

    def attend(self, sequence: Float[Tensor, "batch 4 base"]) -> SequenceOutput:
        """Predict, with the weights of each layer of attention.

        Raises:
            ValueError: as ``forward``.
        """
        states, attention = self.context.attend(self._read(sequence))
        return SequenceOutput(self.coverage_of(states), attention)

    def _read(
        self, sequence: Float[Tensor, "batch 4 base"]
    ) -> Float[Tensor, "batch channel position"]:
        length = sequence.shape[2]
        if length % self.shape.bin_size or length <= 2 * self.shape.crop:
            raise ValueError(
                f"expected whole bins of {self.shape.bin_size} bp, more than "
                f"{2 * self.shape.crop:,} bp to crop, found a sequence of {length:,} bp"
            )
        return self.tower(sequence, checkpointing=self.checkpointing)  # type: ignore[no-any-return]

    def coverage_of(
        self, states: Float[Tensor, "batch channel position"]
    ) -> Float[Tensor, "batch bin track"]:
        """Predict the coverage from the states of all bins that the context gives."""
        cropped = self.shape.crop // self.shape.bin_size
        states = states[:, :, cropped : states.shape[2] - cropped]
        states = run_block(self.last, states, checkpointing=self.checkpointing)
        # Counts span many orders of magnitude, more than the halves of mixed precision hold.
        with torch.autocast(states.device.type, enabled=False):
            states = states.to(self.output.weight.dtype).relu()
            return self._link(self.output(states.transpose(1, 2)))

    def _link(self, x: Tensor) -> Tensor:
        """Give the expected coverage, above zero."""
        x = x.clamp(min=_LOWEST)
        if self.settings.link == "softplus":
            return functional.softplus(x)
        return torch.where(x > 0, x + 1, x.clamp(max=0).exp())
