import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import attendome as ad
from attendome.data.joining import agree_on_splits
from attendome.data.schema import LOG2_RATIO
from attendome.errors import DataError
from attendome.models.readout import Readout
from attendome.workflows.scoring import prediction_table, score_predictions, seen_in_training

EXPRESSION = Readout(target="expression", scale=2.0, offset=1.0)


@pytest.fixture
def prediction():
    return torch.linspace(-2, 3, 120)


def without(data, *names):
    return replace(data, xarray=data.xarray.drop_vars(names))


# Tables


def test_a_table_of_probabilities(simulated, prediction):
    table = prediction_table(simulated, prediction, Readout(scale=2.0, offset=1.0))
    assert list(table.columns) == ["gene", "gene_name", "split", "label", "probability"]
    expected = torch.sigmoid(2 * prediction + 1)
    np.testing.assert_allclose(table["probability"], expected, rtol=1e-6)


def test_a_table_of_expression(simulated, prediction):
    table = prediction_table(simulated, prediction, EXPRESSION)
    expected = ["gene", "gene_name", "split", "observed_expression", "predicted_expression"]
    assert list(table.columns) == expected
    np.testing.assert_array_equal(table["observed_expression"], simulated.log_expression())
    np.testing.assert_allclose(table["predicted_expression"], 2 * prediction + 1, rtol=1e-6)


def test_a_table_of_genes_of_which_nothing_is_known(simulated, prediction):
    bare = without(simulated, "label", "expression")
    for readout in (Readout(), EXPRESSION):
        table = prediction_table(bare, prediction, readout)
        assert list(table.columns) == ["gene", "gene_name", "split", readout.column]


# Scores


def test_probabilities_are_scored_before_and_after_calibration(simulated, prediction):
    found = score_predictions(simulated, prediction, Readout(scale=2.0, offset=1.0), "all")
    labels = simulated.labels()
    for estimate, odds in (
        (found.brier, 2 * prediction + 1),
        (found.brier_uncalibrated, prediction),
    ):
        expected = ((odds.sigmoid().numpy() - labels) ** 2).mean()
        assert estimate.value == pytest.approx(expected, rel=1e-5)
    assert found.split == "all"


def test_expression_is_scored_in_its_unit(simulated, prediction):
    found = score_predictions(simulated, prediction, EXPRESSION, "all")
    residual = simulated.log_expression() - (2 * prediction.numpy() + 1)
    expected = 1 - (residual**2).mean() / simulated.log_expression().var()
    assert found.r2.value == pytest.approx(expected, rel=1e-4)
    assert found.unit == "log2(1 + expression)"
    ratio = replace(simulated, xarray=simulated.xarray.assign_attrs(expression_scale=LOG2_RATIO))
    assert score_predictions(ratio, prediction, EXPRESSION, "all").unit == "log2 ratio"


def test_what_is_not_known_cannot_be_scored(simulated, prediction):
    with pytest.raises(DataError, match="no labels"):
        score_predictions(without(simulated, "label"), prediction, Readout(), "all")
    with pytest.raises(DataError, match="no expression"):
        score_predictions(without(simulated, "expression"), prediction, EXPRESSION, "all")


# Genes seen in training


def seen(run, data):
    return seen_in_training(run.config, run.description.marks, data, data.fingerprint())


def test_genes_of_the_own_dataset(trained, stored):
    assert seen(trained, stored) == 72
    assert [seen(trained, stored.split(name)) for name in ("valid", "test")] == [0, 0]


def test_genes_of_another_cell_type_have_been_seen(trained, cell_types):
    a, b = cell_types
    assert seen(trained, b) == 72
    both = set(a.genes.query("split == 'train'").index)
    test = b.split("test").genes.index
    assert 0 < seen(trained, b.split("test")) == len(both.intersection(test))


def test_a_gene_that_is_held_out_in_one_cell_type_is_trained_on_in_none(on_both, cell_types):
    for data in cell_types:
        assert seen(on_both, data.split("test")) == 0
    agreed, _ = agree_on_splits(cell_types)
    for before, after in zip(cell_types, agreed, strict=True):
        assert seen(on_both, before) == len(after.split("train").genes) < 72
        assert [seen(on_both, after.split(name)) for name in ("valid", "test")] == [0, 0]


@pytest.mark.parametrize(("split", "expected"), [("test", 0), ("train", None)])
def test_an_evaluation_says_how_many_were_seen(on_both, cell_types, tmp_path, split, expected):
    run = ad.open_run(shutil.copytree(on_both.path, tmp_path / "run"))
    part = cell_types[1].split(split)
    run.evaluate(cell_types[1].path, split)
    written = json.loads((run.path / "metrics.json").read_text())
    assert written["n"] == len(part.genes)
    assert written["seen_in_training"] == (seen(on_both, part) if expected is None else expected)


def test_it_is_not_known_what_imported_weights_have_seen(trained, stored):
    config = trained.config.model_copy(update={"imported_from": {"file": "w.pt", "sha256": ""}})
    assert seen_in_training(config, stored.marks, stored, stored.fingerprint()) is None


def test_the_dataset_of_the_run_is_known_wherever_it_lies(trained, stored):
    moved = trained.config.model_copy(update={"data": ("nowhere.zarr",)})
    assert seen_in_training(moved, stored.marks, stored, stored.fingerprint()) == 72


@pytest.mark.parametrize("data", [("nowhere.zarr",), None])
def test_without_the_datasets_of_the_run_it_is_not_known(trained, stored, data):
    update = {"fingerprint": "other"} | ({} if data is None else {"data": data})
    config = trained.config.model_copy(update=update)
    assert seen_in_training(config, stored.marks, stored, stored.fingerprint()) is None
