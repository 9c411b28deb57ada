"""Commands that make and use trained models, and what they say of bad requests."""

import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
import yaml

import attendome as ad
from attendome.data.store import save_dataset
from attendome.models.registry import CHROMATIN_MODELS, MODELS

SMALL = ["--set", "bin_hidden=4", "--set", "mark_hidden=3", "--set", "epochs=2"]
MODEL = ["--model", "attentive-chrome"]


def test_train_says_how_it_went(succeed, dataset, tmp_path):
    out = tmp_path / "run"
    said = succeed("train", dataset, *MODEL, "--out", out, "--seed", 5, *SMALL)
    summary = ad.open_run(out).training_summary()
    assert f"Wrote {out}: best of 2 epochs is {summary['best']}" in said
    assert f"{summary['valid_auroc']:.4f}" in said
    assert f"attendome evaluate {out}" in said
    assert ad.open_run(out).config.settings["seed"] == 5


def test_a_config_is_replayed(succeed, trained, dataset, tmp_path):
    config = trained / "config.yaml"
    succeed("train", dataset, *MODEL, "--out", tmp_path / "run", "--config", config)
    name = "model.safetensors"
    assert (tmp_path / "run" / name).read_bytes() == (trained / name).read_bytes()


def test_settings_replace_those_of_a_config(succeed, trained, dataset, tmp_path):
    options = ["--config", trained / "config.yaml", "--set", "epochs=1"]
    succeed("train", dataset, *MODEL, "--out", tmp_path / "run", *options)
    settings = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())["settings"]
    assert (settings["epochs"], settings["bin_hidden"]) == (1, 4)


def test_init_from(succeed, trained, dataset, tmp_path):
    options = ["--init-from", trained, "--set", "epochs=1"]
    succeed("train", dataset, *MODEL, "--out", tmp_path / "run", *options)
    run = ad.open_run(tmp_path / "run")
    assert (run.config.init_from, run.config.settings["bin_hidden"]) == (str(trained), 4)


def test_a_config_with_a_start_is_replayed_unless_that_has_changed(
    succeed, fail, run, dataset, tmp_path
):
    options = ["train", dataset, *MODEL, "--out"]
    first, again = tmp_path / "first", tmp_path / "again"
    succeed(*options, first, "--init-from", run, "--set", "epochs=1")
    replay = ["--config", first / "config.yaml"]
    succeed(*options, again, *replay)
    name = "model.safetensors"
    assert (again / name).read_bytes() == (first / name).read_bytes()
    (run / name).write_bytes((first / name).read_bytes())
    said = fail(*options, tmp_path / "third", *replay)
    assert f"{run}: the weights have changed" in said
    assert not (tmp_path / "third").exists()
    succeed(*options, tmp_path / "third", *replay, "--init-from", run)


def test_force_replaces_a_run(succeed, run, dataset):
    succeed("train", dataset, *MODEL, "--out", run, "--force", "--seed", 8, *SMALL)
    assert ad.open_run(run).config.settings["seed"] == 8


def test_evaluate(succeed, run):
    said = succeed("evaluate", run)
    assert "24 genes" in said
    assert "auroc" in said
    content = json.loads(succeed("evaluate", run, "--split", "valid", "--json"))
    assert content["split"] == "valid"
    written = json.loads((run / "metrics.json").read_text())
    more = {name: written[name] for name in ("fingerprint", "seen_in_training")}
    assert written == content | more
    assert "Split 'valid'" in succeed("info", run)
    assert json.loads(succeed("info", run, "--json"))["metrics"] == written


def test_expression(succeed, dataset, tmp_path):
    out = tmp_path / "run"
    options = ["--set", "target=expression", "--set", "trees=10"]
    said = succeed("train", dataset, "--model", "random-forest", "--out", out, *options)
    assert "validation Pearson's r " in said
    said = " ".join(succeed("evaluate", out).split())
    assert "24 genes, log2(1 + expression)" in said
    assert "pearson" in said
    succeed("predict", out, "--out", tmp_path / "p.tsv")
    table = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    assert {"observed_expression", "predicted_expression"} < set(table)
    succeed("report", out)
    assert f"Run of random-forest on {dataset}" in succeed("info", out)


def test_info_before_evaluation(succeed, run):
    assert "Not evaluated yet" in succeed("info", run)


