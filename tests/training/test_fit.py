import math
import os
import shutil
import signal
import subprocess
import sys
import time

import lightning
import pytest
import torch
from torch import nn
from torch.multiprocessing.spawn import ProcessRaisedException

import attendome as ad
from attendome.errors import DataError, RunError, SettingsError
from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings
from attendome.models.mlp import Mlp, MlpSettings
from attendome.models.weights import read_weights
from attendome.training import fit as loop
from attendome.training.batches import Genes
from attendome.training.history import best_epoch, is_finished, read_history
from attendome.training.inference import run_model
from attendome.training.module import ChromatinTraining
from attendome.training.settings import TrainingSettings

TINY = {"bin_hidden": 4, "mark_hidden": 3, "epochs": 4, "batch_size": 16, "dropout": 0.3}


def fit(model, train, valid, settings, folder):
    loop.fit(ChromatinTraining(model, settings, train, valid), folder)


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(simulated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fit") / "run"
    ad.train(simulated, "attentive-chrome", folder, TINY, seed=3)
    return folder


def test_the_run_folder_holds_what_is_promised(uninterrupted):
    names = {path.name for path in uninterrupted.iterdir()}
    assert names == {
        "config.yaml",
        "model.safetensors",
        "model.json",
        "checkpoints",
        "history.csv",
        "log.txt",
    }
    history = read_history(uninterrupted)
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history.notna().all(axis=None)
    assert "epoch 4 of 4" in (uninterrupted / "log.txt").read_text()


def test_the_best_epoch_by_validation_auroc_is_kept(uninterrupted, simulated):
    """Scoring the validation split again gives the history's best AUROC."""
    history = read_history(uninterrupted)
    scores = ad.open_run(uninterrupted).evaluate(simulated, split="valid")
    assert scores.auroc.value == pytest.approx(history["valid_auroc"].max(), abs=1e-6)
    assert history["valid_auroc"].iloc[best_epoch(history) - 1] == history["valid_auroc"].max()


def test_the_same_seed_gives_the_same_weights_and_another_does_not(
    uninterrupted, simulated, tmp_path
):
    ad.train(simulated, "attentive-chrome", tmp_path / "same", TINY, seed=3)
    ad.train(simulated, "attentive-chrome", tmp_path / "other", TINY, seed=4)
    assert weights(tmp_path / "same") == weights(uninterrupted)
    assert weights(tmp_path / "other") != weights(uninterrupted)


def test_the_test_split_has_no_part_in_training(uninterrupted, simulated, tmp_path):
    changed = simulated.xarray.copy(deep=True)
    test = changed["split"].to_numpy() == "test"
    changed["signal"][test] = 7.0
    changed["label"][test] = 1 - changed["label"][test]
    data = ad.ChromatinDataset(changed)
    ad.train(data, "attentive-chrome", tmp_path / "run", TINY, seed=3)
    assert weights(tmp_path / "run") == weights(uninterrupted)


CHILD = """
import sys, attendome as ad
settings = {"bin_hidden": 4, "mark_hidden": 3, "epochs": 4, "batch_size": 16, "dropout": 0.3}
ad.train(sys.argv[1], "attentive-chrome", sys.argv[2], settings, seed=3, existing=sys.argv[3])
"""


def test_killed_and_resumed_equals_uninterrupted(uninterrupted, simulated_store, tmp_path):
    """kill −9 as soon as the first epoch is in the history, then go on in a new process."""
    folder = tmp_path / "run"
    arguments = [sys.executable, "-c", CHILD, str(simulated_store), str(folder)]
    process = subprocess.Popen([*arguments, "refuse"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (folder / "model.json").exists(), "it had finished before it was killed"
    with pytest.raises(RunError, match="--resume"):
        ad.open_run(folder)
    subprocess.run([*arguments, "resume"], check=True, stderr=subprocess.DEVNULL)
    assert weights(folder) == weights(uninterrupted)
    assert (folder / "history.csv").read_text() == (uninterrupted / "history.csv").read_text()


class KilledError(Exception):
    """Stands for a process that ends here."""


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("after", ["weights", "history"])
def test_killed_between_two_writes(uninterrupted, simulated, tmp_path, monkeypatch, epoch, after):
    """The checkpoint may be an epoch behind the weights and the history."""
    from attendome.training import recorder

    name = {"weights": "save_weights", "history": "write_text"}[after]
    write = getattr(recorder, name)

    def write_then_die(*arguments):
        write(*arguments)
        history = read_history(tmp_path / "run")
        if after == "history" and len(history) == epoch:
            raise KilledError
        if after == "weights" and (0 if history is None else len(history)) == epoch - 1:
            raise KilledError

    monkeypatch.setattr(recorder, name, write_then_die)
    try:
        ad.train(simulated, "attentive-chrome", tmp_path / "run", TINY, seed=3)
    except KilledError:
        monkeypatch.undo()
        ad.train(simulated, "attentive-chrome", tmp_path / "run", TINY, seed=3, existing="resume")
    assert weights(tmp_path / "run") == weights(uninterrupted)
    history = (tmp_path / "run" / "history.csv").read_text()
    assert history == (uninterrupted / "history.csv").read_text()


@pytest.mark.parametrize(
    "settings", [{"target": "expression"}, {"expression_weight": 0.5}], ids=str
)
def test_runs_that_use_expression_resume_to_the_same(simulated, tmp_path, monkeypatch, settings):
    from attendome.training import recorder

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    ad.train(simulated, "attentive-chrome", whole, TINY | settings, seed=3)
    write = recorder.write_text

    def write_then_die(*arguments):
        write(*arguments)
        if len(read_history(cut)) == 3:
            raise KilledError

    monkeypatch.setattr(recorder, "write_text", write_then_die)
    with pytest.raises(KilledError):
        ad.train(simulated, "attentive-chrome", cut, TINY | settings, seed=3)
    monkeypatch.undo()
    ad.train(simulated, "attentive-chrome", cut, TINY | settings, seed=3, existing="resume")
    for name in ("model.safetensors", "history.csv", "model.json"):
        assert (cut / name).read_bytes() == (whole / name).read_bytes()


def test_the_best_epoch_by_validation_correlation_is_kept(simulated, tmp_path):
    run = tmp_path / "run"
    ad.train(simulated, "attentive-chrome", run, TINY | {"target": "expression"}, seed=3)
    history = read_history(run)
    found = ad.open_run(run).evaluate(simulated, split="valid").pearson.value
    assert found == pytest.approx(history["valid_pearson"].max(), abs=1e-4)


@pytest.fixture
def expressed(simulated, genes):
    """The training genes with their standardised log expression beside the labels."""
    values = torch.tensor(simulated.split("train").log_expression())
    return Genes(genes.signal, genes.target, (values - values.mean()) / values.std())


def test_the_weight_of_expression_draws_the_prediction_to_it(expressed, tmp_path):
    found = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        settings = MlpSettings(first_hidden=16, second_hidden=8, transform="log1p")
        model = Mlp(5, 20, settings)
        folder = tmp_path / str(weight)
        folder.mkdir()
        training = TrainingSettings(epochs=15, expression_weight=weight, accelerator="cpu")
        fit(model, expressed, expressed, training, folder)
        prediction = run_model(model, expressed.signal).prediction
        found.append(torch.corrcoef(torch.stack([prediction, expressed.expression]))[0, 1].item())
    assert found[1] > found[0] + 0.05


def test_the_second_target_stays_out_of_what_is_saved(expressed, tmp_path):
    fit(tiny_model(), expressed, expressed, TrainingSettings(epochs=1), tmp_path)
    plain = set(read_weights(tmp_path / "model.safetensors"))
    (tmp_path / "two").mkdir()
    settings = TrainingSettings(epochs=1, expression_weight=1.0)
    fit(tiny_model(), expressed, expressed, settings, tmp_path / "two")
    assert set(read_weights(tmp_path / "two" / "model.safetensors")) == plain


def test_predictions_that_are_all_the_same_have_no_correlation(expressed, tmp_path):
    model = tiny_model()
    torch.nn.init.zeros_(model.output.weight)
    genes = Genes(expressed.signal, expressed.expression)
    settings = TrainingSettings(target="expression", epochs=1, learning_rate=1e-12)
    fit(model, genes, genes, settings, tmp_path)
    assert read_history(tmp_path)["valid_pearson"].item() == pytest.approx(0, abs=1e-4)


def test_a_finished_run_resumes_to_itself(uninterrupted, simulated, tmp_path):
    shutil.copytree(uninterrupted, tmp_path / "run")
    ad.train(simulated, "attentive-chrome", tmp_path / "run", TINY, seed=3, existing="resume")
    assert weights(tmp_path / "run") == weights(uninterrupted)


def test_early_stopping(simulated, tmp_path):
    settings = TINY | {"epochs": 60, "patience": 2}
    ad.train(simulated, "attentive-chrome", tmp_path / "run", settings, seed=3)
    history = read_history(tmp_path / "run")
    assert len(history) < 60
    assert len(history) - best_epoch(history) == 2
    assert is_finished(history, TrainingSettings(epochs=60, patience=2))
    assert not is_finished(history.iloc[:-1], TrainingSettings(epochs=60, patience=2))


def test_a_hostile_checkpoint_is_refused(simulated, uninterrupted, tmp_path):
    folder, proof = tmp_path / "run", tmp_path / "it-ran"
    shutil.copytree(uninterrupted, folder)
    (folder / "model.json").unlink()
    history = read_history(folder).iloc[:2]
    history.to_csv(folder / "history.csv", index=False)

    class Hostile:
        def __reduce__(self):
            return (open, (str(proof), "w"))

    torch.save({"state_dict": Hostile()}, folder / "checkpoints" / "last.ckpt")
    with pytest.raises(RunError, match="checkpoint is damaged"):
        ad.train(simulated, "attentive-chrome", folder, TINY, seed=3, existing="resume")
    assert not proof.exists()


@pytest.fixture
def genes(simulated):
    part = simulated.split("train")
    return Genes(torch.tensor(part.signal.to_numpy()), torch.tensor(part.labels()).float())


def tiny_model():
    torch.manual_seed(0)
    return AttentiveChrome(5, 20, AttentiveChromeSettings(bin_hidden=4, mark_hidden=3))


def test_two_processes_on_the_cpu(genes, tmp_path):
    """Two devices with half the batch see what one device sees with the whole batch."""
    one, two = tmp_path / "one", tmp_path / "two"
    settings = {"epochs": 2, "accelerator": "cpu", "learning_rate": 1e-2}
    for folder, batch, devices in ((one, 18, 1), (two, 9, 2)):
        folder.mkdir()
        training = TrainingSettings(batch_size=batch, devices=devices, **settings)
        fit(tiny_model(), genes, genes, training, folder)
    assert (two / "log.txt").read_text().count("epoch") == 2
    history = [read_history(folder) for folder in (one, two)]
    assert history[1]["valid_loss"].to_numpy() == pytest.approx(
        history[0]["valid_loss"].to_numpy(), rel=1e-4
    )


def test_bfloat16(genes, tmp_path):
    settings = TrainingSettings(epochs=1, precision="bf16-mixed")
    try:
        loop.check_halves(settings, tiny_model())
    except SettingsError as error:
        pytest.skip(str(error))
    fit(tiny_model(), genes, genes, settings, tmp_path)
    assert math.isfinite(read_history(tmp_path)["valid_loss"].iloc[0])


def test_a_processor_without_bfloat16_is_said(monkeypatch):
    def refuse(*_):
        raise RuntimeError("could not create a primitive descriptor")

    halves = TrainingSettings(precision="bf16-mixed", accelerator="cpu")
    model = tiny_model()
    monkeypatch.setattr("torch.nn.LSTM.forward", refuse)
    with pytest.raises(SettingsError, match="precision=bf16-mixed: this processor has no such"):
        loop.check_halves(halves, model)
    loop.check_halves(halves, nn.Linear(1, 1))
    loop.check_halves(TrainingSettings(accelerator="cpu"), model)


def test_tensorboard(genes, tmp_path):
    pytest.importorskip("tensorboard", reason="the extra 'tensorboard' is not installed")
    fit(tiny_model(), genes, genes, TrainingSettings(epochs=1, tensorboard=True), tmp_path)
    assert list((tmp_path / "tensorboard").rglob("events*"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there(genes, tmp_path):
    with pytest.raises(SettingsError, match="Cannot train on 1 × gpu"):
        fit(tiny_model(), genes, genes, TrainingSettings(accelerator="gpu"), tmp_path)


def test_ctrl_c_reaches_the_caller(genes, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(ChromatinTraining, "training_step", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_model(), genes, genes, TrainingSettings(), tmp_path)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_checkpoint_that_was_cut_is_refused(simulated, uninterrupted, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(uninterrupted, folder)
    (folder / "model.json").unlink()
    (folder / "history.csv").unlink()
    checkpoint = folder / "checkpoints" / "last.ckpt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-2000])
    with pytest.raises(RunError, match="checkpoint is damaged"):
        ad.train(simulated, "attentive-chrome", folder, TINY, seed=3, existing="resume")


def test_the_validation_score_is_over_all_batches(genes, tmp_path):
    """More genes than one batch holds; the logits of the last batch are all between 0 and 1."""
    from attendome.evaluation.scores import score
    from attendome.training.module import EVALUATION_BATCH

    model = tiny_model()
    with torch.no_grad():
        model.output.weight *= 300
        model.output.bias -= model(genes.signal).prediction.median()
    logits = run_model(model, genes.signal).prediction
    assert logits.min() < 0
    inside = torch.nonzero((logits > 0) & (logits < 1)).flatten()
    copies = torch.cat([torch.arange(EVALUATION_BATCH) % len(genes), inside])
    many = Genes(genes.signal[copies], genes.target[copies])
    training = TrainingSettings(epochs=1, learning_rate=1e-9)
    fit(model.train(), many, many, training, tmp_path)
    probabilities = run_model(model, many.signal).prediction.sigmoid().numpy()
    labels = many.target.numpy().astype("int8")
    expected = score(labels, probabilities, split="valid", data="here").auroc.value
    found = read_history(tmp_path)["valid_auroc"].iloc[0]
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("devices", [1, 2])
def test_a_loss_that_is_not_a_number_stops_training(genes, tmp_path, devices):
    model = tiny_model()
    model.output.bias.data.fill_(float("nan"))
    settings = TrainingSettings(epochs=1, devices=devices, accelerator="cpu")
    message = f"^{tmp_path}: the loss .* in epoch 1; .* with --force and a lower learning_rate.$"
    with pytest.raises(RunError, match=message):
        fit(model, genes, genes, settings, tmp_path)


@pytest.mark.parametrize("kind", [DataError, RunError])
def test_what_is_wrong_in_a_process_is_said_by_the_caller(genes, tmp_path, monkeypatch, kind):
    def fail(*_, **__):
        said = f"{kind.__module__}.{kind.__name__}: Wrong."
        raise ProcessRaisedException(f"\n\n-- Process 1:\nTraceback:\n  line\n{said}\n", 1, 123)

    monkeypatch.setattr(lightning.Trainer, "fit", fail)
    with pytest.raises(kind, match=r"^Wrong\.$"):
        fit(tiny_model(), genes, genes, TrainingSettings(epochs=1, accelerator="cpu"), tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        ProcessRaisedException("\n\n-- Process 1:\ntorch.OutOfMemoryError: CUDA\n", 1, 123),
    ],
    ids=["here", "in a process"],
)
def test_a_gpu_that_is_too_small_is_said(genes, tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(lightning.Trainer, "fit", fail)
    with pytest.raises(RunError, match="The memory of the GPU does not suffice; start again"):
        fit(tiny_model(), genes, genes, TrainingSettings(epochs=1, accelerator="cpu"), tmp_path)


def test_tasks_of_a_scheduler_are_no_processes_of_a_training(genes, tmp_path, monkeypatch):
    """Lightning would wait for the others of an array of SLURM's."""
    for name, value in {
        "NTASKS": "4",
        "NTASKS_PER_NODE": "4",
        "JOB_NAME": "job",
        "NODEID": "0",
    }.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    settings = TrainingSettings(epochs=1, accelerator="cpu")
    fit(tiny_model(), genes, genes, settings, tmp_path)
    assert len(read_history(tmp_path)) == 1
