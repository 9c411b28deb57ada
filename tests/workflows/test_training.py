import hashlib
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml

import attendome as ad
from attendome.data.simulation import SimulationSettings, simulate_chromatin
from attendome.errors import AttendomeError, DataError, RunError, SettingsError
from attendome.models.readout import Readout
from attendome.models.registry import CHROMATIN_MODELS
from attendome.training.calibration import calibrated
from attendome.training.history import read_history
from attendome.workflows import training

MODEL = "attentive-chrome"


def files_in(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_run_says_what_it_was_made_from(trained, stored):
    config = trained.config
    assert (config.model, config.data) == (MODEL, (str(stored.path.resolve()),))
    assert config.fingerprint == stored.fingerprint()
    assert (config.settings["seed"], config.settings["epochs"]) == (3, 2)
    assert (config.init_from, config.imported_from) == (None, None)
    assert list(trained.description.marks) == stored.marks


def test_training_summary_is_of_the_history(trained):
    history = read_history(trained.path)
    best = history.loc[history["valid_auroc"].idxmax()]
    assert trained.training_summary() == {
        "epochs": 2,
        "best": best["epoch"],
        "valid_auroc": best["valid_auroc"],
    }


def test_the_config_replays_to_the_same_bits(trained, tmp_path):
    content = yaml.safe_load((trained.path / "config.yaml").read_text())
    again = ad.train(content["data"], content["model"], tmp_path / "run", content["settings"])
    name = "model.safetensors"
    assert (again.path / name).read_bytes() == (trained.path / name).read_bytes()
    assert again.config == trained.config


def test_the_seed_may_be_a_setting_or_an_argument(trained, stored, tiny, tmp_path):
    again = ad.train(stored, MODEL, tmp_path / "run", tiny | {"seed": 3})
    assert again.config.settings == trained.config.settings


def test_the_logger_is_left_as_it_was(trained):
    import logging

    assert trained.path.joinpath("log.txt").read_text().count("epoch") == 2
    names = [type(h).__name__ for h in logging.getLogger("attendome").handlers]
    assert "FileHandler" not in names


# An output that exists


def test_an_existing_run_is_refused(run, stored, tiny):
    before = files_in(run.path)
    with pytest.raises(RunError, match=r"exists already.*--resume.*--force"):
        ad.train(stored, MODEL, run.path, tiny)
    assert files_in(run.path) == before


def test_an_existing_run_is_replaced_as_a_whole(run, stored, tiny):
    (run.path / "metrics.json").write_text("stale")
    again = ad.train(stored, MODEL, run.path, tiny, seed=4, existing="replace")
    assert again.config.settings["seed"] == 4
    assert not (run.path / "metrics.json").exists()


def test_an_empty_folder_is_used(stored, tiny, tmp_path):
    ad.train(stored, MODEL, tmp_path, tiny)
    assert ad.open_run(tmp_path).config.model == MODEL


@pytest.mark.parametrize("existing", ["refuse", "replace", "resume"])
def test_what_is_not_a_run_is_never_deleted(stored, tiny, tmp_path, existing):
    (tmp_path / "thesis.txt").write_text("ten years")
    for path in (tmp_path, tmp_path / "thesis.txt"):
        with pytest.raises(RunError, match=str(path)):
            ad.train(stored, MODEL, path, tiny, existing=existing)
    assert (tmp_path / "thesis.txt").read_text() == "ten years"


def test_a_dataset_is_not_replaced_by_a_run(simulated_store, tiny):
    with pytest.raises(RunError, match="not a run"):
        ad.train(simulated_store, MODEL, simulated_store, tiny, existing="replace")
    ad.open_dataset(simulated_store)


# Resuming


@pytest.fixture
def interrupted(run):
    (run.path / "model.json").unlink()
    return run.path


def test_resume_finishes_the_run(interrupted, trained, stored, tiny):
    again = ad.train(stored, MODEL, interrupted, tiny, seed=3, existing="resume")
    assert again.description == trained.description


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 3}, r"with other epochs \(2; now 3\)"),
        ({"seed": 5, "bin_hidden": 6}, r"bin_hidden \(4; now 6\), seed \(3; now 5\)"),
    ],
)
def test_resume_with_other_settings(interrupted, stored, tiny, settings, message):
    before = files_in(interrupted)
    with pytest.raises(RunError, match=message):
        ad.train(stored, MODEL, interrupted, tiny | {"seed": 3} | settings, existing="resume")
    assert files_in(interrupted) == before


