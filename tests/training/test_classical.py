import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional

from attendome.models.linear import Linear, LinearSettings
from attendome.models.weights import WEIGHTS
from attendome.training.batches import Genes
from attendome.training.classical import fit_classical
from attendome.training.history import read_history
from attendome.training.settings import FitSettings


@pytest.fixture(scope="module")
def genes():
    """Training and validation genes whose expression follows the last bin of the one mark."""
    generator = torch.Generator().manual_seed(0)
    signal = torch.poisson(torch.full((80, 1, 4), 6.0), generator=generator)
    expression = signal[:, 0, 3] + torch.randn(80, generator=generator)
    return signal, expression


def of_both(signal, target, expression=None):
    return [
        Genes(signal[part], target[part], None if expression is None else expression[part])
        for part in (slice(60), slice(60, 80))
    ]


def test_the_history_of_labels(genes, tmp_path):
    signal, expression = genes
    train, valid = of_both(signal, (expression > 6).float())
    model = Linear(1, 4, LinearSettings(pool=1))
    fit_classical(model, train, valid, FitSettings(), tmp_path)
    (row,) = read_history(tmp_path).to_dict("records")
    found = model(valid.signal).prediction
    loss = functional.binary_cross_entropy_with_logits(found, valid.target).item()
    assert (row["epoch"], row["valid_loss"]) == (1, pytest.approx(loss))
    assert row["valid_auroc"] == pytest.approx(roc_auc_score(valid.target, found))
    assert {path.name for path in tmp_path.iterdir()} == {"history.csv", "model.skops", WEIGHTS}


def test_the_history_of_expression(genes, tmp_path):
    train, valid = of_both(*genes)
    model = Linear(1, 4, LinearSettings(pool=1))
    fit_classical(model, train, valid, FitSettings(target="expression"), tmp_path)
    (row,) = read_history(tmp_path).to_dict("records")
    found = model(valid.signal).prediction
    assert row["valid_loss"] == pytest.approx((found - valid.target).square().mean().item())
    assert row["valid_pearson"] == pytest.approx(np.corrcoef(found, valid.target)[0, 1], abs=1e-5)
    assert row["train_loss"] < row["valid_loss"] < valid.target.var()


def test_best_bins_follow_expression_where_it_is_known(genes, tmp_path):
    signal, expression = genes
    label = (signal[:, 0, 1] > 6).float()
    for known, expected in ((None, 1), (expression, 3)):
        model = Linear(1, 4, LinearSettings(features="best-bin"))
        fit_classical(model, *of_both(signal, label, known), FitSettings(), tmp_path)
        assert model.features.best_bin.tolist() == [expected]


def test_predictions_that_are_all_the_same_have_no_correlation(genes, tmp_path):
    signal, expression = genes
    train, valid = of_both(torch.ones_like(signal), expression)
    fit_classical(Linear(1, 4), train, valid, FitSettings(target="expression"), tmp_path)
    assert read_history(tmp_path)["valid_pearson"].tolist() == [0.0]
