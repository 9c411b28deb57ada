import pytest
import torch
from captum.attr import IntegratedGradients

from attendome.interpretation.baseline import BaselineSettings, baseline_of, completeness_error
from attendome.interpretation.integrated_gradients import (
    IntegratedGradientsSettings,
    integrated_gradients,
)

WEIGHTS = torch.linspace(-1, 2, 42).view(3, 14)
NETWORKS = ["attentive-chrome", "attentive-set", "lstm-alpha", "lstm", "deep-chrome", "mlp"]


def explain(model, signal, **settings):
    return integrated_gradients(model, signal, IntegratedGradientsSettings(**settings))(signal)


@pytest.mark.parametrize("baseline", ["zero", "mean"])
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_linear_model(of_function, signal, steps, baseline):
    """Any number of steps is enough."""
    model = of_function(lambda x: (WEIGHTS * x).sum((1, 2)))
    found = explain(model, signal, steps=steps, baseline=baseline)
    x0 = baseline_of(signal, BaselineSettings(baseline=baseline))
    torch.testing.assert_close(found["importance"], WEIGHTS * (signal - x0))
    torch.testing.assert_close(found["mark_importance"], (WEIGHTS * (signal - x0)).sum(2))


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_quadratic_model(of_function, signal, steps):
    """Of Σ w x², with the gradient 2 w x linear in x: w (x − x0)(x + x0), by any even steps."""
    model = of_function(lambda x: (WEIGHTS * x.square()).sum((1, 2)))
    x0 = baseline_of(signal, BaselineSettings(baseline="mean"))
    expected = WEIGHTS * (signal - x0) * (signal + x0)
    for baseline, wanted in (("mean", expected), ("zero", WEIGHTS * signal.square())):
        found = explain(model, signal, steps=steps, baseline=baseline)["importance"]
        torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-4)


def test_a_product_of_marks_is_shared(of_function, signal):
    """Of x y, either gets x y / 2."""
    model = of_function(lambda x: x[:, 0, 0] * x[:, 1, 0])
    found = explain(model, signal)["mark_importance"]
    half = signal[:, 0, 0] * signal[:, 1, 0] / 2
    torch.testing.assert_close(found[:, 0], half, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(found[:, 1], half, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("baseline", ["zero", "mean"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_against_captum(network, signal, name, baseline):
    """Their prediction does not switch, so that many even steps are enough."""
    model, signal = network(name, factor=1.0), signal[:3]
    x0 = baseline_of(signal, BaselineSettings(baseline=baseline))
    expected = IntegratedGradients(model).attribute(signal, x0.expand_as(signal), n_steps=200)
    found = explain(model, signal, baseline=baseline, steps=200)["importance"]
    close = 0.02 * expected.abs().max().item()
    torch.testing.assert_close(found, expected.float(), atol=close, rtol=0)
    change = model.predict(signal) - model.predict(x0)
    assert completeness_error(found.sum((1, 2)), change) < 0.02


@pytest.mark.parametrize("place", [0.1234, 0.5, 0.98765])
def test_a_switch_is_found(of_function, signal, place):
    """Of a prediction that goes from 0 to 1 within 1/10,000 of the way; even steps miss it."""
    signal = signal[:1]
    first = signal[:, :, 0].sum()
    model = of_function(lambda x: ((x[:, :, 0].sum(1) / first - place) * 1e5).sigmoid())
    for steps, close in ((50, 0.2), (200, 0.02)):
        found = explain(model, signal, steps=steps)["importance"]
        assert found.sum() == pytest.approx(1, abs=close)
        torch.testing.assert_close(found[0, :, 0], signal[0, :, 0] / first, atol=close, rtol=0)
        assert (found[:, :, 1:] == 0).all()
    even = IntegratedGradients(model).attribute(signal, n_steps=50)
    assert abs(even.sum() - 1) > 0.9


def test_genes_are_explained_apart(network, signal):
    model = network("attentive-chrome", factor=1.0)
    one = explain(model, signal[2:3])["importance"]
    found = explain(model, signal)["importance"][2:3]
    torch.testing.assert_close(found, one, atol=1e-5, rtol=1e-3)


def test_a_gene_like_the_baseline_has_no_importance(network):
    found = explain(network("mlp"), torch.zeros(2, 3, 14))
    assert (found["importance"] == 0).all()
