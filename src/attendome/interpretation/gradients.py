"""Gradients of a prediction with respect to the signal, by captum.

- ``saliency``: |∂f/∂x|, Simonyan, Vedaldi, Zisserman: Deep inside convolutional networks. ICLR
  workshop 2014, arXiv 1312.6034.
- ``gradient-x-input``: x ∂f/∂x.
- ``deeplift``: the rescale rule of Shrikumar, Greenside, Kundaje: Learning important features
  through propagating activation differences. ICML 2017, arXiv 1704.02685; the sum over all cells is
  f(x) − f(x0).
"""

import copy
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from attendome.config import Settings
from attendome.interpretation.baseline import BaselineSettings, baseline_of
from attendome.interpretation.marks import Explainer, OnMarks, Signal, cell_maps


def saliency(model: OnMarks, _signal: Signal, _settings: Settings) -> Explainer:
    """Explain by the size of the gradient, per unit of signal."""
    from captum.attr import Saliency

    return gradient_maps(Saliency(model).attribute)


def gradient_x_input(model: OnMarks, _signal: Signal, _settings: Settings) -> Explainer:
    """Explain by the gradient times the signal."""
    from captum.attr import InputXGradient

    return gradient_maps(InputXGradient(model).attribute)


def deeplift(model: OnMarks, signal: Signal, settings: BaselineSettings) -> Explainer:
    """Explain by DeepLIFT's rescale rule.

    The transform of the input works on each cell alone, so that what the transformed cell
    contributes is what the cell contributes.
    """
    from captum.attr import DeepLift

    baseline, inner = baseline_of(signal, settings), copy.deepcopy(model)
    transform = inner.model.get_submodule("transform")
    inner.model.add_module("transform", nn.Identity())
    for layer in inner.modules():
        if isinstance(layer, nn.MaxPool1d):
            layer.register_forward_pre_hook(_apart)
    method = DeepLift(inner)

    def attribute(genes: Signal) -> Tensor:
        reference = transform(baseline.to(genes)).expand_as(genes)
        with warnings.catch_warnings():
            # The model is a copy of ours, so that its hooks are nobody's concern.
            warnings.filterwarnings("ignore", "Setting forward, backward hooks", UserWarning)
            found: Tensor = method.attribute(transform(genes), baselines=reference)
        return found

    return gradient_maps(attribute)


def _apart(_layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Give copies: where ReLU and pooling share a tensor, captum drops the rule of the pooling."""
    return tuple(value.clone() for value in inputs)


def gradient_maps(attribute: Callable[[Signal], Tensor]) -> Explainer:
    """Make an explainer of a function that gives the importance of each cell by gradients."""

    def explain(genes: Signal) -> dict[str, Tensor]:
        # On a GPU, cuDNN gives gradients of an LSTM only while it is being trained.
        with torch.backends.cudnn.flags(enabled=False):
            return cell_maps(attribute(genes.clone().requires_grad_()).detach())

    return explain