def test_resume_with_other_data(interrupted, relabelled, tiny):
    with pytest.raises(RunError, match="with other data;"):
        ad.train(relabelled("test"), MODEL, interrupted, tiny, seed=3, existing="resume")


def test_resume_with_another_start(interrupted, trained, stored, tiny):
    with pytest.raises(RunError, match="with other init_from;"):
        ad.train(
            stored,
            MODEL,
            interrupted,
            tiny,
            seed=3,
            init_from=trained.path,
            existing="resume",
        )


def test_resume_of_another_model(interrupted, stored, tiny):
    config = interrupted / "config.yaml"
    config.write_text(config.read_text().replace(f"model: {MODEL}", "model: another"))
    with pytest.raises(RunError, match="with other model;"):
        ad.train(stored, MODEL, interrupted, tiny, seed=3, existing="resume")


def test_resume_of_nothing(stored, tiny, tmp_path):
    with pytest.raises(RunError, match="no such run folder"):
        ad.train(stored, MODEL, tmp_path / "run", tiny, existing="resume")
    assert not any(tmp_path.iterdir())


# Requests that are wrong


@pytest.mark.parametrize("split", ["train", "valid"])
def test_one_class_only(relabelled, tiny, tmp_path, split):
    message = f"of the split '{split}' are labelled on; training needs genes of both classes"
    with pytest.raises(DataError, match=message):
        ad.train(relabelled(split), MODEL, tmp_path / "run", tiny)
    assert not any(tmp_path.iterdir())


def test_one_class_in_the_test_split_is_no_matter(relabelled, tiny, tmp_path):
    ad.train(relabelled("test"), MODEL, tmp_path / "run", tiny)


def test_no_labels(simulated, tiny, tmp_path):
    bare = replace(simulated, xarray=simulated.xarray.drop_vars("label"))
    with pytest.raises(DataError, match="no labels"):
        ad.train(bare, MODEL, tmp_path / "run", tiny)
    assert not any(tmp_path.iterdir())


def test_missing_values(incomplete, tiny, tmp_path):
    with pytest.raises(DataError, match=r"the signal of 2 genes has missing values; .* --missing"):
        ad.train(incomplete, MODEL, tmp_path / "run", tiny)
    assert not any(tmp_path.iterdir())


