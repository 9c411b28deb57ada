import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from sklearn.metrics import roc_auc_score

import attendome as ad
from attendome.errors import AttendomeError, DataError, RunError, SettingsError

# Opening


def test_open_run_is_what_training_gave(trained):
    opened = ad.open_run(str(trained.path))
    assert (opened.config, opened.description) == (trained.config, trained.description)
    assert not opened.model.training


def test_nothing_there(tmp_path):
    with pytest.raises(RunError, match="no such run folder"):
        ad.open_run(tmp_path / "run")


def test_not_a_run(simulated_store):
    with pytest.raises(RunError, match=r"not a run folder, since it holds no config\.yaml"):
        ad.open_run(simulated_store)


def test_not_finished(run):
    (run.path / "model.json").unlink()
    with pytest.raises(RunError, match=r"not finished; go on with: attendome train .* --resume"):
        ad.open_run(run.path)


@pytest.mark.parametrize("name", ["config.yaml", "model.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["empty", "cut", "noise"])
def test_a_damaged_file_is_named(run, name, damage):
    path = run.path / name
    content = path.read_bytes()
    damaged = {"empty": b"", "cut": content[: len(content) // 3], "noise": b"\x80\x02}q\x00."}
    path.write_bytes(damaged[damage])
    with pytest.raises(RunError, match=f"{name}: damaged"):
        ad.open_run(run.path)


def test_lost_weights(run):
    (run.path / "model.safetensors").unlink()
    with pytest.raises(RunError, match=r"model\.safetensors: no such file"):
        ad.open_run(run.path)


def test_weights_of_another_size(run):
    path = run.path / "model.json"
    path.write_text(path.read_text().replace('"bin_hidden": 4', '"bin_hidden": 5'))
    with pytest.raises(RunError, match="do not fit the model"):
        ad.open_run(run.path)


def test_the_weights_are_read_once(trained, monkeypatch):
    from attendome.models import weights

    read, times = weights.read_weights, []
    monkeypatch.setattr(weights, "read_weights", lambda path: times.append(path) or read(path))
    ad.open_run(trained.path).predict()
    assert len(times) == 1


def test_a_run_of_the_cpu_stays_there(trained, monkeypatch):
    """As it would be seen where there is a GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    moves = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, place: moves.append(place) or self)
    for accelerator, place in (("cpu", "cpu"), ("auto", "cuda"), ("gpu", "cuda")):
        settings = trained.config.settings | {"accelerator": accelerator}
        run = replace(trained, config=trained.config.model_copy(update={"settings": settings}))
        run.predict()
        assert moves == [place]
        moves.clear()


# The dataset


def test_the_default_is_what_the_run_was_made_from(trained, stored):
    assert trained.dataset().fingerprint() == stored.fingerprint()


def test_marks_are_taken_by_name(trained, stored):
    turned = stored.with_marks(stored.marks[::-1])
    assert trained.dataset(turned).marks == stored.marks
    assert trained.predict(turned).equals(trained.predict())


def test_other_marks(trained, simulated):
    names = simulated.marks
    other = ad.ChromatinDataset(
        simulated.xarray.assign_coords(mark=np.array([*names[:4], "DNase"], object))
    )
    with pytest.raises(DataError, match=f"expected the marks {', '.join(names)}; it has no H3K9"):
        trained.predict(other)


def test_other_bins(trained, simulated):
    part = ad.ChromatinDataset(simulated.xarray.isel(bin=slice(0, 10)))
    with pytest.raises(DataError, match=r"expects 20 bins of 100 bp, .*; found 10 bins of 100 bp"):
        trained.predict(part)


def test_other_orientation(trained, change):
    with pytest.raises(DataError, match=r"oriented = True; found .* oriented = False"):
        trained.explain(change({"oriented": False}))


def test_another_bin_size(trained, simulated):
    start = ("bin", simulated.xarray["bin_start"].to_numpy() * 2)
    wide = simulated.xarray.assign_coords(bin_start=start).assign_attrs(bin_size=200)
    with pytest.raises(DataError, match="found 20 bins of 200 bp"):
        trained.evaluate(ad.ChromatinDataset(wide))


def test_another_kind_of_dataset(trained, tmp_path):
    content = xr.Dataset({"sequence": ("region", [1])}, attrs={"kind": "sequence"})
    content.to_zarr(tmp_path / "s.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(DataError, match="expected a chromatin dataset, found a sequence dataset"):
        trained.predict(tmp_path / "s.zarr")


def test_the_dataset_is_gone(simulated_store, tiny, tmp_path):
    run = ad.train(simulated_store, "attentive-chrome", tmp_path / "run", tiny)
    moved = simulated_store.rename(tmp_path / "moved.zarr")
    with pytest.raises(DataError, match=r"simulated\.zarr: .* is not there; name it with --data"):
        run.predict()
    assert len(run.predict(moved)) == 120


@pytest.mark.parametrize("use", ["predict", "evaluate", "explain"])
def test_missing_values_are_refused(run, incomplete, use):
    with pytest.raises(DataError, match=r"the signal of 2 genes has missing values; .* --missing"):
        getattr(run, use)(incomplete)
    assert not (run.path / "metrics.json").exists()


# Predicting


def test_predictions_are_those_of_the_model(trained, stored):
    table = trained.predict()
    assert list(table.columns) == ["gene", "gene_name", "split", "label", "probability"]
    assert table["gene"].tolist() == stored.genes.index.tolist()
    assert table["label"].tolist() == stored.labels().tolist()
    with torch.no_grad():
        logit = trained.model(torch.tensor(stored.signal.to_numpy())).prediction
    expected = trained.description.readout(logit)
    np.testing.assert_allclose(table["probability"], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "read"),
    [("p.tsv", lambda path: pd.read_csv(path, sep="\t")), ("p.parquet", pd.read_parquet)],
)
def test_predictions_on_disk(trained, tmp_path, name, read):
    table = trained.predict(out=tmp_path / name)
    pd.testing.assert_frame_equal(read(tmp_path / name), table, check_dtype=False)
    with pytest.raises(DataError, match="--force"):
        trained.predict(out=tmp_path / name)
    trained.predict(out=tmp_path / name, force=True)


def test_predictions_for_genes_without_labels(trained, simulated):
    bare = ad.ChromatinDataset(simulated.xarray.drop_vars("label"))
    assert list(trained.predict(bare).columns) == ["gene", "gene_name", "split", "probability"]
    with pytest.raises(DataError, match="no labels"):
        trained.evaluate(bare)


@pytest.mark.parametrize("name", ["p.csv", "p", "p.tsv.gz"])
def test_another_table_is_refused(trained, tmp_path, name):
    with pytest.raises(SettingsError, match=r"ends in \.tsv or \.parquet"):
        trained.predict(out=tmp_path / name)
    assert not any(tmp_path.iterdir())


# Evaluating


@pytest.mark.parametrize("split", ["valid", "test"])
def test_files_of_an_evaluation_agree_with_the_scores(run, stored, split):
    scores = run.evaluate(split=split)
    written = json.loads((run.path / "metrics.json").read_text())
    assert run.last_scores() == written
    more = {"fingerprint": stored.fingerprint(), "seen_in_training": 0}
    assert written == scores.to_dict() | more
    assert (written["split"], written["data"]) == (split, str(stored.path.resolve()))
    table = pd.read_parquet(run.path / "predictions.parquet")
    expected = run.predict().query("split == @split").reset_index(drop=True)
    pd.testing.assert_frame_equal(table, expected)
    assert scores.n == len(table) == (stored.genes["split"] == split).sum()
    assert scores.on == table["label"].sum() == scores.n - scores.off
    auroc = roc_auc_score(table["label"], table["probability"])
    assert scores.auroc.value == pytest.approx(auroc)


def test_one_class_only(run, relabelled):
    scores = run.evaluate(relabelled("test"))
    assert scores.auroc.value is None
    assert "none of the 24 genes in the split 'test' is off" in scores.auroc.note
    assert scores.brier.value is not None
    assert "NaN" not in (run.path / "metrics.json").read_text()


def test_a_split_without_genes(run):
    with pytest.raises(DataError, match="no gene is in the split 'tset'"):
        run.evaluate(split="tset")
    assert not (run.path / "metrics.json").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"split": "test", "data": 5}'])
def test_damaged_scores(run, content):
    assert run.last_scores() is None
    (run.path / "metrics.json").write_text(content)
    with pytest.raises(RunError, match=r"metrics\.json: damaged; make it again with: attendome"):
        run.last_scores()


def test_what_is_written_of_an_evaluation(run):
    run.evaluate()
    written = json.loads((run.path / "metrics.json").read_text())
    scores = ["auroc", "auprc", "accuracy", "f1", "mcc", "brier", "calibration_error"]
    scores += ["brier_uncalibrated", "calibration_error_uncalibrated"]
    about = ["split", "data", "n", "on", "off", "threshold"]
    assert list(written) == [*about, *scores, "fingerprint", "seen_in_training"]
    for name in scores:
        assert set(written[name]) == {"value", "low", "high", "note"}


# A model of expression


@pytest.fixture
def expressed(of_expression, tmp_path):
    return ad.open_run(shutil.copytree(of_expression.path, tmp_path / "run"))


def test_predicted_expression(expressed, stored, tmp_path):
    table = expressed.predict(out=tmp_path / "p.tsv")
    names = ["gene", "gene_name", "split", "observed_expression", "predicted_expression"]
    assert list(table.columns) == names
    assert list(pd.read_csv(tmp_path / "p.tsv", sep="\t").columns) == names
    with torch.no_grad():
        prediction = expressed.model(torch.tensor(stored.signal.to_numpy())).prediction.numpy()
    known = stored.split("train").log_expression()
    expected = known.mean() + known.std() * prediction
    np.testing.assert_allclose(table["predicted_expression"], expected, atol=1e-4)
    np.testing.assert_array_equal(table["observed_expression"], stored.log_expression())


def test_an_evaluation_of_expression(expressed, stored):
    scores = expressed.evaluate()
    written = json.loads((expressed.path / "metrics.json").read_text())
    about = ["split", "data", "n", "unit"]
    measures = ["pearson", "spearman", "r2"]
    assert list(written) == [*about, *measures, "fingerprint", "seen_in_training"]
    assert written.items() >= scores.to_dict().items()
    assert expressed.last_scores() == written
    table = pd.read_parquet(expressed.path / "predictions.parquet")
    expected = np.corrcoef(table["observed_expression"], table["predicted_expression"])[0, 1]
    assert scores.pearson.value == pytest.approx(expected, abs=1e-5)
    assert len(table) == scores.n == len(stored.split("test").genes)
    with pytest.raises(DataError, match="no expression"):
        expressed.evaluate(ad.ChromatinDataset(stored.xarray.drop_vars("expression")))


def test_an_explanation_of_expression(expressed, opened):
    maps = expressed.explain()
    assert maps["predicted"].to_numpy().tolist() == ["high", "low"]
    xr.testing.assert_equal(opened(expressed.path / "attention.zarr"), maps)


def test_a_report_of_expression(expressed):
    page = expressed.report().read_text(encoding="utf-8")
    assert 'data-figure="scatter"' in page
    assert "Pearson&#39;s correlation" in page
    assert "high is above the median prediction" in page


def test_training_on_expression_is_summed_up(of_expression):
    assert list(of_expression.training_summary()) == ["epochs", "best", "valid_pearson"]


# Explaining


@pytest.fixture
def opened():
    """Give a function that reads maps from disk."""

    def read(path):
        if path.suffix == ".zarr":
            return xr.open_zarr(path, consolidated=False).load()
        with xr.open_dataset(path, engine="h5netcdf") as maps:
            return maps.load()

    return read


def test_maps_go_to_the_run_folder(run, opened):
    maps = run.explain()
    xr.testing.assert_equal(opened(run.path / "attention.zarr"), maps)
    np.testing.assert_allclose(maps["probability"], run.predict()["probability"], atol=1e-6)
    assert maps.sizes["gene"] == 120
    run.explain()


@pytest.mark.parametrize("name", ["maps.zarr", "maps.nc"])
def test_maps_go_where_they_are_wanted(run, opened, tmp_path, name):
    if name.endswith(".nc"):
        pytest.importorskip("h5py", reason="the extra 'netcdf' is not installed")
    maps = run.explain(out=tmp_path / name)
    xr.testing.assert_equal(opened(tmp_path / name), maps)
    assert not (run.path / "attention.zarr").exists()
    with pytest.raises(DataError, match="--force"):
        run.explain(out=tmp_path / name)
    run.explain(out=tmp_path / name, force=True)


def test_an_unknown_method(run):
    with pytest.raises(SettingsError, match="Unknown method 'atention': did you mean 'attention'"):
        run.explain(method="atention")
    assert not (run.path / "attention.zarr").exists()


@pytest.mark.parametrize("out", ["maps.png", "nowhere/maps.zarr", "run"])
def test_a_wrong_output_is_noticed_before_the_model_runs(run, tmp_path, monkeypatch, out):
    monkeypatch.setattr(ad.Run, "dataset", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(AttendomeError, match=out):
        run.explain(out=tmp_path / out)


# Reporting


@pytest.fixture
def reported(monkeypatch):
    """What was handed to the writer of reports."""
    contents = []
    monkeypatch.setattr(
        "attendome.workflows.run.write_report",
        lambda content, path: (contents.append(content), path.write_text("page")),
    )
    return contents


def test_report_evaluates_the_test_split_first(run, reported):
    assert run.report() == run.path / "report.html"
    assert reported[0].metrics == run.last_scores()
    assert reported[0].metrics["split"] == "test"


def test_report_shows_the_last_evaluation(run, reported, tmp_path):
    run.evaluate(split="valid")
    assert run.report(tmp_path / "page.html") == tmp_path / "page.html"
    assert reported[0].metrics["split"] == "valid"
    with pytest.raises(DataError, match="--force"):
        run.report(tmp_path / "page.html")
    run.report(tmp_path / "page.html", force=True)


def test_report_on_data_that_are_not_on_disk(run, simulated):
    run.evaluate(simulated)
    with pytest.raises(DataError, match="not stored there; score one that is with: attendome eval"):
        run.report()


def test_report_of_a_dataset_built_again(run, reported, tmp_path, stored, relabelled):
    path = shutil.copytree(stored.path, tmp_path / "other.zarr")
    run.evaluate(path, split="valid")
    ad.save_dataset(relabelled("test"), path, force=True)
    again = f"score it again with: attendome evaluate {run.path} --data {path} --split valid"
    with pytest.raises(DataError, match=again):
        run.report()
    assert reported == []
    run.evaluate(path, split="valid")
    run.report()
    assert len(reported) == 1


def test_a_run_folder_may_be_moved(run, tmp_path):
    moved = ad.open_run(shutil.move(run.path, tmp_path / "elsewhere"))
    moved.evaluate()
    assert (tmp_path / "elsewhere" / "metrics.json").is_file()


def test_the_own_dataset_built_again_is_not_taken_for_the_old(trained, tmp_path):
    changed = ad.open_dataset(trained.config.data[0]).xarray.copy(deep=True)
    changed["signal"][0, 0, 0] += 1
    other = ad.save_dataset(ad.ChromatinDataset(changed), tmp_path / "other.zarr")
    run = replace(trained, config=trained.config.model_copy(update={"data": (str(other.path),)}))
    with pytest.raises(DataError, match="changed since"):
        run.dataset()
    assert len(run.dataset(other.path).genes) == len(changed["gene"])
