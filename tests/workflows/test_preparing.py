from dataclasses import replace

import numpy as np
import pytest
import torch

from attendome import ChromatinDataset
from attendome.errors import DataError
from attendome.training.settings import FitSettings, TrainingSettings
from attendome.workflows.preparing import agreed, marks_for, prepare

LABEL, EXPRESSION = FitSettings(), FitSettings(target="expression")
WEIGHTED = TrainingSettings(expression_weight=0.5)


def without(data, name):
    return replace(data, xarray=data.xarray.drop_vars(name))


# Marks


def test_marks_are_those_that_all_have_or_that_any_has(cell_types, caplog):
    a, b = cell_types
    with caplog.at_level("INFO"):
        assert marks_for(cell_types, any_marks=False) == tuple(a.marks[:4])
    assert "not all datasets have them: H3K9me3" in caplog.text
    assert marks_for([b, a], any_marks=False) == tuple(b.marks)
    assert marks_for([b, a], any_marks=True) == (*b.marks, "H3K9me3")


def test_no_mark_is_shared(simulated):
    parts = [simulated.with_marks(simulated.marks[:2]), simulated.with_marks(simulated.marks[2:])]
    with pytest.raises(DataError, match="Expected a mark that all datasets have"):
        marks_for(parts, any_marks=False)
    assert len(marks_for(parts, any_marks=True)) == 5


# Splits


def test_a_gene_is_held_out_everywhere_where_it_is_so_anywhere(cell_types, caplog):
    with caplog.at_level("INFO"):
        a, b = agreed(cell_types)
    assert a.genes["split"].tolist() == b.genes["split"].tolist()
    order = {"train": 0, "valid": 1, "test": 2}
    before = [[order[split] for split in data.genes["split"]] for data in cell_types]
    assert [order[split] for split in a.genes["split"]] == np.maximum(*before).tolist()
    moved = sum((np.maximum(*before) != of_one).sum() for of_one in before)
    assert f"{moved} genes stand in different splits" in caplog.text


def test_bins_that_differ(simulated):
    part = ChromatinDataset(simulated.xarray.isel(bin=slice(0, 10)))
    with pytest.raises(DataError, match="Expected datasets of the same layout"):
        agreed([simulated, part])


def test_missing_values(simulated, incomplete):
    with pytest.raises(DataError, match="the signal of 2 genes has missing values"):
        agreed([simulated, incomplete])


# Genes


def test_labels(simulated):
    prepared = prepare([simulated], simulated.marks, LABEL)
    assert (prepared.readout.target, prepared.readout.scale) == ("label", 1)
    for name, genes in prepared.splits.items():
        part = simulated.split(name)
        assert genes.target.tolist() == part.labels().tolist()
        np.testing.assert_array_equal(genes.signal, part.signal)
    assert list(prepared.splits) == ["train", "valid"]


def test_expression_is_standardised_by_the_training_genes(simulated):
    prepared = prepare([simulated], simulated.marks, EXPRESSION)
    target = prepared.splits["train"].target
    assert target.mean().item() == pytest.approx(0, abs=1e-5)
    assert target.std(correction=0).item() == pytest.approx(1, rel=1e-5)
    for name, genes in prepared.splits.items():
        found = prepared.readout(genes.target)
        np.testing.assert_allclose(found, simulated.split(name).log_expression(), atol=1e-4)
        assert torch.equal(genes.expression, genes.target)


def test_beside_labels_expression_is_standardised_too(simulated):
    beside = prepare([simulated], simulated.marks, WEIGHTED).splits
    alone = prepare([simulated], simulated.marks, EXPRESSION).splits
    for name in ("train", "valid"):
        assert torch.equal(beside[name].expression, alone[name].target)
        assert beside[name].target.unique().tolist() == [0, 1]


def test_several_datasets_one_after_the_other(cell_types):
    a, b = agreed(cell_types)
    marks = marks_for([a, b], any_marks=True)
    genes = prepare([a, b], marks, LABEL).splits["valid"]
    first = len(a.split("valid").genes)
    np.testing.assert_array_equal(genes.signal[:first], a.split("valid").signal)
    np.testing.assert_array_equal(genes.signal[first:, :4], b.split("valid").signal[:, ::-1])
    assert genes.signal[first:, 4].isnan().all()
    assert genes.target[first:].tolist() == b.split("valid").labels().tolist()


def test_expression_is_standardised_over_all_datasets(cell_types):
    a, b = agreed(cell_types)
    readout = prepare([a, b], marks_for([a, b], any_marks=False), EXPRESSION).readout
    values = np.concatenate([data.split("train").log_expression() for data in (a, b)])
    assert (readout.offset, readout.scale) == pytest.approx((values.mean(), values.std()))


# What is missing


def test_expression_is_needed_only_where_it_is_used(simulated):
    bare = without(simulated, "expression")
    prepared = prepare([bare], bare.marks, LABEL)
    assert prepared.splits["train"].expression is None
    for settings in (EXPRESSION, WEIGHTED):
        with pytest.raises(DataError, match="the genes have no expression"):
            prepare([bare], bare.marks, settings)


def test_labels_are_needed_only_where_they_are_used(simulated):
    bare = without(simulated, "label")
    assert len(prepare([bare], bare.marks, EXPRESSION).splits["train"]) == 72
    for settings in (LABEL, WEIGHTED):
        with pytest.raises(DataError, match="no labels"):
            prepare([bare], bare.marks, settings)


def test_expression_that_is_all_the_same(change):
    data = change(expression=np.full(120, 3.0, np.float32))
    with pytest.raises(DataError, match="expression of all 72 training genes is the same"):
        prepare([data], data.marks, EXPRESSION)
