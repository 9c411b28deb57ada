import pytest
import torch
from pydantic import ValidationError

from attendome.models.sequence.decay_constant import (
    PAPER,
    DecayConstant,
    DecayConstantSettings,
)
from attendome.models.sequence.shape import SequenceShape

from .plain_tower import random_sequence


def test_parameters_at_full_size():
    with torch.device("meta"):
        model = DecayConstant(SequenceShape())
    assert sum(p.numel() for p in model.parameters()) == 17_279_617
    assert model.context.channels == 717 * 6


def test_predicts_and_learns():
    torch.manual_seed(0)
    shape = SequenceShape(length=128 * 8, tracks=3, crop=128)
    model = DecayConstant(shape, DecayConstantSettings(scale="small", **(PAPER | {"dropout": 0})))
    prediction = model(random_sequence(2, shape.length))
    assert prediction.shape == (2, 6, 3)
    prediction.mean().backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_alpha_is_not_among_the_weights():
    model = DecayConstant(SequenceShape(length=1024, tracks=1), DecayConstantSettings(alpha=(1,)))
    assert not [name for name in model.state_dict() if name.startswith("context")]


@pytest.mark.parametrize("alpha", [(), (-0.1,)])
def test_no_or_negative_alpha_is_refused(alpha):
    with pytest.raises(ValidationError):
        DecayConstantSettings(alpha=alpha)
