"""Models of which the right explanation is known."""

import pytest
import torch
from torch import nn

MARKS, BINS = 3, 14


@pytest.fixture
def signal():
    """Signal of 6 genes."""
    torch.manual_seed(1)
    return torch.poisson(torch.full((6, MARKS, BINS), 3.0))


class OfFunction(nn.Module):
    """A model that is a function of the signal; NaN is taken for no signal."""

    def __init__(self, function):
        super().__init__()
        self.register_buffer("at", torch.zeros(()))
        self.transform = nn.Identity()
        self.function = function

    def forward(self, signal):
        from attendome.models.outputs import ChromatinOutput

        return ChromatinOutput(self.function(self.transform(signal).nan_to_num()))


@pytest.fixture
def of_function():
    """Give a function that makes a model with the marks that are present."""
    from attendome.interpretation.marks import OnMarks
    from attendome.models.readout import Readout

    def make(function, present=range(MARKS), readout=None):
        return OnMarks(OfFunction(function), readout or Readout(), MARKS, present)

    return make


@pytest.fixture
def network():
    """Give a function that makes a network of the registry, its parameters far from zero."""
    from attendome.interpretation.marks import OnMarks
    from attendome.models.readout import Readout
    from attendome.models.registry import CHROMATIN_MODELS

    def make(name, readout=None, present=range(MARKS), factor=3.0, **settings):
        torch.manual_seed(0)
        entry = CHROMATIN_MODELS[name]
        model = entry.build(MARKS, BINS, entry.settings(**settings))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(factor)
        return OnMarks(model, readout or Readout(), MARKS, present)

    return make
