import pytest
import torch

from attendome.interpretation.baseline import baseline_of
from attendome.interpretation.occlusion import OcclusionSettings, occlusion
from attendome.models.readout import Readout


def plain(model, signal, settings):
    """Take each cell, mark and bin away in turn, a gene at a time."""
    nothing = baseline_of(signal, settings)[0]
    genes, marks, bins = signal.shape
    cells, whole, columns = torch.zeros_like(signal), torch.zeros(genes, marks), None
    columns = torch.zeros(genes, bins)

    def lost(gene, where_mark, where_bin):
        without = gene.clone()
        without[where_mark, where_bin] = nothing[where_mark, where_bin]
        with torch.no_grad():
            return (model(gene[None]) - model(without[None])).item()

    every = slice(None)
    for g, gene in enumerate(signal):
        for first in range(0, bins, settings.width):
            group = slice(first, min(first + settings.width, bins))
            share = group.stop - group.start
            columns[g, group] = lost(gene, every, group) / share
            for m in range(marks):
                cells[g, m, group] = lost(gene, m, group) / share
        for m in range(marks):
            whole[g, m] = lost(gene, m, every)
    return {"importance": cells, "mark_importance": whole, "bin_importance": columns}


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        assert values.abs().max() > 1e-4
        torch.testing.assert_close(found[name], values, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("width", [1, 4, 5, 14, 100])
@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_against_a_plain_loop(network, signal, width, baseline):
    """14 bins are not a multiple of 4 or 5."""
    model = network("attentive-chrome", Readout(scale=2.0, offset=1.0), bin_hidden=4, mark_hidden=3)
    settings, signal = OcclusionSettings(width=width, baseline=baseline), signal[:3]
    assert_same(occlusion(model, signal, settings)(signal), plain(model, signal, settings))


@pytest.mark.parametrize("name", ["deep-chrome", "attentive-set"])
def test_other_models(network, signal, name):
    model, settings = network(name), OcclusionSettings(width=3)
    assert_same(occlusion(model, signal, settings)(signal), plain(model, signal, settings))


def test_with_a_mark_that_was_not_measured(network, signal):
    model, part = network("attentive-set", present=[0, 2]), signal[:, [0, 2]]
    settings = OcclusionSettings(baseline="mean")
    assert_same(occlusion(model, part, settings)(part), plain(model, part, settings))


def test_one_gene_of_one_mark(network, signal):
    model, part = network("attentive-set", present=[1]), signal[:1, [1]]
    assert_same(
        occlusion(model, part, OcclusionSettings())(part), plain(model, part, OcclusionSettings())
    )


def test_what_a_model_does_not_read_has_no_importance(of_function, signal):
    model = of_function(lambda x: 3 * x[:, 1, 2:4].sum(1))
    found = occlusion(model, signal, OcclusionSettings())(signal)
    expected = torch.zeros_like(signal)
    expected[:, 1, 2:4] = 3 * signal[:, 1, 2:4]
    torch.testing.assert_close(found["importance"], expected)
    torch.testing.assert_close(found["mark_importance"], expected.sum(2))
    torch.testing.assert_close(found["bin_importance"], expected.sum(1))
