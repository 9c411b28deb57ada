import warnings

import pytest
import torch
from torch import nn

from attendome.config import Settings
from attendome.interpretation.baseline import BaselineSettings, baseline_of
from attendome.interpretation.gradients import deeplift, gradient_x_input, saliency
from attendome.models.readout import Readout

NETWORKS = ["attentive-chrome", "attentive-set", "lstm-alpha", "cnn-attention", "deep-chrome"]


def slopes(model, gene, step=1e-6):
    """Central differences, cell by cell."""
    found = torch.zeros_like(gene)
    for mark in range(gene.shape[0]):
        for place in range(gene.shape[1]):
            moved = torch.zeros_like(gene)
            moved[mark, place] = step
            up, down = (model((gene + sign * moved)[None]).detach() for sign in (1, -1))
            found[mark, place] = (up - down).item() / (2 * step)
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_against_differences(network, signal, name):
    model = network(name, Readout(scale=0.5, offset=2.0), transform="log1p").double()
    # Away from 0, where the gradient of a network with ReLU has no kink.
    genes = signal[:2].double() + 0.37
    expected = torch.stack([slopes(model, gene) for gene in genes])
    assert expected.abs().max() > 1e-4
    found = saliency(model, genes, Settings())(genes)
    torch.testing.assert_close(found["importance"], expected.abs(), atol=1e-6, rtol=1e-4)
    torch.testing.assert_close(found["mark_importance"], found["importance"].sum(2))
    found = gradient_x_input(model, genes, Settings())(genes)
    torch.testing.assert_close(found["importance"], expected * genes, atol=1e-6, rtol=1e-4)


def test_genes_are_explained_apart(network, signal):
    model = network("attentive-chrome")
    for method in (saliency, gradient_x_input):
        explain = method(model, signal, Settings())
        one = explain(signal[2:3])["importance"]
        torch.testing.assert_close(explain(signal)["importance"][2:3], one, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("name", ["mlp", "deep-chrome"])
@pytest.mark.parametrize("transform", ["counts", "log1p", "depth-normalised"])
@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_deeplift_adds_up(network, signal, name, transform, baseline):
    readout = Readout(scale=0.5, offset=2.0)
    model = network(name, readout, factor=1.5, transform=transform)
    model.model.transform.fit(signal)
    settings = BaselineSettings(baseline=baseline)
    change = model.predict(signal) - model.predict(baseline_of(signal, settings))
    found = deeplift(model, signal, settings)(signal)["importance"]
    assert change.abs().min() > 1e-3
    torch.testing.assert_close(found.sum((1, 2)), change, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["mlp", "deep-chrome"])
def test_deeplift_leaves_the_model_as_it_was(network, signal, name):
    model = network(name, transform="log1p")
    before = model.predict(signal)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deeplift(model, signal, BaselineSettings())(signal)
    torch.testing.assert_close(model.predict(signal), before, atol=0, rtol=0)
    assert not any(m._forward_hooks or m._backward_hooks for m in model.modules())


def test_deeplift_by_hand(of_function):
    """Of ReLU(2a + b − 3) with a = 2, b = 3, where the gradient at 0 is 0.

    The input of the ReLU goes from −3 to 4, its output from 0 to 4, so that its multiplier is 4/7;
    a gets 2 · 2 · 4/7, b gets 3 · 4/7.
    """
    layers = nn.Sequential(nn.Flatten(), nn.Linear(3 * 14, 1), nn.ReLU())
    nn.init.zeros_(layers[1].weight)
    with torch.no_grad():
        layers[1].weight[0, 0], layers[1].weight[0, 15] = 2, 1
        layers[1].bias.fill_(-3)
    model = of_function(nn.Sequential(layers, nn.Flatten(0)))
    gene = torch.zeros(1, 3, 14)
    gene[0, 0, 0], gene[0, 1, 1], gene[0, 2, 5] = 2, 3, 9
    found = deeplift(model, gene, BaselineSettings())(gene)
    expected = torch.zeros(1, 3, 14)
    expected[0, 0, 0], expected[0, 1, 1] = 16 / 7, 12 / 7
    torch.testing.assert_close(found["importance"], expected)
    torch.testing.assert_close(found["mark_importance"], torch.tensor([[16 / 7, 12 / 7, 0]]))


def test_the_gradient_of_expression_has_its_unit(network, signal):
    plain, scaled = (
        saliency(network("mlp", readout), signal, Settings())(signal)["importance"]
        for readout in (Readout(), Readout(target="expression", scale=3.0, offset=1.0))
    )
    torch.testing.assert_close(scaled, 3 * plain)


def test_marks_that_were_not_measured_are_not_explained(network, signal):
    """The model is given NaN for the mark between."""
    model = network("attentive-set", present=[0, 2], pool=1)
    genes = signal[:, [0, 2]].double()
    found = saliency(model.double(), genes, Settings())(genes)["importance"]
    assert found.shape == genes.shape
    expected = slopes(model, genes[0] + 0.0)
    torch.testing.assert_close(found[0], expected.abs(), atol=1e-5, rtol=1e-3)
