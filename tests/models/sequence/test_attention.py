import pytest
import torch

from attendome.models.sequence.attention import (
    PAPER,
    Attention,
    AttentionContext,
    AttentionSettings,
)
from attendome.models.sequence.shape import SequenceShape

from .plain_tower import random_sequence

SMALL = AttentionSettings(scale="small", heads=2)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"heads": 5}, 19_853_647),
        ({"heads": 16}, 36_282_268),
        ({"layers": 2, "heads": 5}, 141_772_327),
    ],
)
@pytest.mark.parametrize(("position", "rates"), [("none", 0), ("exponential", 1), ("two-sided", 2)])
def test_parameters_at_full_size(settings, expected, position, rates):
    with torch.device("meta"):
        model = Attention(SequenceShape(), AttentionSettings(position=position, **settings))
    learned = rates * settings["heads"] * settings.get("layers", 1)
    assert sum(p.numel() for p in model.parameters()) == expected + learned


@pytest.mark.parametrize("before_relu", [False, True])
def test_each_layer_reads_all_before_it(before_relu):
    settings = SMALL.model_copy(update={"layers": 2, "before_relu": before_relu})
    context = AttentionContext(3, 8, settings)
    states = torch.randn(2, 3, 9)
    h = states if before_relu else states.relu()
    first, first_weights = context.layers[0].attend(h)
    joined = torch.cat([h, first], dim=1)
    second, second_weights = context.layers[1].attend(joined)
    found, attention = context.attend(states)
    torch.testing.assert_close(found, torch.cat([joined, second], dim=1))
    torch.testing.assert_close(attention, (first_weights, second_weights))
    torch.testing.assert_close(context(states), found)
    assert found.shape == (2, context.channels, 9)


def test_half_the_bins_are_the_reach():
    model = Attention(SequenceShape(length=128 * 32, tracks=2), SMALL)
    assert model.context.layers[0].position.reach == 16


@pytest.mark.parametrize("paper", [False, True])
@pytest.mark.parametrize("position", ["none", "exponential", "two-sided"])
def test_model_predicts_with_and_without_attention(position, paper):
    torch.manual_seed(0)
    departures = {key: value for key, value in PAPER.items() if paper}
    settings = SMALL.model_copy(update={"position": position, "layers": 2} | departures)
    shape = SequenceShape(length=128 * 8, tracks=3, crop=128)
    model = Attention(shape, settings).eval()
    sequence = random_sequence(2, shape.length)
    output = model.attend(sequence)
    assert output.prediction.shape == (2, 6, 3)
    torch.testing.assert_close(model(sequence), output.prediction)
    assert [tuple(weights.shape) for weights in output.attention] == [(2, 2, 8, 8)] * 2
    for weights in output.attention:
        torch.testing.assert_close(weights.sum(3), torch.ones(2, 2, 8))


@pytest.mark.parametrize("checkpointing", [False, True])
def test_every_parameter_has_a_gradient(checkpointing):
    torch.manual_seed(0)
    model = Attention(SequenceShape(length=128 * 8, tracks=3), SMALL)
    model.checkpointing = checkpointing
    model(random_sequence(2, 128 * 8)).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).any(), name


def test_same_seed_makes_the_same_model():
    models = []
    for _ in range(2):
        torch.manual_seed(3)
        models.append(Attention(SequenceShape(length=128 * 8, tracks=3), SMALL).state_dict())
    for name, tensor in models[0].items():
        assert torch.equal(tensor, models[1][name]), name


def test_paper_settings_are_settings():
    AttentionSettings(**PAPER)