def test_one_class_only(succeed, run, simulated, tmp_path):
    content = simulated.xarray.copy(deep=True)
    content["label"][:] = 0
    save_dataset(ad.ChromatinDataset(content), tmp_path / "off.zarr")
    said = succeed("evaluate", run, "--data", tmp_path / "off.zarr")
    assert "none of the 24 genes" in said
    assert "nan" not in said


def test_predict(succeed, trained, tmp_path):
    out = tmp_path / "p.tsv"
    assert succeed("predict", trained, "--out", out) == f"Wrote {out}: 120 genes.\n"
    assert pd.read_csv(out, sep="\t").columns[0] == "gene"


def test_explain(succeed, run, tmp_path):
    out = tmp_path / "maps.zarr"
    assert succeed("explain", run, "--out", out) == f"Wrote {out}: 120 genes.\n"
    assert set(xr.open_zarr(out, consolidated=False)) >= {"alpha", "beta"}
    assert str(run / "attention.zarr") in succeed("explain", run)


def test_explain_some_genes(succeed, fail, run, simulated, tmp_path):
    gene, name = simulated.genes.index[3], simulated.genes["gene_name"].iloc[8]
    out = tmp_path / "maps.zarr"
    said = succeed("explain", run, "--gene", gene, "--gene", name, "--out", out)
    assert said == f"Wrote {out}: 2 genes.\n"
    assert xr.open_zarr(out)["gene"].to_numpy().tolist() == [gene, simulated.genes.index[8]]
    said = succeed("explain", run, "--split", "test", "--method", "saliency")
    assert said == f"Wrote {run / 'saliency.zarr'}: 24 genes.\n"
    assert "no gene has the ID or the name 'PAX5'" in fail("explain", run, "--gene", "PAX5")


@pytest.mark.parametrize("switches", [False, True])
def test_explain_says_whether_importance_adds_up(succeed, run, monkeypatch, switches):
    if switches:
        place = "attendome.workflows.explaining.completeness_error"
        monkeypatch.setattr(place, lambda *_: 0.234)
    options = ["--split", "test", "--method", "integrated-gradients", "--set", "steps=20"]
    said = succeed("explain", run, *options)
    assert "adds up to the prediction minus that of the baseline, within " in said
    assert ("within 23.4%.\nWarning: that is too far off; choose more steps" in said) == switches


def test_models(succeed):
    assert "attentive-chrome (chromatin)" in succeed("models")
    rows = {row["name"]: row for row in json.loads(succeed("models", "--json"))}
    assert list(rows) == list(MODELS)
    assert rows["attentive-chrome"]["parameters"] == 55_681
    assert rows["deep-chrome"]["settings"]["optimiser"]["paper"] == "sgd"


@pytest.mark.parametrize("name", CHROMATIN_MODELS)
def test_every_model_from_training_to_the_report(succeed, fail, dataset, tmp_path, name):
    out, attention = tmp_path / "run", CHROMATIN_MODELS[name].attention
    quick = "seed=1" if CHROMATIN_MODELS[name].classical else "epochs=1"
    options = ["--model", name, "--out", out, "--set", quick]
    assert f"Wrote {out}: best of 1 epochs is 1" in succeed("train", dataset, *options)
    assert "24 genes" in succeed("evaluate", out)
    assert "120 genes" in succeed("predict", out, "--out", tmp_path / "p.tsv")
    if attention:
        succeed("explain", out)
        maps = xr.open_zarr(out / "attention.zarr", consolidated=False)
        assert [kind for kind in ("alpha", "beta") if kind in maps] == list(attention)
        assert maps.attrs["alpha_shared"] == (name in ("lstm-attention", "cnn-attention"))
    else:
        said = fail("explain", out)
        assert f"{name} has no α or β; models with attention: attentive-chrome (α and β)" in said
        assert not (out / "attention.zarr").exists()
    few = ["--split", "test", "--method", "occlusion", "--set", "width=10"]
    assert "occlusion.zarr: 24 genes" in succeed("explain", out, *few)
    assert f"Wrote {out / 'report.html'}" in succeed("report", out)
    assert f"Run of {name}" in succeed("info", out)


