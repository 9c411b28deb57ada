"""What is explained of a sequence model's prediction: one number per track."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn

from attendome.config import Settings
from attendome.training.sequence.augmentation import on_other_strand

Coverage = Float[Tensor, "batch bin track"]
OneHot = Float[Tensor, "batch 4 position"]


class TargetSettings(Settings):
    """What is explained."""

    reverse_complement: bool = True
    """Whether of the mean of the predictions for both strands, as variants are scored."""
    pseudocount: float = Field(default=1.0, gt=0)
    """Coverage that is added before the logarithm is taken, as of variants."""


@dataclass(frozen=True)
class Target:
    """ln(Σ coverage + pseudo-count) over some bins: its changes are log fold changes.

    Attributes:
        first: first bin of those predicted.
        last: the one behind the last.
        tracks: numbers of the tracks.
        pseudocount: what is added to the sum.
    """

    first: int
    last: int
    tracks: tuple[int, ...]
    pseudocount: float = 1.0

    def sum(self, coverage: Coverage) -> Float[Tensor, "batch kept"]:
        """Add up the coverage of the bins."""
        return coverage[:, self.first : self.last, list(self.tracks)].sum(dim=1)

    def __call__(self, coverage: Coverage) -> Float[Tensor, "batch kept"]:
        """Give the number that is explained, of each track."""
        return (self.sum(coverage) + self.pseudocount).log()


class OnTarget(nn.Module):
    """A model that predicts a target: a plain module, which captum and tangermeme take.

    Args:
        model: a sequence model.
        target: what is explained.
        strand_pair: number of the track of the other strand of each track, to predict the mean of
            both strands; None for the sequence as it is.
    """

    def __init__(
        self, model: nn.Module, target: Target, strand_pair: Int64[Tensor, "track"] | None = None
    ) -> None:
        super().__init__()
        self.model, self.target, self.strand_pair = model, target, strand_pair
        self.training = model.training  # tools put it, and the model in it, back into its own mode

    def coverage(self, sequence: OneHot) -> Coverage:
        """Predict coverage."""
        coverage: Tensor = self.model(sequence)
        if self.strand_pair is not None:  # A C G T in reverse order is T G C A
            other = self.model(sequence.flip(1, 2))
            coverage = (coverage + on_other_strand(other, self.strand_pair)) / 2
        return coverage

    def forward(self, sequence: OneHot) -> Float[Tensor, "batch kept"]:
        """Predict the target of each of its tracks."""
        return self.target(self.coverage(sequence))

    @torch.no_grad()
    def at(self, sequence: Float[Tensor, "4 position"]) -> Float[Tensor, " kept"]:
        """Predict the target of one sequence."""
        found: Tensor = self(sequence.unsqueeze(0))
        return found[0]

    def gradient(
        self, sequence: Float[Tensor, "4 position"], track: int
    ) -> Float[Tensor, "4 position"]:
        """Give the gradient of the target of one of its tracks."""
        point = sequence.detach().unsqueeze(0).requires_grad_()
        (found,) = torch.autograd.grad(self(point)[0, track], point)
        return found[0]
