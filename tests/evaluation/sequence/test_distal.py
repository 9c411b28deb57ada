import numpy as np
import pytest
import torch
from torch import nn

import attendome as ad
from attendome.errors import DataError
from attendome.evaluation.sequence.distal import distal_scores, promoters

SMALL = {"regions": 90, "length": 4096, "bin_size": 16, "promoters": 5, "far_share": 0.5}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    settings = SMALL | {"seed": 3, "split": "random:test=0.7"}
    return ad.simulate_sequence(tmp_path_factory.mktemp("distal") / "sim.zarr", settings)


class Known(nn.Module):
    """Predicts, in the order in which regions are read, what it was told; 1 elsewhere."""

    def __init__(self, data, log_rates):
        super().__init__()
        self.register_buffer("any", torch.zeros(1))
        table = promoters(data)
        log_rate = np.zeros((len(data), data.bins, len(data.tracks)), np.float32)
        log_rate[table["region"], table["bin"], table["track"]] = log_rates
        self.log_rate = torch.from_numpy(log_rate[data.regions["split"] == "test"])
        self.read = 0

    def forward(self, sequence):
        self.read += len(sequence)
        return self.log_rate[self.read - len(sequence) : self.read].exp()


def test_promoters_are_where_the_counts_are(data):
    table = promoters(data)
    coverage = data.xarray["coverage"].to_numpy()
    at_tss = coverage[table["region"], table["bin"], table["track"]]
    rate = np.exp(table["local"] + table["gain"])
    assert np.corrcoef(at_tss, rate)[0, 1] > 0.8
    assert at_tss.mean() == pytest.approx(0.8 * rate.mean(), rel=0.15)
    driven = table["near"] | table["far"]
    assert (table["gain"][~driven] == 0).all()
    assert 0.2 < table["near"].mean() < 0.8
    assert 0.2 < table["far"].mean() < 0.8


def test_who_knows_all_explains_all_and_who_knows_the_local_rate_explains_nothing(data):
    table = promoters(data)
    noise = np.random.default_rng(0).normal(0, 0.01, len(table))
    local = distal_scores(Known(data, table["local"] + noise), data)
    assert local.near.low < 0 < local.near.high
    assert local.far.low < 0 < local.far.high
    assert local.local.value > 0.99
    whole = distal_scores(Known(data, table["local"] + table["gain"] + noise), data)
    assert min(whole.near.low, whole.far.low, whole.local.low) > 0.99


@pytest.mark.parametrize(("known", "unknown"), [("near", "far"), ("far", "near")])
def test_near_and_far_are_told_apart(data, known, unknown):
    table = promoters(data)
    noise = np.random.default_rng(1).normal(0, 0.01, len(table))
    gain = np.where(table[unknown], 0, table["gain"])
    scores = distal_scores(Known(data, table["local"] + gain + noise), data)
    assert getattr(scores, known).value > 0.99
    assert abs(getattr(scores, unknown).value) < 0.2


def test_equals_the_correlation_of_residuals(data):
    """A prediction of both, which the local rate would pass for if it were not taken out."""
    table = promoters(data)
    noise = np.random.default_rng(2).normal(0, 1, len(table))
    predicted = 2 * table["local"] + 0.5 * table["gain"] + noise
    found = distal_scores(Known(data, predicted), data)
    test = data.regions["split"].to_numpy()[table["region"]] == "test"
    chosen = test & ~table["near"].to_numpy()
    known = np.column_stack([np.ones(chosen.sum()), table["local"][chosen]])
    residuals = [
        values - known @ np.linalg.lstsq(known, values, rcond=None)[0]
        for values in (predicted[chosen], table["gain"][chosen])
    ]
    assert found.far.value == pytest.approx(np.corrcoef(*residuals)[0, 1], abs=1e-5)
    assert found.far.low < found.far.value < found.far.high


def test_a_model_that_predicts_the_same_everywhere_explains_nothing(data):
    scores = distal_scores(Known(data, np.zeros(len(promoters(data)))), data)
    assert [part.value for part in vars(scores).values()] == [0, 0, 0]


def test_without_enhancers_there_is_nothing_to_explain(tmp_path):
    settings = SMALL | {"regions": 12, "enhancers": 0, "split": "random:test=0.5"}
    data = ad.simulate_sequence(tmp_path / "sim.zarr", settings)
    local = promoters(data)["local"]
    scores = distal_scores(Known(data, local), data)
    assert (scores.near.value, scores.far.value) == (0, 0)
    assert scores.local.value == pytest.approx(1)


def test_needs_the_truth_of_the_whole_dataset(data):
    with pytest.raises(DataError, match="attendome simulate sequence"):
        promoters(data.split("test"))