def test_no_validation_split(simulated, tiny, tmp_path):
    rest = simulated.xarray.isel(gene=simulated.xarray["split"].to_numpy() != "valid")
    with pytest.raises(DataError, match="no gene is in the split 'valid'"):
        ad.train(ad.ChromatinDataset(rest), MODEL, tmp_path / "run", tiny)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": "nowhere.zarr"},
        {"model": "attentiv-chrome"},
        {"settings": {"epoch": 2}},
        {"settings": {"epochs": -2}},
        {"seed": -1},
        {"init_from": "nowhere"},
    ],
    ids=str,
)
@pytest.mark.parametrize("existing", ["refuse", "replace"])
def test_a_wrong_request_creates_and_deletes_nothing(stored, run, tmp_path, wrong, existing):
    out = run.path if existing == "replace" else tmp_path / "new"
    before = files_in(tmp_path)
    request = {"data": stored, "model": MODEL} | wrong
    with pytest.raises(AttendomeError):
        ad.train(out=out, existing=existing, **request)
    assert files_in(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("existing", ["refuse", "replace"])
def test_a_device_that_is_not_there(stored, run, tiny, tmp_path, existing):
    out = run.path if existing == "replace" else tmp_path / "new"
    before = files_in(tmp_path)
    with pytest.raises(AttendomeError, match="gpu"):
        ad.train(stored, MODEL, out, tiny | {"accelerator": "gpu"}, existing=existing)
    assert files_in(tmp_path) == before


# Starting from other weights


@pytest.fixture
def no_epochs(monkeypatch):
    """Leave training out, so that a run has the weights it starts from."""
    from attendome.models.weights import save_weights

    monkeypatch.setattr(training, "fit", lambda module, folder: save_weights(module.model, folder))


def same_weights(ours, theirs):
    """Whether all parameters are equal; the input transform is fitted to the data."""
    theirs = dict(theirs.named_parameters())
    return all(torch.equal(value, theirs[name]) for name, value in ours.named_parameters())


@pytest.mark.usefixtures("no_epochs")
def test_start_from_a_run(trained, stored, tmp_path):
    run = ad.train(stored, MODEL, tmp_path / "run", seed=9, init_from=trained.path)
    assert same_weights(run.model, trained.model)
    assert run.config.settings["bin_hidden"] == 4
    assert run.config.settings["transform"] == trained.config.settings["transform"]
    assert run.config.settings["epochs"] == 50, "settings of training are not inherited"
    assert run.config.init_from == str(trained.path.resolve())
    content = (trained.path / "model.safetensors").read_bytes()
    assert run.config.init_from_sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("no_epochs")
def test_where_it_started_from_is_kept_as_an_absolute_path(trained, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(trained.path.parent)
    run = ad.train(stored, MODEL, tmp_path / "run", init_from=trained.path.name)
    assert run.config.init_from == str(trained.path.resolve())


@pytest.mark.usefixtures("no_epochs")
def test_without_a_start_the_weights_are_others(trained, stored, tiny, tmp_path):
    run = ad.train(stored, MODEL, tmp_path / "run", tiny, seed=3)
    assert not same_weights(run.model, trained.model)


@pytest.mark.usefixtures("no_epochs")
def test_marks_are_ordered_by_name(trained, stored, tmp_path):
    turned = stored.with_marks(stored.marks[::-1])
    run = ad.train(turned, MODEL, tmp_path / "run", init_from=trained.path)
    assert list(run.description.marks) == stored.marks
    assert run.predict(turned).equals(trained.predict(stored))


@pytest.mark.usefixtures("no_epochs")
def test_start_from_a_file_of_the_original(published, chromatin, tmp_path):
    from attendome.models.published_weights import read_published_weights

    turned = chromatin.with_marks(chromatin.marks[::-1])
    run = ad.train(turned, MODEL, tmp_path / "run", {"preset": "paper"}, init_from=published)
    model, settings = read_published_weights(published, bins=100)
    assert same_weights(run.model, model)
    assert list(run.description.marks) == chromatin.marks
    assert run.description.settings == settings.model_dump()
    assert run.config.settings["learning_rate"] == 2e-4


def test_the_start_is_trained_on(trained, stored, tiny, tmp_path):
    run = ad.train(stored, MODEL, tmp_path / "run", tiny, init_from=trained.path)
    assert not same_weights(run.model, trained.model)
    assert len(read_history(run.path)) == 2


def test_other_sizes_than_the_start(trained, stored, tmp_path):
    with pytest.raises(RunError, match="do not fit the model"):
        ad.train(stored, MODEL, tmp_path / "run", {"bin_hidden": 5}, init_from=trained.path)
    assert not any(tmp_path.iterdir())


def test_a_start_with_marks_that_the_dataset_lacks(trained, stored, tmp_path):
    part = stored.with_marks(stored.marks[:3])
    with pytest.raises(DataError, match="it has no H3K27me3, H3K9me3"):
        ad.train(part, MODEL, tmp_path / "run", init_from=trained.path)


def test_an_unfinished_run_is_no_start(run, stored, tmp_path):
    shutil.rmtree(run.path / "checkpoints")
    (run.path / "model.json").unlink()
    with pytest.raises(RunError, match=r"model\.json: no such file"):
        ad.train(stored, MODEL, tmp_path / "new", init_from=run.path)


# Several cell types


def test_a_run_on_several_cell_types(on_both, cell_types):
    a, b = cell_types
    assert on_both.config.data == (str(a.path), str(b.path))
    assert on_both.config.fingerprint not in (a.fingerprint(), b.fingerprint())
    assert list(on_both.description.marks) == a.marks[:4]
    tables = [on_both.predict(data) for data in cell_types]
    # The signal is the same: what was learned of a mark is used for that mark.
    np.testing.assert_allclose(tables[0]["probability"], tables[1]["probability"], atol=1e-6)


def test_the_order_of_the_marks_in_the_second_cell_type_does_not_matter(
    on_both, cell_types, tmp_path
):
    a, b = cell_types
    turned = [a, b.with_marks(b.marks[::-1])]
    again = ad.train(turned, "mlp", tmp_path / "run", on_both.config.settings)
    name = "model.safetensors"
    assert (again.path / name).read_bytes() == (on_both.path / name).read_bytes()


def test_a_run_on_several_cell_types_is_replayed_and_resumed(on_both, tmp_path):
    content = yaml.safe_load((on_both.path / "config.yaml").read_text())
    again = ad.train(content["data"], "mlp", tmp_path / "run", content["settings"])
    assert again.config == on_both.config
    (again.path / "model.json").unlink()
    with pytest.raises(RunError, match="with other data;"):
        ad.train(content["data"][0], "mlp", again.path, content["settings"], existing="resume")
    same = ad.train(content["data"], "mlp", again.path, content["settings"], existing="resume")
    assert same.description == on_both.description


def test_cell_types_without_a_shared_mark(simulated, tmp_path):
    parts = [simulated.with_marks(simulated.marks[:2]), simulated.with_marks(simulated.marks[2:])]
    with pytest.raises(DataError, match="Expected a mark that all datasets have"):
        ad.train(parts, "mlp", tmp_path / "run")
    assert not any(tmp_path.iterdir())


def test_a_model_of_any_marks_takes_all_of_them(cell_types, tmp_path):
    a, b = cell_types
    settings = {"hidden": 4, "members": 1, "epochs": 1}
    run = ad.train([b, a], "attentive-set", tmp_path / "run", settings)
    assert list(run.description.marks) == [*b.marks, "H3K9me3"]
    assert run.predict(b)["probability"].notna().all()
    assert run.evaluate(a).n == 24


# Expression


@pytest.fixture(scope="module")
def plain():
    """Genes whose expression a small model finds in a moment."""
    return simulate_chromatin(
        SimulationSettings(genes=400, bins=20, noise=0, dispersion=0.05, interaction=None, seed=2)
    )


SMALL = {
    "attentive-chrome": {"bin_hidden": 8, "mark_hidden": 4},
    "lstm-attention": {"bin_hidden": 8},
    "cnn-attention": {},
    "mlp": {},
    "random-forest": {"trees": 50},
    "linear": {},
    "svm": {},
    "rules": {},
}


@pytest.mark.parametrize("name", SMALL)
def test_expression_is_learned(plain, tmp_path, name):
    quick = {} if CHROMATIN_MODELS[name].classical else {"epochs": 6, "learning_rate": 5e-3}
    settings = {"target": "expression", **quick, **SMALL[name]}
    run = ad.train(plain, name, tmp_path / "run", settings, seed=1)
    scores = run.evaluate(plain)
    assert scores.pearson.value > 0.3
    summary = run.training_summary()
    assert summary["valid_pearson"] == pytest.approx(
        run.evaluate(plain, "valid").pearson.value, abs=1e-4
    )
    readout, known = run.description.readout, plain.split("train").log_expression()
    assert (readout.scale, readout.offset) == pytest.approx((known.std(), known.mean()))


def test_logistic_is_of_labels_only(stored, tmp_path):
    with pytest.raises(SettingsError, match=r"labels only; .* is linear"):
        ad.train(stored, "logistic", tmp_path / "run", {"target": "expression"})
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("settings", [{"target": "expression"}, {"expression_weight": 0.1}])
def test_no_expression(simulated, tmp_path, settings):
    bare = replace(simulated, xarray=simulated.xarray.drop_vars("expression"))
    with pytest.raises(DataError, match="no expression"):
        ad.train(bare, "mlp", tmp_path / "run", settings)
    assert not any(tmp_path.iterdir())


# Calibration


def test_probabilities_are_calibrated_on_the_validation_genes(trained, stored):
    part = stored.split("valid")
    with torch.no_grad():
        log_odds = trained.model(torch.tensor(part.signal.to_numpy())).prediction
    expected = calibrated(log_odds, torch.tensor(part.labels()).float(), "temperature")
    found = trained.description.readout
    assert (found.scale, found.offset) == pytest.approx((expected.scale, expected.offset), rel=1e-3)
    assert found != Readout()
    assert "calibrated on 24 validation genes" in (trained.path / "log.txt").read_text()


def test_calibration_may_be_left_out(trained, stored, tiny, tmp_path):
    run = ad.train(stored, MODEL, tmp_path / "run", tiny | {"calibration": "none"}, seed=3)
    assert run.description.readout == Readout()
    assert same_weights(run.model, trained.model)
    scores = run.evaluate()
    assert scores.brier == scores.brier_uncalibrated
