"""A trained model as a function of the marks that were measured, in the unit of its readout."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attendome.models.outputs import ChromatinOutput
from attendome.models.readout import Readout
from attendome.training.batches import EVALUATION_BATCH
from attendome.training.inference import device_of

Signal = Float[Tensor, "gene mark bin"]
Explainer = Callable[[Signal], dict[str, Tensor]]
"""Gives maps of some genes by name: ``importance``, ``mark_importance``, and what else there is."""
AT_ONCE = 1024
"""Signals that go through the model together, where one gene has many."""


def cell_maps(importance: Float[Tensor, "gene mark bin"]) -> dict[str, Tensor]:
    """Give the maps of a method whose importance of a mark is the sum over its bins."""
    return {"importance": importance, "mark_importance": importance.sum(dim=2)}


class OnMarks(nn.Module):
    """A chromatin model that takes the signal of some of its marks; the others were not measured.

    Its prediction is the calibrated log odds of on, or log expression, so that what a gradient or a
    removed mark changes has that unit.

    Args:
        model: a trained model.
        readout: what its prediction means.
        marks: number of its marks.
        present: which of them are given, in the order of the signal.
    """

    def __init__(
        self, model: nn.Module, readout: Readout, marks: int, present: Sequence[int]
    ) -> None:
        super().__init__()
        self.model, self.readout, self.marks = model.eval(), readout, marks
        self.device = device_of(model)
        self.present = torch.tensor(present, device=self.device)

    def output(self, signal: Signal) -> ChromatinOutput:
        """Give prediction and attention, α and β of the marks that are present."""
        full = signal.new_full((len(signal), self.marks, signal.shape[2]), torch.nan)
        found = self.model(full.index_copy(1, self.present, signal))
        return ChromatinOutput(
            found.prediction * self.readout.scale + self.readout.offset,
            None if found.alpha is None else found.alpha[:, self.present],
            None if found.beta is None else found.beta[:, self.present],
        )

    def forward(self, signal: Signal) -> Float[Tensor, "gene"]:
        """Give the prediction."""
        return self.output(signal).prediction

    @torch.no_grad()
    def predict(self, signal: Signal) -> Float[Tensor, "gene"]:
        """Give the prediction of many genes, computed where the model is."""
        parts = torch.split(signal, EVALUATION_BATCH)
        return torch.cat([self(part.to(self.device)).cpu() for part in parts])
