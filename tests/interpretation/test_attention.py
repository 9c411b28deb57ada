from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from attendome.data import ChromatinDataset
from attendome.interpretation.attention import prediction_maps
from attendome.models import AttentiveChrome, AttentiveChromeSettings, ChromatinOutput
from attendome.models.mlp import MlpSettings
from attendome.models.readout import Readout
from attendome.workflows.configuration import describe_model


def described(data, readout=None):
    return describe_model("mlp", MlpSettings(), data, data.marks, readout)


@pytest.fixture(scope="module")
def model(simulated):
    """A model whose predictions fall on both sides of .5."""
    torch.manual_seed(0)
    settings = AttentiveChromeSettings(transform="log1p", bin_hidden=4, mark_hidden=3)
    model = AttentiveChrome(5, 20, settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(5)
        logit = model(torch.tensor(simulated.signal.to_numpy())).prediction
        model.output.bias -= logit.median()
    return model.eval()


@pytest.fixture(scope="module")
def maps(model, simulated):
    return prediction_maps(model, simulated, described(simulated))


def test_maps_are_what_the_model_gives_for_each_gene(maps, model, simulated):
    for number, gene in enumerate(simulated.genes.index[:10]):
        with torch.no_grad():
            output = model(torch.tensor(simulated.signal.to_numpy()[[number]]))
        of_gene = maps.sel(gene=gene)
        np.testing.assert_allclose(of_gene["alpha"], output.alpha[0], atol=1e-6)
        np.testing.assert_allclose(of_gene["beta"], output.beta[0], atol=1e-6)
        assert of_gene["probability"].item() == pytest.approx(output.prediction.sigmoid().item())


def test_attention_sums_to_one(maps):
    np.testing.assert_allclose(maps["alpha"].sum("bin"), 1, atol=1e-5)
    np.testing.assert_allclose(maps["beta"].sum("mark"), 1, atol=1e-5)
    assert maps["alpha"].std() > 0


@pytest.mark.parametrize(
    "name", ["gene", "gene_name", "chrom", "tss", "strand", "split", "mark", "bin_start", "label"]
)
def test_coordinates_are_those_of_the_dataset(maps, simulated, name):
    assert maps[name].to_numpy().tolist() == simulated.xarray[name].to_numpy().tolist()
    assert maps[name].dims == simulated.xarray[name].dims


def test_means_are_plain_averages_over_genes_predicted_on_and_off(maps):
    assert maps["predicted"].to_numpy().tolist() == ["on", "off"]
    on = maps["probability"].to_numpy() >= 0.5
    assert 0 < on.sum() < len(on)
    for name, chosen in (("on", on), ("off", ~on)):
        means = maps.sel(predicted=name)
        assert means["genes"] == chosen.sum()
        for kind in ("alpha", "beta"):
            average = maps[kind].to_numpy()[chosen].mean(axis=0)
            np.testing.assert_allclose(means[f"{kind}_mean"], average, atol=1e-6)


@pytest.mark.parametrize(("bias", "present"), [(1e3, "on"), (-1e3, "off")])
def test_only_the_group_that_has_genes_is_there(simulated, bias, present):
    model = AttentiveChrome(5, 20, AttentiveChromeSettings(bin_hidden=2, mark_hidden=2)).eval()
    nn.init.constant_(model.output.bias, bias)
    maps = prediction_maps(model, simulated.split("test"), described(simulated))
    assert maps["predicted"].to_numpy().tolist() == [present]
    assert maps["genes"].to_numpy().tolist() == [maps.sizes["gene"]]


def test_without_labels(model, simulated, maps):
    bare = replace(simulated, xarray=simulated.xarray.drop_vars("label"))
    found = prediction_maps(model, bare, described(bare))
    assert found.identical(maps.drop_vars("label"))


def test_genes_are_grouped_by_predicted_expression(model, simulated):
    readout = Readout(target="expression", scale=2.0, offset=1.0)
    maps = prediction_maps(model, simulated, described(simulated, readout))
    with torch.no_grad():
        prediction = model(torch.tensor(simulated.signal.to_numpy())).prediction.numpy()
    np.testing.assert_allclose(maps["predicted_expression"], 2 * prediction + 1, atol=1e-5)
    np.testing.assert_array_equal(maps["observed_expression"], simulated.log_expression())
    assert "probability" not in maps
    high = prediction > np.median(prediction)
    assert maps["predicted"].to_numpy().tolist() == ["high", "low"]
    assert maps["genes"].to_numpy().tolist() == [60, 60]
    for name, chosen in (("high", high), ("low", ~high)):
        average = maps["beta"].to_numpy()[chosen].mean(axis=0)
        np.testing.assert_allclose(maps["beta_mean"].sel(predicted=name), average, atol=1e-6)


def test_without_expression(model, simulated):
    bare = replace(simulated, xarray=simulated.xarray.drop_vars("expression"))
    readout = Readout(target="expression")
    maps = prediction_maps(model, bare, described(bare, readout))
    assert "observed_expression" not in maps
    assert "predicted_expression" in maps


def test_predictions_that_are_all_the_same_are_all_low(simulated):
    few = ChromatinDataset(simulated.xarray.isel(gene=[0, 0, 0]).assign_coords(gene=list("abc")))
    maps = prediction_maps(Given(), few, described(few, Readout(target="expression")))
    assert maps["predicted"].to_numpy().tolist() == ["low"]
    assert maps["genes"].to_numpy().tolist() == [3]


def test_marks_that_are_not_there_have_no_attention(simulated):
    """Of a model of five marks, those of a dataset with three of them."""
    alpha, beta = torch.rand(5, 20).softmax(dim=1), torch.rand(5).softmax(dim=0)
    there = [0, 2, 3]
    part = simulated.with_marks([simulated.marks[m] for m in there])
    maps = prediction_maps(Given(alpha, beta), part, described(simulated))
    assert maps["mark"].to_numpy().tolist() == part.marks
    np.testing.assert_array_equal(maps["alpha"][7], alpha[there])
    np.testing.assert_array_equal(maps["beta"][7], beta[there])


def test_probabilities_are_calibrated(model, simulated, maps):
    found = prediction_maps(model, simulated, described(simulated, Readout(scale=0.5, offset=1.0)))
    odds = torch.tensor(maps["probability"].to_numpy()).logit()
    np.testing.assert_allclose(found["probability"], (0.5 * odds + 1).sigmoid(), atol=1e-5)
    on = int((found["probability"] >= 0.5).sum())
    assert found["genes"].sel(predicted="on") == on > maps["genes"].sel(predicted="on")


class Given(nn.Module):
    """A model that gives the attention it was made with, the same for every gene."""

    def __init__(self, alpha=None, beta=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.alpha, self.beta = alpha, beta

    def forward(self, signal):
        of_all = [
            None if of_gene is None else of_gene.expand(len(signal), *of_gene.shape)
            for of_gene in (self.alpha, self.beta)
        ]
        return ChromatinOutput(self.weight * signal.nanmean(dim=(1, 2)), *of_all)


def test_a_model_without_attention(simulated):
    maps = prediction_maps(Given(), simulated, described(simulated))
    assert set(maps.data_vars) == {"probability", "label", "genes"}
    assert maps["genes"].sum() == maps.sizes["gene"]


def test_a_model_without_beta(simulated):
    alpha = torch.rand(5, 20).softmax(dim=1)
    maps = prediction_maps(Given(alpha), simulated, described(simulated))
    assert {"beta", "beta_mean"}.isdisjoint(maps)
    np.testing.assert_allclose(maps["alpha_mean"][0], alpha, atol=1e-6)
    assert maps.attrs["alpha_shared"] is False


def test_attention_that_all_marks_share_is_called_so(simulated):
    alpha = torch.rand(1, 20).softmax(dim=1).expand(5, -1)
    maps = prediction_maps(Given(alpha), simulated, described(simulated))
    assert maps.attrs["alpha_shared"] is True


def test_of_one_mark_alone_attention_is_not_called_shared(simulated):
    one = simulated.with_marks(simulated.marks[:1])
    maps = prediction_maps(Given(torch.ones(1, 20) / 20), one, described(one))
    assert maps.attrs["alpha_shared"] is False
