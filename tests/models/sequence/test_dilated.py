import pytest
import torch

from attendome.models.sequence.dilated import (
    Dilated,
    DilatedContext,
    DilatedSettings,
    receptive_field,
)
from attendome.models.sequence.shape import SequenceShape

from .plain_tower import plain_dilated, reach, unsettle

SMALL = DilatedSettings(scale="small", dropout=0, layer_dropout=0)


def small_context(**settings):
    torch.manual_seed(0)
    return unsettle(DilatedContext(24, SMALL.model_copy(update=settings)))


def test_parameters_at_full_size():
    with torch.device("meta"):
        model = Dilated(SequenceShape())
    assert sum(p.numel() for p in model.parameters()) == 15_190_636
    assert model.context.channels == 717 + 6 * 108


@pytest.mark.parametrize("training", [False, True])
def test_equals_the_plain_layers(training):
    context = small_context(layers=3).train(training)
    states = torch.randn(2, 24, 30)
    expected = plain_dilated(states, context, training)
    torch.testing.assert_close(context(states), expected, atol=1e-5, rtol=1e-5)


def test_keeps_the_states_and_their_order_in_memory():
    context = small_context().eval()
    states = torch.randn(2, 24, 30)
    by_position = states.transpose(1, 2).contiguous().transpose(1, 2)
    found = context(by_position)
    assert torch.equal(found[:, :24], states)
    assert found.stride(1) == 1
    torch.testing.assert_close(found, context(states), atol=1e-5, rtol=1e-5)


def test_gives_no_attention():
    context = small_context().eval()
    states = torch.randn(1, 24, 16)
    found, attention = context.attend(states)
    assert torch.equal(found, context(states))
    assert attention == ()


@pytest.mark.parametrize(("bin_size", "layers"), [(128, 2), (32, 3)])
def test_receptive_field_is_where_gradients_reach(bin_size, layers):
    model = (
        Dilated(
            SequenceShape(length=bin_size * 64, bin_size=bin_size, tracks=1),
            SMALL.model_copy(update={"layers": layers}),
        )
        .double()
        .eval()
    )
    found = reach(lambda sequence: model.context(model.tower(sequence)), 32, bin_size * 64)
    assert found == receptive_field(bin_size, layers)


def test_receptive_field_as_published():
    assert receptive_field(128) == 32_871
