"""What a training is said to take."""

import pytest
import torch

import attendome as ad
from attendome.errors import SettingsError
from attendome.workflows.sequence import planning
from attendome.workflows.training import plan


def test_plan(small_sequences, small, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plan(small_sequences, "standard", small, init_from=trained.path)
    model = ad.open_run(trained.path).model
    shared = sum(p.numel() for p in [*model.tower.parameters(), *model.output.parameters()])
    assert shared < found.parameters < sum(p.numel() for p in model.parameters())
    assert found.weight_bytes == 16 * found.parameters
    assert (found.device, found.batch, found.batches) == ("cpu", 2, 3)
    assert found.fits
    assert found.seconds > 0
    assert "restored tower" in found.start
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_margin_and_mixed_precision_are_measured_too(small_sequences, small, precision):
    found = plan(small_sequences, "standard", small | {"precision": precision, "margin": 1})
    assert found.seconds > 0


def test_larger_batches_take_more_memory(small_sequences, small, monkeypatch):
    monkeypatch.setattr(planning, "MEMORY_LIMIT", 1)
    sizes = [
        plan(small_sequences, "standard", small | {"batch_size": size}).activation_bytes
        for size in (1, 4)
    ]
    assert 3 * sizes[0] < sizes[1]


def test_what_does_not_fit_is_not_tried(small_sequences, small, monkeypatch):
    monkeypatch.setattr(planning, "MEMORY_LIMIT", 1000)
    found = plan(small_sequences, "standard", small)
    assert not found.fits
    assert found.seconds is None


def test_what_does_not_fit_after_all(small_sequences, small, monkeypatch):
    def fail(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(planning, "_measured", fail)
    found = plan(small_sequences, "standard", small)
    assert (found.fits, found.seconds) == (True, None)


def test_marks_are_refused(simulated_store):
    with pytest.raises(SettingsError, match="for models that read DNA"):
        plan(simulated_store, "mlp")
