from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from attendome.data import open_sequence
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.hybrid import Hybrid, HybridSettings
from attendome.models.sequence.shape import SequenceShape
from attendome.training.sequence.inference import predict_regions
from attendome.workflows.sequence import looking


@pytest.fixture(scope="module")
def data(small_sequences):
    return open_sequence(small_sequences)


@pytest.fixture(scope="module")
def hybrid():
    """A model with attention for the small dataset, whose position functions are not flat."""
    torch.manual_seed(0)
    settings = HybridSettings(scale="small", layers=1, heads=3, score="scaled")
    model = Hybrid(SequenceShape(64, 8, 3, 8), settings).eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "position" in name:
                values.normal_()
    return model


def test_attention_is_counted_by_offset():
    torch.manual_seed(0)
    weights = torch.rand(2, 5, 5).softmax(dim=2)
    found = looking.by_offset(weights)
    assert found.shape == (2, 9)
    for number, offset in enumerate(range(-4, 5)):
        expected = sum(weights[:, j, t] for j in range(5) for t in range(5) if t - j == offset) / 5
        torch.testing.assert_close(found[:, number], expected)


def test_attention_is_the_mean_over_regions(hybrid, data):
    found, notes = looking.attention_of(hybrid, data)
    assert notes == []
    assert found.attrs["regions"] == looking.ATTENDED
    assert found["mass"].dims == ("head", "offset")
    assert found["head"].to_numpy().tolist() == ["head 1", "head 2", "head 3"]
    assert found["offset"].to_numpy().tolist() == list(range(-56, 57, 8))
    np.testing.assert_allclose(found["mass"].sum("offset"), 1, rtol=1e-5)
    np.testing.assert_allclose(found["even"].sum(), 1)
    with torch.no_grad():
        weights = [
            hybrid.attend(one_hot(torch.tensor(data.read(region)[0]))[None]).attention[0][0]
            for region in range(looking.ATTENDED)
        ]
    mean = torch.stack(weights).mean(dim=0)
    np.testing.assert_allclose(
        found["mass"].sel(offset=0), mean.diagonal(dim1=1, dim2=2).mean(dim=1), rtol=1e-5
    )


def test_many_offsets_are_shown_together(hybrid, data, monkeypatch):
    every, _ = looking.attention_of(hybrid, data)
    f = looking.position_functions(hybrid, data)
    monkeypatch.setattr(looking, "_SHOWN", 3)
    found, _ = looking.attention_of(hybrid, data)
    assert found["offset"].to_numpy().tolist() == [-48, -24, 0, 24, 48]
    near = every["mass"].sel(offset=[-8, 0, 8]).sum("offset")
    np.testing.assert_allclose(found["mass"].sel(offset=0), near, rtol=1e-5)
    np.testing.assert_allclose(found["even"].sum(), 1)
    sampled = looking.position_functions(hybrid, data)
    np.testing.assert_array_equal(sampled, f.sel(offset=sampled["offset"]))


@pytest.mark.parametrize("device", ["cpu", "meta"])  # meta in place of a GPU
def test_weights_that_do_not_fit_in_memory_are_said(hybrid, data, monkeypatch, device):
    monkeypatch.setattr(looking, "_WEIGHTS", 100)
    found, notes = looking.attention_of(deepcopy(hybrid).to(device), data)
    assert found is None
    assert notes == [
        "Attention is not shown: 3 heads on 8 bins have more weights than fit in memory."
    ]


def test_position_functions_are_those_of_the_model(hybrid, data):
    f = looking.position_functions(hybrid, data)
    assert f.attrs["role"] == "is added to"
    profile = hybrid.context.attention.position.profile(torch.arange(-7.0, 8))
    np.testing.assert_allclose(f, profile.detach(), rtol=1e-6)
    assert f["offset"].to_numpy().tolist() == list(range(-56, 57, 8))


def test_a_model_without_attention(trained, data):
    assert looking.position_functions(trained.model, data) is None
    assert looking.attention_of(trained.model, data) == (None, [])


def test_coverage_is_that_of_the_dataset_and_of_the_model(trained):
    part = trained.dataset().split("test")
    tracks = part.tracks.reset_index().assign(pearson=[0.1, 0.3, 0.2])
    found = looking.coverage_of(trained, part, tracks)
    assert found["track"].to_numpy().tolist() == ["A-", "A+", "B"]
    (everything,) = predict_regions(trained.model, part)
    for track, place in (("A-", 1), ("A+", 0), ("B", 2)):
        one = found.sel(track=track)
        np.testing.assert_allclose(one["observed"], everything.observed[:, :, place])
        np.testing.assert_allclose(one["predicted"], everything.predicted[:, :, place], rtol=1e-5)
    assert found["bin_start"].to_numpy().tolist() == [808, 908]
    assert found["unit"].to_numpy().tolist() == [
        "coverage (√(1 + sum) − 1 over 8 bp, as a square root above 8)",
        "coverage (√(1 + sum) − 1 over 8 bp, as a square root above 8)",
        "coverage (mean over 8 bp, at most 20, × 0.1)",
    ]
    assert looking.coverage_of(trained, part, tracks.assign(pearson=np.nan)) is None


def test_a_unit_that_is_not_known(trained, data):
    bare = replace(data, xarray=data.xarray.drop_vars(["sum_stat", "clip", "clip_soft", "scale"]))
    tracks = pd.DataFrame({"track": ["B"], "assay": ["DNASE"], "pearson": [0.5]})
    found = looking.coverage_of(trained, bare.split("test"), tracks)
    assert found["unit"].to_numpy().tolist() == ["coverage per 8 bp"]
