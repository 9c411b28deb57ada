"""Commands on models that read DNA, and what they say of bad requests."""

import json
import shutil
import signal
import time

import pytest
import yaml

import attendome as ad

SMALL = ["--set", "scale=small", "--set", "batch_size=2"]
QUICK = [*SMALL, "--set", "epochs=1"]


@pytest.fixture(scope="session")
def dilated(succeed, small_sequences, tmp_path_factory):
    """A run that no test changes."""
    out = tmp_path_factory.mktemp("runs") / "dilated"
    options = ["--model", "dilated", "--set", "layers=2", "--seed", 4]
    succeed("train", small_sequences, "--out", out, *options, *QUICK)
    return out


@pytest.fixture
def sequence_run(dilated, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(dilated, tmp_path / "dilated")


def test_train_says_how_it_went(succeed, small_sequences, tmp_path):
    out = tmp_path / "run"
    said = succeed("train", small_sequences, "--model", "standard", "--out", out, *QUICK)
    summary = ad.open_run(out).training_summary()
    assert f"Wrote {out}: best of 1 epochs is 1, validation Pearson's r " in said
    assert f"{summary['valid_pearson']:.4f}" in said


def test_evaluate_and_info(succeed, sequence_run, small_sequences):
    said = succeed("info", sequence_run)
    assert "Run of dilated on " in said
    assert "64 bp in, 6 bins of 8 bp out; 3 tracks (2 CAGE, 1 DNASE)" in said
    assert "Not evaluated yet" in said
    said = succeed("evaluate", sequence_run)
    written = json.loads((sequence_run / "metrics.json").read_text())
    overall = written["pearson"]["overall"]
    assert f"Split 'test' of {small_sequences.resolve()}: 2 regions" in said
    assert "all 3 tracks" in said
    assert f"{overall['value']:.4f}" in said
    assert f"{overall['low']:.3f} – {overall['high']:.3f}" in said
    assert "DNASE" in said
    assert f"{written['r2']['by_assay']['DNASE']['value']:.4f}" in said
    assert json.loads(succeed("info", sequence_run, "--json"))["metrics"] == written
    assert "all 3 tracks" in succeed("info", sequence_run)


def test_evaluate_as_json(succeed, sequence_run):
    options = ["--split", "valid", "--both-strands", "--shifts", "-1,1"]
    content = json.loads(succeed("evaluate", sequence_run, "--json", *options))
    assert content == json.loads((sequence_run / "metrics.json").read_text())
    assert content["split"] == "valid"
    assert content["averaging"] == {"reverse_complement": True, "shifts": [0, -1, 1]}


def test_evaluate_reach(succeed, sequence_run):
    said = succeed("evaluate", sequence_run, "--reach")
    assert "Pearson's r within a reach" in said
    assert (sequence_run / "reach.parquet").is_file()
    assert " 64 " in said  # bp: everything


def test_report(succeed, sequence_run):
    assert succeed("report", sequence_run) == f"Wrote {sequence_run / 'report.html'}\n"


def test_warm_start_and_its_repetition(succeed, fail, sequence_run, small_sequences, tmp_path):
    options = ["train", small_sequences, "--model", "standard", "--out"]
    said = succeed(*options, tmp_path / "a", "--init-from", sequence_run, *QUICK)
    assert f"Started from {sequence_run}, with its tower and output." in said
    assert f"Started from {sequence_run}, with its tower and output" in succeed(
        "info", tmp_path / "a"
    )
    config = ["--config", tmp_path / "a" / "config.yaml"]
    succeed(*options, tmp_path / "b", *config)
    name = "model.safetensors"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    (sequence_run / name).write_bytes((tmp_path / "a" / name).read_bytes())
    assert "the weights have changed" in fail(*options, tmp_path / "c", *config)
    assert not (tmp_path / "c").exists()


def test_dry_run(succeed, fail, small_sequences, dilated, tmp_path):
    options = ["train", small_sequences, "--model", "standard", "--out", tmp_path / "run", *SMALL]
    said = succeed(*options, "--dry-run", "--init-from", dilated)
    assert "Training standard on cpu" in said
    count = sum(p.numel() for p in ad.open_run(dilated).model.tower.parameters())
    assert count < int(said.split("parameters")[1].split()[1].replace(",", ""))
    assert "time per batch, measured" in said
    assert "batches of an epoch" in said
    assert "Started from dilated: restored tower (36 tensors), output (2 tensors)" in said
    assert not list(tmp_path.iterdir())
    assert "did you mean 'batch_size'" in fail(*options, "--dry-run", "--set", "batch_sise=2")


def test_dry_run_of_what_does_not_fit(succeed, small_sequences, tmp_path, monkeypatch):
    monkeypatch.setattr("attendome.workflows.sequence.planning.MEMORY_LIMIT", 1000)
    options = ["--model", "standard", "--out", tmp_path / "run", "--dry-run", *SMALL]
    said = succeed("train", small_sequences, *options)
    assert "Warning: this does not fit; choose a smaller batch_size" in said
    assert "measured" not in said


def test_dry_run_of_marks(fail, dataset, tmp_path):
    options = ["--model", "mlp", "--out", tmp_path / "run", "--dry-run"]
    assert "--dry-run is for models that read DNA" in fail("train", dataset, *options)


def test_interrupted_training_goes_on(succeed, start, small_sequences, dilated, tmp_path):
    out = tmp_path / "run"
    options = ["--model", "dilated", "--set", "layers=2", "--seed", 4, *SMALL]
    long = [*options, "--set", "epochs=300", "--set", "patience=300"]
    process = start("train", small_sequences, "--out", out, *long)
    while process.poll() is None and not (out / "history.csv").exists():
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is half written. Go on with the same command and --resume." in said
    settings = yaml.safe_load((out / "config.yaml").read_text())
    settings["settings"] |= {"epochs": 1, "patience": 10}
    (out / "config.yaml").write_text(yaml.safe_dump(settings))  # one epoch is enough here
    succeed("train", small_sequences, "--out", out, "--resume", *options, "--set", "epochs=1")
    name = "model.safetensors"
    assert ad.open_run(out).training_summary()["epochs"] >= 1
    if ad.open_run(out).training_summary()["epochs"] == 1:
        assert (out / name).read_bytes() == (dilated / name).read_bytes()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["explain"], "dilated reads DNA; say which bases with --region"),
        (["explain", "--validate", "--held-out", "H3K27ac"], "which reads DNA"),
        (["evaluate", "--split", "tset"], "no region is in the split 'tset'"),
        (["evaluate", "--shifts", "a"], "expected whole numbers of bp, such as -1,1; found 'a'"),
        (["evaluate", "--data", "none.zarr"], "none.zarr: no such dataset"),
    ],
    ids=str,
)
def test_wrong_requests(fail, dilated, command, said):
    name, *options = command
    assert said in fail(name, dilated, *options)


