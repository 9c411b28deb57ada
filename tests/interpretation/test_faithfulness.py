import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from attendome.interpretation.faithfulness import RANDOM, SHARES, Faithfulness
from attendome.interpretation.marks import OnMarks
from attendome.models.outputs import ChromatinOutput
from attendome.models.readout import Readout

GENES, MARKS, BINS = 25, 2, 10


class Linear(nn.Module):
    """A model whose prediction is a weighted sum of the signal, and a constant."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, signal):
        return ChromatinOutput((signal * self.weights).sum(dim=(1, 2)) - 0.5)


@pytest.fixture
def weights():
    found = torch.randn(MARKS, BINS, generator=torch.Generator().manual_seed(0))
    return found - found.mean()


@pytest.fixture
def signal():
    return torch.rand(GENES, MARKS, BINS, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def faithful(weights, signal):
    model = OnMarks(Linear(weights), Readout(scale=2.0, offset=1.0), MARKS, [0, 1])
    towards = np.where(model.predict(signal).numpy() >= 0, 1, -1)
    assert set(towards) == {1, -1}
    return Faithfulness(model, signal, towards)


def test_the_curves_of_a_linear_model(faithful, weights, signal):
    contribution = (2 * weights * signal).numpy()
    found = faithful.curves(contribution, signed=True)
    towards = contribution.reshape(GENES, -1) * faithful.towards[:, None]
    falls = np.cumsum(-np.sort(-towards, axis=1), axis=1)
    counts = np.rint(SHARES * MARKS * BINS).astype(int)
    expected = np.concatenate([np.zeros((GENES, 1)), falls], axis=1)[:, counts]
    # What is added first is what is removed first: without interaction, the curves are the same.
    np.testing.assert_allclose(found["deletion"], expected, atol=1e-5)
    np.testing.assert_allclose(found["insertion"], expected, atol=1e-5)


def test_the_best_order_beats_random_order_and_the_worst_loses(faithful, weights, signal):
    best = (weights * signal).numpy()
    for importance, sign in ((best, 1), (-best, -1)):
        curves = faithful.curves(importance, signed=True)
        rows = pd.DataFrame(faithful.rows("method", curves)).set_index(["check", "null"])
        for check in ("deletion", "insertion"):
            beside = rows.loc[(check, RANDOM)]
            assert sign * beside["difference_low"] > 0
            assert sign * beside["difference_high"] > 0
            own = rows.loc[(check, ""), "value"]
            assert own == pytest.approx(beside["value"] + beside["difference"])


def test_random_order_removes_a_share_of_the_prediction_on_average(faithful, weights, signal):
    whole = (2 * weights * signal).sum(dim=(1, 2)).numpy() * faithful.towards
    expected = whole.mean() * SHARES
    np.testing.assert_allclose(faithful.random["deletion"].mean(axis=0), expected, atol=0.6)


def test_importance_without_sign_is_taken_as_it_is(faithful, signal):
    importance = np.arange(GENES * MARKS * BINS, dtype=float).reshape(signal.shape)
    found = faithful.curves(importance, signed=False)["deletion"]
    removed = signal.clone()
    removed[:, 1, -1] = 0  # the highest of all
    change = faithful.model.predict(signal) - faithful.model.predict(removed)
    np.testing.assert_allclose(found[:, 1], change.numpy() * faithful.towards, atol=1e-5)


def test_all_orders_end_where_nothing_or_all_is_left(faithful, signal):
    ends = faithful.model.predict(signal) - faithful.model.predict(torch.zeros_like(signal))
    found = faithful.curves(np.random.default_rng(3).random(signal.shape), signed=False)
    for curve in (*found.values(), *faithful.random.values()):
        np.testing.assert_allclose(curve[:, 0], 0, atol=1e-6)
        np.testing.assert_allclose(curve[:, -1], ends.numpy() * faithful.towards, atol=1e-5)


def test_ties_are_in_random_order(faithful, signal):
    places = faithful._places(np.zeros(signal.shape))
    assert len({tuple(gene) for gene in places.reshape(GENES, -1)}) == GENES
    assert (np.sort(places.reshape(GENES, -1)) == np.arange(MARKS * BINS)).all()
