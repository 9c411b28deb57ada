"""Integrated gradients: (x − x0) times the mean gradient on the straight way from x0 to x.

Sundararajan, Taly, Yan: Axiomatic attribution for deep networks. ICML 2017, arXiv 1703.01365. Over
all cells it adds up to f(x) − f(x0), where the mean is taken at enough places.

Attention over an LSTM can switch: along the way a prediction may do all it does within 1/100,000 of
it, and evenly spaced places, captum's, miss that. Here half of the steps are even; each further one
halves the step across which the prediction changes most. The gradient is taken in their middles.
"""

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from attendome.interpretation.baseline import BaselineSettings, baseline_of
from attendome.interpretation.gradients import gradient_maps
from attendome.interpretation.marks import AT_ONCE, Explainer, OnMarks, Signal


class IntegratedGradientsSettings(BaselineSettings):
    """How the gradient is averaged."""

    steps: int = Field(default=50, ge=1)
    """Places between baseline and signal at which the gradient is taken."""


def integrated_gradients(
    model: OnMarks, signal: Signal, settings: IntegratedGradientsSettings
) -> Explainer:
    """Explain by the gradient, averaged on the way from the baseline."""
    baseline = baseline_of(signal, settings)

    def attribute(genes: Signal) -> Signal:
        way = _Way(model, baseline.to(genes), genes.detach())
        borders = way.borders(settings.steps)
        width, middle = borders.diff(dim=1), (borders[:, 1:] + borders[:, :-1]) / 2
        mean = torch.zeros_like(genes)
        at_once = max(1, AT_ONCE // len(genes))
        parts = (torch.split(value, at_once, dim=1) for value in (middle, width))
        for places, wide in zip(*parts, strict=True):
            mean += torch.einsum("gs,gsmb->gmb", wide, way.gradient(places))
        return mean * way.whole

    return gradient_maps(attribute)


class _Way:
    """The straight way from the baseline, 0, to the signal of each gene, 1."""

    def __init__(
        self, model: OnMarks, baseline: Float[Tensor, "1 mark bin"], genes: Signal
    ) -> None:
        self.model, self.baseline, self.whole = model, baseline, genes - baseline

    def at(self, places: Float[Tensor, "gene step"]) -> Float[Tensor, "gene step mark bin"]:
        """Give the signals at some places."""
        return self.baseline + places[:, :, None, None] * self.whole.unsqueeze(1)

    def gradient(self, places: Float[Tensor, "gene step"]) -> Float[Tensor, "gene step mark bin"]:
        """Give the gradient at some places."""
        points = self.at(places).requires_grad_()
        (found,) = torch.autograd.grad(self.model(points.flatten(0, 1)).sum(), points)
        return found

    @torch.no_grad()
    def prediction(self, places: Float[Tensor, "gene step"]) -> Float[Tensor, "gene step"]:
        """Give the prediction at some places."""
        found: Tensor = self.model(self.at(places).flatten(0, 1))
        return found.view(places.shape)

    def borders(self, steps: int) -> Float[Tensor, "gene border"]:
        """Divide the way into steps, small where the prediction changes."""
        even = -(-steps // 2)
        found = torch.linspace(0, 1, even + 1).to(self.whole).expand(len(self.whole), -1)
        predicted = self.prediction(found)
        for _ in range(steps - even):
            widest = predicted.diff(dim=1).abs().argmax(dim=1, keepdim=True)
            halved = (found.gather(1, widest) + found.gather(1, widest + 1)) / 2
            found, order = torch.cat([found, halved], dim=1).sort(dim=1)
            predicted = torch.cat([predicted, self.prediction(halved)], dim=1).gather(1, order)
        return found
