import pytest

from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.training.sequence.settings import SequenceTrainingSettings


def test_the_trainer_is_told_what_is_asked_for():
    settings = SequenceTrainingSettings(accumulate=4, devices=2, precision="bf16-mixed", epochs=7)
    options = settings.trainer_options()
    assert options["accumulate_grad_batches"] == 4
    assert options["precision"] == "bf16-mixed"
    assert (options["devices"], options["num_nodes"], options["strategy"]) == (2, 1, "ddp_spawn")
    assert options["max_epochs"] == 7


def test_several_machines_find_each_other_by_the_environment(monkeypatch):
    monkeypatch.setenv("NODE_RANK", "1")
    options = SequenceTrainingSettings(nodes=2).trainer_options()
    assert (options["num_nodes"], options["strategy"]) == (2, "ddp_spawn")
    assert options["plugins"].node_rank() == 1


@pytest.mark.parametrize("name", SEQUENCE_MODELS)
def test_no_setting_is_both_the_models_and_the_trainings(name):
    model = SEQUENCE_MODELS[name].settings.model_fields
    assert not set(model) & set(SequenceTrainingSettings.model_fields)


@pytest.mark.parametrize(("there", "taken"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_that_has_float64_is_taken(monkeypatch, there, taken):
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    monkeypatch.setattr("torch.cuda.current_device", lambda: 3)
    assert SequenceTrainingSettings().trainer_options()["accelerator"] == taken
    asked = SequenceTrainingSettings(accelerator="gpu").trainer_options()
    assert asked["accelerator"] == "gpu"
    assert asked["devices"] == ([3] if there else 1)
    assert SequenceTrainingSettings(devices=2).trainer_options()["devices"] == 2