def test_options_of_dna_on_a_run_of_marks(fail, trained):
    for option in (["--both-strands"], ["--shifts", "1"], ["--reach"]):
        assert "attentive-chrome reads histone marks" in fail("evaluate", trained, *option)


def test_wrong_trainings(fail, small_sequences, dataset, dilated, tmp_path):
    out = ["--out", tmp_path / "run"]
    for data, model, options, said in (
        ([small_sequences], "attentive-chrome", [], "attentive-chrome reads histone marks"),
        ([dataset], "dilated", [], "dilated reads DNA"),
        ([small_sequences, small_sequences], "dilated", [], "trained on one dataset, found 2"),
        ([small_sequences], "dilated", ["--set", "epoch=1"], "did you mean 'epochs'"),
        ([small_sequences], "dilated", ["--marks", "A"], "no marks to choose from"),
        ([small_sequences], "dilated", ["--search", 3], "found a sequence dataset"),
        ([dataset], "mlp", ["--init-from", dilated], "found a model that reads DNA"),
    ):
        assert said in fail("train", *data, "--model", model, *out, *options)
    assert "exists already" in fail(
        "train", small_sequences, "--model", "dilated", "--out", dilated
    )
    assert not list(tmp_path.iterdir())


def test_models_list_those_of_dna(succeed):
    rows = {row["name"]: row for row in json.loads(succeed("models", "--json"))}
    assert rows["dilated"]["task"] == "sequence"
    assert rows["dilated"]["parameters"] == 15_190_636
    assert rows["standard"]["parameters"] == 12_386_092
    assert rows["dilated"]["settings"]["learning_rate"]["paper"] == 0.002063
    assert "dilated (sequence): " in succeed("models")