def test_demo(succeed, fail, monkeypatch, tmp_path):
    from attendome.workflows import demo

    monkeypatch.setattr(demo, "SIMULATION", {"genes": 60, "bins": 20})
    monkeypatch.setattr(demo, "TRAINING", {"bin_hidden": 4, "mark_hidden": 3, "epochs": 1})
    said = succeed("demo", "--out", tmp_path / "demo")
    assert "Planted truth against attention" in said
    assert f"Report: {tmp_path / 'demo' / 'run' / 'report.html'}" in said
    assert "--force" in fail("demo", "--out", tmp_path / "demo")


# Bad requests: a message that says what to do, and nothing is made.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "atentive-chrome"], "did you mean 'attentive-chrome'"),
        ([*MODEL, "--set", "bin_hiden=4"], "did you mean 'bin_hidden'"),
        ([*MODEL, "--set", "preset=papr"], "did you mean 'paper'"),
        ([*MODEL, "--set", "preset=[1]"], "Unknown preset"),
        ([*MODEL, "--set", "epochs"], "not of the form key=value"),
        ([*MODEL, "--set", "epochs=1", "--set", "epochs=2"], "given twice"),
        ([*MODEL, "--set", "epochs=many"], "'epochs' cannot be 'many'"),
        ([*MODEL, "--set", "optimiser=adan"], "'optimiser' cannot be 'adan'"),
        (["--model", "deep-chrome", "--set", "kernel=17"], "at least 21 bins; found 20"),
        ([*MODEL, "--set", "learning_rate=-1"], "'learning_rate' cannot be -1"),
        ([*MODEL, "--config", "nowhere.yaml"], "nowhere.yaml: no such file"),
        ([*MODEL, "--config", "c.yaml", "--set", "preset=paper"], "leave out --config or preset="),
        ([*MODEL, "--init-from", "nowhere.pt"], "nowhere.pt: no such file"),
        ([*MODEL, "--resume"], "no such run folder"),
    ],
)
def test_train_with_a_wrong_request(fail, dataset, tmp_path, options, message):
    assert message in fail("train", dataset, "--out", tmp_path / "run", *options)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", ["- 1", "settings: [1]", "setings: {}", "model: 5", "a: [", "!!python/name:os"]
)
def test_train_with_a_wrong_config(fail, dataset, tmp_path, content):
    (tmp_path / "c.yaml").write_text(content)
    options = ["--out", tmp_path / "run", "--config", tmp_path / "c.yaml"]
    assert "c.yaml: " in fail("train", dataset, *MODEL, *options)
    assert not (tmp_path / "run").exists()


def test_train_on_nothing(fail, tmp_path):
    options = [*MODEL, "--out", tmp_path / "run"]
    assert "nowhere.zarr: no such dataset" in fail("train", "nowhere.zarr", *options)
    assert not any(tmp_path.iterdir())


def test_train_into_what_exists(fail, run, dataset, tmp_path):
    said = fail("train", dataset, *MODEL, "--out", run)
    assert "exists already" in said
    assert "--resume" in said
    assert "--force" in said
    (tmp_path / "file").touch()
    for option in ([], ["--force"]):
        assert "not a run" in fail("train", dataset, *MODEL, "--out", tmp_path / "file", *option)


def test_resume_with_other_settings(fail, run, dataset):
    (run / "model.json").unlink()
    said = fail("train", dataset, *MODEL, "--out", run, "--resume", *SMALL, "--seed", 9)
    assert "seed (0; now 9)" in said


def test_resume_and_force_do_not_go_together(invoke, run, dataset):
    result = invoke("train", dataset, *MODEL, "--out", run, "--resume", "--force")
    assert result.exit_code == 2
    assert "give one of them" in result.stderr


@pytest.fixture
def other_marks(simulated, tmp_path):
    names = np.array(["DNase", *simulated.marks[1:]], object)
    renamed = ad.ChromatinDataset(simulated.xarray.assign_coords(mark=names))
    return save_dataset(renamed, tmp_path / "other.zarr").path


@pytest.fixture
def sequences(tmp_path):
    content = xr.Dataset({"sequence": ("region", [1])}, attrs={"kind": "sequence"})
    content.to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    return tmp_path / "other.zarr"


USES = (["predict", "--out", "p.tsv"], ["explain", "--out", "p.zarr"], ["evaluate"])


