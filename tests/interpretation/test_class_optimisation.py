import numpy as np
import pytest
import torch

from attendome.config import validate
from attendome.interpretation.class_optimisation import (
    PAPER,
    ClassOptimisationSettings,
    class_optimisation,
    class_patterns,
)
from attendome.models.readout import Readout

QUICK = ClassOptimisationSettings(steps=60)
OF_EXPRESSION = Readout(target="expression", scale=2.0, offset=5.0)


def scale(signal):
    """What 1 stands for: the 99% quantile of each mark."""
    return torch.from_numpy(np.quantile(signal.numpy(), 0.99, axis=(0, 2))).float()[:, None]


@pytest.mark.parametrize("readout", [Readout(scale=0.5, offset=0.3), OF_EXPRESSION])
@pytest.mark.parametrize("name", ["attentive-chrome", "attentive-set", "deep-chrome"])
def test_patterns_are_of_their_class(network, signal, name, readout):
    model = network(name, readout)
    off, on = class_patterns(model, signal, QUICK)
    for pattern in (off, on):
        assert pattern.shape == signal.shape[1:]
        assert pattern.min() >= 0
        assert pattern.max() == 1
    high = scale(signal)
    low_odds, high_odds = model.predict(torch.stack([off, on]) * high)
    assert high_odds > low_odds


def test_a_linear_model(of_function, signal):
    """The penalty takes what says nothing to 0, and what speaks against the class as well."""
    weights = torch.zeros(3, 14)
    weights[0, 2], weights[1, 5] = 3, -3
    model = of_function(lambda x: (weights * x).sum((1, 2)))
    settings = ClassOptimisationSettings(steps=500, penalty=0.05, scale="unit")
    off, on = class_patterns(model, signal, settings)
    expected = torch.zeros(2, 3, 14)
    expected[0, 1, 5] = expected[1, 0, 2] = 1
    torch.testing.assert_close(torch.stack([off, on]), expected, atol=0.05, rtol=0)


def test_the_penalty_shares_a_pattern_by_weight(of_function, signal):
    """Where the loss is lowest, w / (1 + exp(Σ w z)) = 2 · penalty · z: z is as w is."""
    weights = torch.zeros(3, 14)
    weights[0, 2], weights[1, 5], weights[2, 7] = 2, 1, 0.5
    model = of_function(lambda x: (weights * x).sum((1, 2)))
    settings = ClassOptimisationSettings(steps=400, learning_rate=0.01, penalty=1.0, scale="unit")
    on = class_patterns(model, signal, settings)[1]
    torch.testing.assert_close(on, weights / 2, atol=0.05, rtol=0)


def test_the_seed_decides(network, signal):
    model = network("attentive-chrome", bin_hidden=4, mark_hidden=3)
    one, again, other = (
        class_patterns(model, signal, ClassOptimisationSettings(steps=3, seed=seed))
        for seed in (4, 4, 5)
    )
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_the_published_values():
    settings = validate(ClassOptimisationSettings, PAPER)
    assert settings == ClassOptimisationSettings(scale="unit")
    assert (settings.penalty, settings.learning_rate, settings.steps) == (0.009, 0.1, 1000)


@pytest.mark.parametrize("readout", [Readout(), OF_EXPRESSION])
def test_genes_get_the_pattern_of_what_is_predicted(of_function, signal, readout):
    model = of_function(lambda x: x[:, 0, 0] - 3, readout=readout)
    explain = class_optimisation(model, signal, QUICK)
    patterns = class_patterns(model, signal, QUICK)
    predicted = model.predict(signal)
    more = predicted >= 0 if readout.target == "label" else predicted > np.median(predicted)
    assert 0 < more.sum() < 6
    found = explain(signal)
    assert torch.equal(found["importance"], patterns[more.long()])
    torch.testing.assert_close(found["mark_importance"], found["importance"].sum(2))
    assert torch.equal(explain(signal[3:4])["importance"], found["importance"][3:4])


def test_a_mark_without_signal(network, signal):
    signal[:, 1] = 0
    found = class_patterns(network("mlp"), signal, QUICK)
    assert torch.isfinite(found).all()
    assert found[:, 1].max() < 0.1, "nothing speaks for it, so that the penalty takes it away"


def test_the_model_is_not_changed(network, signal):
    model = network("deep-chrome")
    before = [parameter.clone() for parameter in model.parameters()]
    class_patterns(model, signal, QUICK)
    assert all(map(torch.equal, before, model.parameters()))
