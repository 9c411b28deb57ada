import hashlib

import pytest
import torch

from attendome.data.attentivechrome import PUBLISHED_MARKS
from attendome.errors import RunError, SettingsError
from attendome.workflows import starting
from attendome.workflows.starting import published_marks, read_start, recorded_start

MODEL = "attentive-chrome"


def test_a_run(trained, stored):
    start = read_start(trained.path, MODEL, stored)
    assert start.source == trained.path
    assert start.marks == tuple(stored.marks)
    assert start.settings == trained.description.settings
    for name, value in trained.model.state_dict().items():
        assert torch.equal(start.weights[name], value)


def test_a_file(published, stored):
    start = read_start(published, MODEL, stored)
    assert start.marks == PUBLISHED_MARKS
    assert start.settings["bin_hidden"] == 32
    expected = torch.load(published, weights_only=True)["fdiff1_1.weight"]
    assert torch.equal(start.weights["output.weight"], expected)


def test_weights_of_another_architecture(trained, published, stored):
    for source in (trained.path, published):
        with pytest.raises(RunError, match=f"expected weights of mlp; found those of {MODEL}"):
            read_start(source, "mlp", stored)


def test_a_classical_model_starts_from_nothing(trained, stored):
    with pytest.raises(SettingsError, match="logistic is fitted at once"):
        read_start(trained.path, "logistic", stored)


@pytest.mark.parametrize("source", ["nowhere", "file.pt"])
def test_nothing_there(stored, tmp_path, source):
    with pytest.raises(RunError, match=f"{source}: no such file"):
        read_start(tmp_path / source, MODEL, stored)


def test_a_run_of_a_model_that_is_not_known(run, stored):
    file = run.path / "model.json"
    file.write_text(file.read_text().replace(MODEL, "attentive-chrom"))
    with pytest.raises(SettingsError, match=f"did you mean '{MODEL}'"):
        read_start(run.path, MODEL, stored)


def test_marks_of_a_file(stored):
    three = stored.with_marks(stored.marks[:3])
    assert published_marks(5, three) == starting.PUBLISHED_MARKS
    assert published_marks(3, three) == tuple(three.marks)
    with pytest.raises(RunError, match=r"for 4 marks, .* has 3: H3K4me3, H3K4me1, H3K36me3"):
        published_marks(4, three)


@pytest.mark.parametrize("name", ["", "model.safetensors"])
def test_a_start_that_has_changed_is_noticed(run, name):
    weights = run.path / "model.safetensors"
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    known = {"init_from": str(run.path / name), "init_from_sha256": sha256}
    config = run.config.model_copy(update=known)
    assert recorded_start(config) == str(run.path / name)
    weights.write_bytes(b"other")
    with pytest.raises(RunError, match=r"weights have changed since .* with --init-from"):
        recorded_start(config)


def test_no_start_is_recorded(run):
    assert recorded_start(run.config) is None
