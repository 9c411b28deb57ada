import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import attendome as ad
from attendome.interpretation.attention import prediction_maps
from attendome.workflows.reporting import report_content


@pytest.fixture(scope="module")
def apart(stored):
    """The dataset with each split on a chromosome of its own, far from the others."""
    return _located(stored, stored.genes["split"].to_numpy(object))


@pytest.fixture(scope="module")
def together(stored):
    """The dataset with all genes at the same place."""
    return _located(stored, "chr1")


@pytest.fixture(scope="module")
def unlocated(stored):
    return _located(stored, "", tss=-1)


def _located(data, chrom, tss=50_000):
    from attendome.data import ChromatinDataset

    names = np.full(len(data.genes), chrom, object)
    coords = {"chrom": ("gene", names), "tss": ("gene", np.full(len(names), tss))}
    return ChromatinDataset(data.xarray.assign_coords(coords), data.path)


def gathered(run, data, split, seen=None, **changes):
    """Gather the content for a split, of a config that was changed."""
    metrics = {"split": split, "data": str(data.path), "n": 24, "seen_in_training": seen}
    changed = replace(run, config=run.config.model_copy(update=changes))
    return report_content(changed, data, metrics)


@pytest.fixture
def content(trained):
    """Give a function that gathers the content for a split, of a config that was changed."""

    def gather(data, split="test", **changes):
        return gathered(trained, data, split, **changes)

    return gather


def test_arrays_are_of_the_genes_scored(content, trained, stored):
    found = content(stored, "valid")
    part = stored.split("valid")
    np.testing.assert_array_equal(found.signal, part.signal)
    maps = prediction_maps(trained.model, part, trained.description)
    xr.testing.assert_identical(found.maps, maps)
    assert found.readout == trained.description.readout
    assert found.title == "attentive-chrome on simulated"
    assert list(found.explanations.maps) == ["gradient-x-input"]
    assert len(found.history) == 2
    assert found.best_epoch == trained.training_summary()["best"]


def test_facts(content, stored):
    facts = content(stored).facts
    assert facts["Model"] == "attentive-chrome"
    assert facts["Weights"] == f"trained on {stored.path.resolve()}"
    assert facts["Scored on"] == f"split 'test' of {stored.path}"
    assert facts["Genes"] == "72 train, 24 valid, 24 test"
    assert facts["Marks"] == ", ".join(stored.marks)
    assert facts["Bins"] == "20 × 100 bp around the TSS, 5'→3' on both strands"
    assert "bin_hidden = 4" in facts["Settings"]
    assert "torch " in facts["Versions"]


def test_facts_say_where_the_weights_came_from(content, stored):
    assert content(stored, init_from="start").facts["Weights"].endswith(", started from start")
    imported = content(stored, imported_from={"file": "w.pt", "sha256": ""})
    assert imported.facts["Weights"] == "imported from w.pt"


def test_an_honest_score_has_no_warning(content, apart):
    assert content(apart).warnings == []


@pytest.mark.parametrize(
    ("data", "split", "changes", "message"),
    [
        ("apart", "test", {"imported_from": {"file": "w.pt", "sha256": ""}}, "were imported"),
        ("apart", "test", {"fingerprint": "other"}, "not of the dataset that the model was train"),
        ("apart", "train", {}, "These genes were used in training"),
        ("apart", "valid", {}, "These genes chose the best epoch"),
        ("unlocated", "test", {}, "have no locations"),
        ("together", "test", {}, "24 of 24 genes scored have a window that overlaps"),
    ],
)
def test_warnings(content, request, data, split, changes, message):
    (warning,) = content(request.getfixturevalue(data), split, **changes).warnings
    assert message in warning


def test_genes_of_another_dataset_may_have_been_seen(trained, apart):
    changes = {"fingerprint": "other"}
    (warning,) = gathered(trained, apart, "test", seen=7, **changes).warnings
    assert warning.endswith("7 of 24 were seen in training, in this or in another cell type.")
    (warning,) = gathered(trained, apart, "test", seen=None, **changes).warnings
    assert "may have been seen in training" in warning


def test_an_imported_run_has_no_history(trained, stored, tmp_path):
    folder = shutil.copytree(trained.path, tmp_path / "run")
    (folder / "history.csv").unlink()
    found = gathered(replace(trained, path=folder), stored, "test")
    assert found.history is None
    assert found.best_epoch is None


def test_marks_that_the_model_does_not_read(stored, tiny, tmp_path):
    read = stored.marks[:3]
    run = ad.train(stored, "attentive-chrome", tmp_path / "run", tiny, marks=read)
    found = gathered(run, run.dataset(), "test").unseen
    assert found["mark"].to_numpy().tolist() == stored.marks[3:]
    expected = stored.split("test").signal.sel(mark=stored.marks[3:])
    np.testing.assert_array_equal(found, expected)
    run.report()
    assert "alpha-beside" in (run.path / "report.html").read_text()
