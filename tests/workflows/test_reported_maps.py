import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import attendome as ad
from attendome.errors import DataError
from attendome.interpretation.attention import prediction_maps
from attendome.workflows.known_maps import stored_maps
from attendome.workflows.reported_maps import explanations


def gathered(run, data, split="test"):
    maps = prediction_maps(run.model, data.split(split), run.description)
    return explanations(run, data, maps, {"split": split, "data": str(data.path)})


def test_stored_maps_are_those_of_the_genes_scored(run, stored):
    part = stored.split("test")
    made = run.explain(stored, "occlusion", settings={"width": 5})
    found = gathered(run, stored).maps["occlusion"]
    expected = made.sel(gene=part.genes.index.to_numpy())
    np.testing.assert_array_equal(found["importance"], expected["importance"])
    np.testing.assert_array_equal(found["mark_importance"], expected["mark_importance"])
    assert found.attrs["unit"] == "log odds"


def test_genes_that_maps_do_not_cover_are_missing(run, stored):
    genes = list(stored.split("test").genes.index)
    run.explain(stored.with_genes(genes[3:5]), "saliency")
    found = gathered(run, stored).maps["saliency"]
    assert list(found["gene"].to_numpy()) == genes
    covered = found["importance"].notnull().all(("mark", "bin")).to_numpy()
    assert list(np.flatnonzero(covered)) == [3, 4]


def test_a_gradient_is_computed_where_none_is_stored(run, stored):
    found = gathered(run, stored)
    made = run.explain(stored.split("test"), "gradient-x-input")
    assert list(found.maps) == ["gradient-x-input"]
    np.testing.assert_array_equal(found.maps["gradient-x-input"]["importance"], made["importance"])
    run.explain(stored.split("test"), "integrated-gradients", settings={"steps": 2})
    shutil.rmtree(run.path / "gradient-x-input.zarr")
    assert list(gathered(run, stored).maps) == ["integrated-gradients"]


def test_patterns_are_the_means_of_class_optimisation(run, stored):
    assert gathered(run, stored).patterns is None
    made = run.explain(stored, "class-optimisation", settings={"steps": 2})
    found = gathered(run, stored)
    np.testing.assert_array_equal(found.patterns, made["importance_mean"])
    assert list(found.patterns["predicted"].to_numpy()) == list(made["predicted"].to_numpy())
    assert "class-optimisation" not in found.maps


def test_what_is_missing_has_its_command(run, stored, tmp_path):
    found = gathered(run, stored, "valid").missing
    assert found == {
        name: f"attendome explain {run.path} --method {name} --split valid"
        for name in ("occlusion", "class-optimisation")
    }
    other = ad.open_dataset(shutil.copytree(stored.path, tmp_path / "the other.zarr"))
    command = gathered(run, other).missing["occlusion"]
    assert f"--data '{other.path}' --split test" in command


def test_a_model_without_gradient(stored, tmp_path):
    run = ad.train(stored, "linear", tmp_path / "run", {"target": "label"})
    found = gathered(run, stored)
    assert found.maps == {}
    assert "has no gradient" in found.missing["gradient-x-input"]
    assert found.missing["occlusion"].startswith("attendome explain")


@pytest.fixture
def saliency(run, stored):
    run.explain(stored.split("test"), "saliency")
    return run.path / "saliency.zarr"


def test_maps_of_other_weights_are_left_out(run, stored, saliency):
    weights = run.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    found = gathered(run, stored)
    assert "saliency" not in found.maps
    reason = "it is of other weights than the run has now; make it again."
    assert found.notes == [f"saliency.zarr is left out: {reason}"]
    assert saliency.exists()


def test_maps_of_another_signal_are_left_out(run, stored, simulated, tmp_path):
    signal = simulated.xarray.copy(deep=True)
    signal["signal"] += 1
    run.explain(ad.save_dataset(ad.ChromatinDataset(signal), tmp_path / "b.zarr"), "saliency")
    (note,) = gathered(run, stored).notes
    assert "of other data than were scored last" in note


def test_maps_of_other_genes_are_left_out(run, stored):
    run.explain(stored.split("train"), "saliency")
    found = gathered(run, stored)
    assert "covers none of the genes scored" in found.notes[0]
    assert list(found.maps) == ["gradient-x-input"]


def test_damaged_maps_are_left_out(run, stored, saliency):
    (saliency / "importance" / "zarr.json").write_text("{")
    assert "it is damaged" in gathered(run, stored).notes[0]
    shutil.rmtree(saliency)
    saliency.mkdir()
    assert "it is damaged" in gathered(run, stored).notes[0]


def test_maps_under_the_name_of_another_method(run, stored, saliency):
    saliency.rename(run.path / "occlusion.zarr")
    with pytest.raises(DataError, match="does not hold the maps of occlusion"):
        stored_maps(run.path / "occlusion.zarr", "occlusion", run.path, stored)


def validated(run, **changes):
    folder = run.path / "validation"
    folder.mkdir()
    about = {"weights_sha256": _weights(run), "held_out": "H3K27ac"}
    (folder / "validation.json").write_text(json.dumps(about | changes))
    rows = [{"method": "occlusion", "verdict": "follows H3K27ac"}]
    (folder / "verdicts.json").write_text(json.dumps(rows))
    return folder


def _weights(run):
    from attendome.genome.files import sha256

    return sha256(run.path / "model.safetensors")


def test_verdicts_are_read(run, stored):
    assert gathered(run, stored).verdicts == {}
    assert gathered(run, stored).validate.endswith(f"{run.path} --validate --held-out MARK")
    validated(run)
    assert gathered(run, stored).verdicts == {"occlusion": "follows H3K27ac"}


def test_verdicts_on_a_classical_model_are_on_its_estimator(stored, tmp_path):
    marks = [mark for mark in stored.marks if mark != "H3K4me1"]
    run = ad.train(stored, "logistic", tmp_path / "run", marks=marks)
    run.explain(stored.split("test"), "occlusion", settings={"width": 10})
    ad.validate(run, "H3K4me1", seeds=1)
    found = gathered(run, run.dataset())
    assert (list(found.verdicts), list(found.maps), found.notes) == (["occlusion"],) * 2 + ([],)


def test_verdicts_on_other_weights_are_left_out(run, stored):
    validated(run, weights_sha256="0")
    found = gathered(run, stored)
    assert found.verdicts == {}
    assert found.notes[0].endswith("it is of other weights than the run has now; validate again.")


@pytest.mark.parametrize("text", ["{", "{}", '[{"method": "occlusion"}]'])
def test_damaged_verdicts_are_left_out(run, stored, text):
    (validated(run) / "verdicts.json").write_text(text)
    assert "is left out: it is damaged" in gathered(run, stored).notes[0]


def test_maps_of_expression(of_expression, stored, tmp_path):
    run = replace(of_expression, path=shutil.copytree(of_expression.path, tmp_path / "run"))
    run.explain(stored.split("test"), "occlusion", settings={"width": 10})
    found = gathered(run, stored)
    assert found.maps["occlusion"].attrs["unit"] == "log2 expression"
    assert found.notes == []
