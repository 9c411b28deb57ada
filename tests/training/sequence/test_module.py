import math

import numpy as np
import pytest
import torch

from attendome.data import SequenceDataset
from attendome.errors import DataError, RunError, SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.models.weights import read_weights
from attendome.training import recorder
from attendome.training.history import best_epoch, read_history
from attendome.training.sequence.batches import AugmentedOrder, loader
from attendome.training.sequence.inference import predict_regions
from attendome.training.sequence.losses import poisson_losses
from attendome.training.sequence.module import SequenceTraining
from attendome.training.sequence.settings import SequenceTrainingSettings

from .conftest import tiny, trained

COLUMNS = ["epoch", "train_loss", "valid_loss", "valid_pearson"]


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def test_a_model_learns_what_can_be_learned(counted, tmp_path):
    history = trained(counted, tmp_path, epochs=12, learning_rate=0.05)
    assert history.columns.tolist() == COLUMNS
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0] - 0.2
    assert history["valid_pearson"].iloc[0] < 0.7
    assert history["valid_pearson"].max() > 0.85


def test_the_score_is_that_of_the_weights_that_are_kept(counted, tmp_path):
    history = trained(counted, tmp_path, epochs=3, margin=2, batch_size=3)
    model = tiny()
    model.load_state_dict(read_weights(tmp_path / "model.safetensors"))
    parts = list(predict_regions(model, counted.split("valid")))
    predicted, observed = (
        torch.cat([part[number] for part in parts])[:, 2:-2].double().numpy() for number in (1, 2)
    )
    best = history.iloc[best_epoch(history) - 1]
    pairs = zip(predicted.reshape(-1, 3).T, observed.reshape(-1, 3).T, strict=True)
    pearson = [np.corrcoef(p, y)[0, 1] for p, y in pairs]
    assert best["valid_pearson"] == pytest.approx(np.mean(pearson), abs=1e-6)
    loss = predicted - observed * np.log(predicted)
    assert best["valid_loss"] == pytest.approx(loss.mean(), abs=1e-6)


def test_tracks_that_do_not_vary_are_left_out(counted, tmp_path):
    changed = counted.xarray.copy(deep=True)
    changed["coverage"][:, :, 2] = 1.0
    history = trained(SequenceDataset(changed), tmp_path / "one", epochs=1)
    assert math.isfinite(history["valid_pearson"].item())
    for everywhere in (1.0, np.nan):
        changed["coverage"][20:27] = everywhere
        with pytest.raises(DataError, match="is the same everywhere, or not known, in the valid"):
            trained(SequenceDataset(changed), tmp_path / f"all {everywhere}", epochs=1)


def test_coverage_that_is_not_known_is_left_out(counted, tmp_path):
    changed = counted.xarray.copy(deep=True)
    changed["coverage"][::3, :4, 1] = np.nan
    changed["coverage"][1] = np.nan
    changed["coverage"][21] = np.nan
    history = trained(SequenceDataset(changed), tmp_path, batch_size=1)
    assert np.isfinite(history.to_numpy()).all()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize(
    "settings",
    [{}, {"accumulate": 3, "loader_workers": 1}, {"precision": "bf16-mixed"}],
    ids=str,
)
def test_interrupted_and_resumed_equals_uninterrupted(counted, tmp_path, monkeypatch, settings):
    class KilledError(Exception):
        pass

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    trained(counted, whole, tiny(dropout=0.3), epochs=3, **settings)
    write = recorder.write_text

    def write_then_die(*arguments):
        write(*arguments)
        if len(read_history(cut)) == 2:
            raise KilledError

    monkeypatch.setattr(recorder, "write_text", write_then_die)
    with pytest.raises(KilledError):
        trained(counted, cut, tiny(dropout=0.3), epochs=3, **settings)
    monkeypatch.undo()
    trained(counted, cut, tiny(dropout=0.3), epochs=3, **settings)
    assert weights(cut) == weights(whole)
    assert (cut / "history.csv").read_text() == (whole / "history.csv").read_text()


def test_the_seed_decides(counted, tmp_path):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        trained(counted, tmp_path / name, tiny(dropout=0.3), epochs=1, seed=seed)
    assert weights(tmp_path / "one") == weights(tmp_path / "same")
    assert weights(tmp_path / "one") != weights(tmp_path / "other")


def test_gradients_of_several_batches_are_one_step(counted, tmp_path):
    for name, settings in (
        ("one", {"batch_size": 10}),
        ("two", {"batch_size": 5, "accumulate": 2}),
    ):
        trained(counted, tmp_path / name, tiny(norm=False), gradient_clip_norm=0.1, **settings)
    one, two = (read_weights(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-5)


def test_a_last_group_that_is_smaller_counts_as_a_whole_one(counted, tmp_path):
    """Held against a plain loop: four batches, of which three make a step, and the last another."""
    model, asked = tiny(norm=False), {"batch_size": 5, "accumulate": 3, "learning_rate": 0.02}
    settings = SequenceTrainingSettings(**asked, gradient_clip_norm=None)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0)
    order = AugmentedOrder(20, settings)
    batches = list(loader(counted.split("train"), order, batch_size=5, workers=0))
    for group in (batches[:3], batches[3:]):
        optimiser.zero_grad()
        for batch in group:
            total, known = poisson_losses(model(one_hot(batch.sequence)), batch.coverage.float())
            (total.sum() / known.sum() / len(group)).backward()
        optimiser.step()
    trained(counted, tmp_path, tiny(norm=False), epochs=1, gradient_clip_norm=None, **asked)
    found = read_weights(tmp_path / "model.safetensors")
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)


def test_two_processes_see_what_one_sees_with_twice_the_batch(counted, tmp_path):
    """The training split divides evenly, the validation split does not."""
    one = trained(counted, tmp_path / "one", batch_size=10)
    two = trained(counted, tmp_path / "two", batch_size=5, devices=2)
    np.testing.assert_allclose(two.to_numpy(), one.to_numpy(), rtol=1e-4)


def test_the_optimiser(counted):
    settings = {"learning_rate": 0.5, "beta1": 0.97, "beta2": 0.98, "weight_decay": 0.1}
    training = SequenceTrainingSettings(**settings)
    module = SequenceTraining(tiny(), training, counted.split("train"), counted.split("valid"))
    found = module.configure_optimizers().defaults
    assert (found["lr"], found["betas"], found["weight_decay"]) == (0.5, (0.97, 0.98), 0.1)


def test_gradient_checkpointing_is_asked_for(counted):
    parts = counted.split("train"), counted.split("valid")
    for wanted in (False, True):
        model = tiny()
        model.checkpointing = False
        settings = SequenceTrainingSettings(gradient_checkpointing=wanted)
        SequenceTraining(model, settings, *parts)
        assert model.checkpointing is wanted


def test_a_margin_that_leaves_nothing(counted, tmp_path):
    with pytest.raises(SettingsError, match="A margin of 4 bins at each end leaves none of 8"):
        trained(counted, tmp_path, margin=4)


def test_a_loss_that_is_not_a_number_stops_at_once(counted, tmp_path):
    model = tiny()
    model.output.bias.data.fill_(float("nan"))
    with pytest.raises(RunError, match=r"no longer a finite number in epoch 1; .* learning_rate"):
        trained(counted, tmp_path, model)