@pytest.mark.parametrize("use", USES, ids=lambda use: use[0])
@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("other_marks", "it has no H3K4me3, only DNase"),
        ("sequences", "expected a chromatin dataset, found a sequence dataset"),
    ],
)
def test_a_dataset_that_does_not_fit(request, fail, run, monkeypatch, use, kind, message):
    data = request.getfixturevalue(kind)
    monkeypatch.chdir(data.parent)
    command, *options = use
    said = fail(command, run, "--data", data, *options)
    assert str(data) in said
    assert message in said
    assert {path.name for path in data.parent.iterdir()} == {"run", "other.zarr"}
    assert not (run / "metrics.json").exists()


@pytest.mark.parametrize("use", [*USES, ["report"], ["info"]], ids=lambda use: use[0])
def test_what_is_not_a_run(fail, tmp_path, monkeypatch, use):
    monkeypatch.chdir(tmp_path)
    command, *options = use
    assert "no such" in fail(command, "nowhere", *options)
    Path("folder").mkdir()
    said = fail(command, "folder", *options)
    assert "folder: not a run folder" in said or "expected a dataset" in said
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    ("command", "out", "message"),
    [
        ("predict", "p.csv", "ends in .tsv or .parquet"),
        ("predict", "there.tsv", "--force"),
        ("predict", "nowhere/p.tsv", "create it first"),
        ("explain", "p.png", "ends in .zarr or .nc"),
        ("explain", "there.zarr", "--force"),
        ("report", "there.tsv", "--force"),
    ],
)
def test_wrong_outputs(fail, run, tmp_path, command, out, message):
    (tmp_path / "there.tsv").write_text("mine")
    (tmp_path / "there.zarr").mkdir()
    assert message in fail(command, run, "--out", tmp_path / out)
    assert (tmp_path / "there.tsv").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"run", "there.tsv", "there.zarr"}


def test_unknown_method_and_split(fail, run):
    assert "did you mean 'attention'" in fail("explain", run, "--method", "attenton")
    assert "no gene is in the split 'tst'" in fail("evaluate", run, "--split", "tst")


@pytest.mark.parametrize("name", ["config.yaml", "model.json", "model.safetensors"])
def test_a_damaged_run(fail, run, name):
    (run / name).write_bytes(b"\x00 spoilt")
    assert f"{run / name}: damaged" in fail("evaluate", run)


# Files that would run code


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("save", [torch.save, lambda o, path: path.write_bytes(pickle.dumps(o))])
def test_hostile_weights_are_refused(fail, dataset, tmp_path, save):
    file, proof = tmp_path / "w.pt", tmp_path / "it-ran"
    save({"rnn_hms.0.rnn.weight_hh_l0": Hostile(proof)}, file)
    out = tmp_path / "run"
    said = fail("import", "attentivechrome-weights", file, out, "--data", dataset)
    assert f"{file}: refused" in said
    said = fail("train", dataset, *MODEL, "--out", out, "--init-from", file)
    assert f"{file}: refused" in said
    assert [path.name for path in tmp_path.iterdir()] == ["w.pt"]


def test_a_hostile_checkpoint_is_refused(fail, run, dataset, tmp_path):
    (run / "model.json").unlink()
    (run / "history.csv").unlink()
    torch.save({"state_dict": Hostile(tmp_path / "it-ran")}, run / "checkpoints" / "last.ckpt")
    said = fail("train", dataset, *MODEL, "--out", run, "--resume", *SMALL)
    assert "last.ckpt: the checkpoint is damaged, or would run code" in said
    assert not (tmp_path / "it-ran").exists()
    assert not (run / "model.json").exists()


def test_weights_that_are_a_pickle(fail, run, tmp_path):
    (run / "model.safetensors").write_bytes(pickle.dumps(Hostile(tmp_path / "it-ran")))
    assert "model.safetensors: damaged" in fail("predict", run, "--out", tmp_path / "p.tsv")
    assert not (tmp_path / "it-ran").exists()


def test_import_weights(succeed, shared_data, dataset, tmp_path):
    file = shared_data / "golden" / "attentivechrome_v2_state_dict.pt"
    said = succeed("import", "attentivechrome-weights", file, tmp_path / "run", "--data", dataset)
    assert "attentive-chrome for H3K27me3, H3K36me3, H3K4me1, H3K4me3, H3K9me3" in said
    assert "24 genes" in succeed("evaluate", tmp_path / "run")
