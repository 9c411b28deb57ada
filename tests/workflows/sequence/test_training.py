"""Training models that read DNA: the run folder, resume, warm start, wrong requests."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch

import attendome as ad
from attendome.errors import AttendomeError, DataError, RunError, SettingsError
from attendome.models.weights import read_weights
from attendome.training import fit as fitting
from attendome.workflows.run_folder import training_in
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.sequence.starting import read_warm_start
from attendome.workflows.sequence.training import prepare
from attendome.workflows.training import train_chromatin

WEIGHTS = "model.safetensors"


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*"))


def same_files(one, other, names=(WEIGHTS, "history.csv", "model.json")):
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_the_run_folder(trained, small_sequences, small):
    assert isinstance(trained, SequenceRun)
    assert {"config.yaml", WEIGHTS, "model.json", "history.csv", "log.txt", "last.ckpt"} < set(
        files_in(trained.path)
    )
    data = ad.open_dataset(small_sequences)
    config, description = trained.config, trained.description
    assert (config.model, config.data) == ("dilated", (str(small_sequences.resolve()),))
    assert config.fingerprint == data.fingerprint()
    assert (
        config.settings.items()
        >= {**small, "layers": 2, "seed": 3, "link": "exponential-linear"}.items()
    )
    assert description.tracks == tuple(data.tracks.index)
    assert description.assays == ("CAGE", "CAGE", "DNASE")
    assert description.strand_pairs == (1, 0, 2)
    assert (description.length, description.bin_size, description.crop) == (64, 8, 8)
    history = pd.read_csv(trained.path / "history.csv")
    assert list(history) == ["epoch", "train_loss", "valid_loss", "valid_pearson"]
    assert len(history) == 2
    summary = trained.training_summary()
    assert summary["valid_pearson"] == history["valid_pearson"].max()
    assert "epoch 2 of 2" in (trained.path / "log.txt").read_text()


def test_it_can_be_opened_again(trained):
    again = ad.open_run(trained.path)
    assert again == trained
    sequence = torch.full((1, 4, 64), 0.25)
    assert torch.equal(again.model(sequence), trained.model(sequence))


def test_the_test_split_has_no_part_in_it(trained, small_sequences, small, tmp_path):
    data = ad.open_dataset(small_sequences)
    content = data.xarray.load()
    content["coverage"][8:] = 1000
    changed = ad.SequenceDataset(content)
    again = ad.train(changed, "dilated", tmp_path / "run", small | {"layers": 2}, seed=3)
    assert same_files(again.path, trained.path)


def test_a_resumed_run_is_the_same(trained, small_sequences, small, tmp_path, monkeypatch):
    settings, recorder = small | {"layers": 2, "seed": 3}, fitting.Recorder
    finish = recorder.on_train_epoch_end

    def killed(self, trainer, module):
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt
        finish(self, trainer, module)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "on_train_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt) as interruption:
            ad.train(small_sequences, "dilated", tmp_path / "run", settings)
    assert "--resume" in interruption.value.__notes__[-1]
    with pytest.raises(RunError, match="training is not finished; go on with: attendome train"):
        ad.open_run(tmp_path / "run")
    ad.train(small_sequences, "dilated", tmp_path / "run", settings, existing="resume")
    assert same_files(tmp_path / "run", trained.path)


def test_settings_that_are_lists_are_the_same_when_resumed(small_sequences, small, tmp_path):
    settings = small | {"alpha": [0.1, 0.5], "epochs": 1}
    made = ad.train(small_sequences, "decay-constant", tmp_path / "run", settings)
    again = ad.train(small_sequences, "decay-constant", made.path, settings, existing="resume")
    assert again == made
    assert again.config.settings["alpha"] == [0.1, 0.5]


def test_a_run_is_not_resumed_with_other_settings(run, small_sequences, small):
    with pytest.raises(RunError, match=r"other layers \(2; now 3\), seed \(3; now 0\)"):
        ad.train(small_sequences, "dilated", run.path, small | {"layers": 3}, existing="resume")


def test_a_run_is_not_replaced_unasked(run, small_sequences, small):
    with pytest.raises(RunError, match="exists already"):
        ad.train(small_sequences, "dilated", run.path, small)
    made = ad.train(small_sequences, "standard", run.path, small, existing="replace")
    assert made.config.model == "standard"


@pytest.mark.parametrize(("nodes", "made"), [(2, False), (1, True)])
def test_another_machine_leaves_the_folder_to_the_first(
    trained, tmp_path, monkeypatch, nodes, made
):
    monkeypatch.setenv("NODE_RANK", "1")  # which a scheduler may set for other reasons
    config = trained.config
    config = config.model_copy(update={"settings": config.settings | {"nodes": nodes}})
    with training_in(tmp_path / "run", config, "refuse"):
        assert (tmp_path / "run").exists() is made


def test_another_machine_does_not_go_on_with_what_is_replaced(
    trained, small_sequences, small, tmp_path, monkeypatch
):
    """The first may not have removed it yet."""
    out, seen, settings = tmp_path / "run", [], small | {"nodes": 2, "layers": 2}
    shutil.copytree(trained.path, out)
    monkeypatch.setenv("NODE_RANK", "1")
    monkeypatch.setattr(
        "lightning.Trainer.fit", lambda _, __, ckpt_path, **___: seen.append(ckpt_path)
    )
    for existing in ("replace", "resume"):
        ad.train(small_sequences, "dilated", out, settings, existing=existing)
    assert seen == [None]  # the finished one needs no more


# Warm start


@pytest.fixture
def no_epochs(monkeypatch):
    """Leave training out, so that a run has the weights it starts from."""
    from attendome.models.weights import save_weights
    from attendome.workflows.sequence import training

    monkeypatch.setattr(
        training, "fit", lambda module, folder, **_: save_weights(module.model, folder)
    )


@pytest.mark.usefixtures("no_epochs")
def test_warm_start_of_another_architecture(trained, small_sequences, tmp_path):
    out = tmp_path / "run"
    made = ad.train(small_sequences, "standard", out, {"seed": 9}, init_from=trained.path)
    theirs, ours = (read_weights(folder / WEIGHTS) for folder in (trained.path, out))
    for name, tensor in ours.items():
        same = tensor.shape == theirs[name].shape and torch.equal(tensor, theirs[name])
        assert same == name.startswith(("tower.", "output.")), name
    assert (ours["tower.blocks.0.normalisation.running_mean"] != 0).any()
    assert made.config.init_from == str(trained.path.resolve())
    assert len(made.config.init_from_sha256) == 64
    assert made.config.restored == ("tower", "output")
    assert made.config.settings["scale"] == "small"  # of the run started from
    log = (out / "log.txt").read_text()
    assert (
        "Started from dilated: restored tower (36 tensors), output (2 tensors); new: last (6 "
        "tensors); left over: context (12 tensors), last (6 tensors)."
    ) in log


@pytest.mark.usefixtures("no_epochs")
def test_warm_start_of_the_same_architecture_takes_all(trained, small_sequences, tmp_path):
    made = ad.train(small_sequences, "dilated", tmp_path / "run", init_from=trained.path)
    assert same_files(made.path, trained.path, (WEIGHTS,))
    assert made.config.settings["layers"] == 2
    assert made.config.restored == ("tower", "context", "last", "output")


@pytest.mark.usefixtures("no_epochs")
def test_warm_start_on_other_tracks_has_a_new_output(trained, small_sequences, tmp_path):
    content = ad.open_dataset(small_sequences).xarray.load()
    renamed = ad.SequenceDataset(content.assign_coords(track=["A+", "A-", "C"]))
    made = ad.train(renamed, "dilated", tmp_path / "run", init_from=trained.path)
    assert made.config.restored == ("tower", "context", "last")


@pytest.mark.usefixtures("no_epochs")
def test_warm_start_with_another_score_has_a_new_context(small_sequences, small, tmp_path):
    """Its shapes are the same, but what f does to the score is not."""
    first = ad.train(small_sequences, "hybrid", tmp_path / "first", small)
    for settings, restored in (
        ({}, True),
        ({"layer_dropout": 0.2}, True),
        ({"score": "scaled"}, False),
    ):
        out = tmp_path / str(settings)
        made = ad.train(small_sequences, "hybrid", out, settings, init_from=first.path)
        assert ("context" in made.config.restored) is restored


def test_warm_start_for_bins_of_another_size_is_refused(trained):
    start = read_warm_start(trained.path)
    double = {name: 2 * getattr(start.description, name) for name in ("bin_size", "crop")}
    other = start.description.model_copy(update=double)
    with pytest.raises(RunError, match="nothing of the weights of dilated fits"):
        start.restore(other.build(), other)


def test_warm_start_that_fits_nowhere(trained, small_sequences, tmp_path):
    with pytest.raises(RunError, match="nothing of the weights of dilated fits"):
        ad.train(
            small_sequences, "standard", tmp_path / "run", {"scale": "full"}, init_from=trained.path
        )
    assert not (tmp_path / "run").exists()


def test_warm_start_from_something_else(small_sequences, simulated_store, tmp_path):
    other = train_chromatin(simulated_store, "mlp", tmp_path / "mlp", {"epochs": 1})
    with pytest.raises(RunError, match="found one of mlp, which reads histone marks"):
        ad.train(small_sequences, "standard", tmp_path / "run", init_from=other.path)
    with pytest.raises(RunError, match="expected the run folder"):
        ad.train(small_sequences, "standard", tmp_path / "run", init_from=tmp_path / "a.pt")


def test_a_warm_start_is_repeated_from_its_configuration(trained, small_sequences, small, tmp_path):
    made = ad.train(small_sequences, "standard", tmp_path / "a", small, init_from=trained.path)
    config = made.config
    again = ad.train(
        config.data, config.model, tmp_path / "b", config.settings, init_from=config.init_from
    )
    assert same_files(made.path, again.path)


# Wrong requests leave nothing behind


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epoch": 3}, "Unknown setting 'epoch' of dilated: did you mean 'epochs'"),
        ({"target": "label"}, "Unknown setting 'target' of dilated"),
        ({"scale": "huge"}, "'scale'"),
        ({"margin": 3}, "margin of 3 bins at each end leaves none of 6"),
        ({"preset": "papers"}, "did you mean 'paper'"),
        ({"accelerator": "tpu"}, "accelerator"),
    ],
)
def test_settings_that_are_not_valid(small_sequences, tmp_path, settings, said):
    with pytest.raises(SettingsError, match=said):
        ad.train(small_sequences, "dilated", tmp_path / "run", {"scale": "small", **settings})
    assert not (tmp_path / "run").exists()


def test_model_and_data_of_different_kinds(small_sequences, simulated_store, tmp_path):
    with pytest.raises(SettingsError, match="mlp reads histone marks, and the data are of DNA"):
        ad.train(small_sequences, "mlp", tmp_path / "run")
    with pytest.raises(SettingsError, match="dilated reads DNA, and the data are of histone marks"):
        ad.train(simulated_store, "dilated", tmp_path / "run")
    for data in ([small_sequences, simulated_store], [small_sequences, small_sequences]):
        with pytest.raises(DataError, match="trained on one dataset, found 2"):
            ad.train(data, "dilated", tmp_path / "run")
    with pytest.raises(SettingsError, match="no marks to choose from"):
        ad.train(small_sequences, "dilated", tmp_path / "run", marks=["H3K4me3"])
    with pytest.raises(SettingsError, match="did you mean 'dilated'"):
        ad.train(small_sequences, "dilatd", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_sizes_that_no_model_has(small_sequences, tmp_path):
    content = ad.open_dataset(small_sequences).xarray.load()
    odd = content.isel(position=slice(2, 62)).assign_attrs(crop=6)
    odd = odd.assign_coords(start=odd["start"] + 2, end=odd["end"] - 2)
    with pytest.raises(DataError, match="a length of 60 bp is no whole number of bins of 8 bp"):
        ad.train(ad.SequenceDataset(odd), "standard", tmp_path / "run")


def test_no_regions_to_choose_the_epoch_on(small_sequences, tmp_path):
    content = ad.open_dataset(small_sequences).xarray
    split = np.where(content["split"] == "valid", "train", content["split"].to_numpy())
    data = ad.SequenceDataset(content.assign_coords(split=("region", split.astype(object))))
    with pytest.raises(DataError, match="no region is in the split 'valid'"):
        ad.train(data, "standard", tmp_path / "run")


def test_a_loss_that_is_not_finite_says_what_to_do(small_sequences, small, tmp_path):
    with pytest.raises(AttendomeError, match="learning_rate"):
        ad.train(
            small_sequences,
            "standard",
            tmp_path / "run",
            small | {"learning_rate": 1e30, "epochs": 5, "gradient_clip_norm": None},
        )
    with pytest.raises(RunError, match="not finished"):
        ad.open_run(tmp_path / "run")


def test_the_published_settings_are_a_preset(small_sequences):
    ready = prepare(
        ad.open_dataset(small_sequences), "dilated", {"preset": "paper", "margin": 1}, None
    )
    training = ready.module.settings
    assert (training.learning_rate, training.beta1, training.beta2) == (0.002063, 0.97, 0.98)


def test_a_run_without_its_weights(run):
    (run.path / WEIGHTS).unlink()
    with pytest.raises(RunError, match=WEIGHTS):
        ad.open_run(run.path)
    shutil.rmtree(run.path)
    with pytest.raises(RunError, match="no such run folder"):
        ad.open_run(run.path)
