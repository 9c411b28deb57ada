"""Comparisons; one is made for all tests, and no test changes it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from attendome.data.store import save_dataset
from attendome.errors import DataError, RunError, SettingsError
from attendome.workflows import open_run
from attendome.workflows.comparing import Where, compare
from attendome.workflows.results import RESULTS

# The sockets that dask's own scheduler leaves open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

MODELS = "linear,mlp[epochs=2],mlp[learning_rate=1e30,epochs=2,gradient_clip_norm=null]"
BROKEN = "mlp[learning_rate=1e30,epochs=2,gradient_clip_norm=null]"
TWO = Where(workers=2)


@pytest.fixture(scope="module")
def datasets(two_cell_types, tmp_path_factory):
    place = tmp_path_factory.mktemp("cells")
    return [save_dataset(d, place / f"{d.cell_type}.zarr").path for d in two_cell_types]


@pytest.fixture(scope="module")
def made(datasets, tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison") / "out"
    told = {}
    options = {"seeds": 2, "baseline": "linear", "where": TWO}
    return compare(datasets, MODELS, out, done=told.__setitem__, **options), told


def test_a_row_for_each_combination(made):
    results = pd.read_parquet(made[0].path / RESULTS)
    assert len(results) == 2 * 3 * 2
    assert set(results["cell_type"]) == {"A", "B"}
    assert set(results["seed"]) == {1, 2}
    assert len(made[1]) == len(results)
    pd.testing.assert_frame_equal(results, made[0].results, check_dtype=False)


def test_the_values_are_those_of_the_runs(made):
    done = made[0].results.query("status == 'done'")
    assert len(done) == 8
    for row in done.itertuples():
        run = open_run(row.run)
        scores = run.last_scores()
        assert (row.metric, row.value, row.low) == (
            "auroc", scores["auroc"]["value"], scores["auroc"]["low"]
        )  # fmt: skip
        assert (run.config.model, run.config.settings["seed"]) == (row.architecture, row.seed)
        assert row.valid == run.training_summary()["valid_auroc"]


def test_what_fails_is_listed_and_does_not_stop_the_others(made):
    failed = made[0].results.query("status == 'failed'")
    assert set(failed["model"]) == {BROKEN}
    assert failed["error"].str.contains("no longer a finite number").all()
    assert failed["value"].isna().all()
    assert "no longer a finite number" in (made[0].path / "report.html").read_text()


def test_the_tables_are_written(made):
    folder, comparison = made[0].path, made[0].comparison
    for name in ("table.md", "table.tex", "report.html", "bars.png", "differences.tsv"):
        assert (folder / name).stat().st_size > 0
    assert comparison.baseline == "linear"
    means = made[0].results.query("model == 'linear'").groupby("cell_type")["value"].mean()
    summary = comparison.summary.set_index("model")
    assert summary.loc["linear", "mean"] == pytest.approx(means.mean())
    assert f"{means.mean():.4f}"[1:] in (folder / "table.md").read_text()


def test_given_again_it_goes_on(made, datasets, tmp_path, here):
    out = tmp_path / "out"
    shutil.copytree(made[0].path, out)
    _moved(out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("metrics.json")}
    again = compare(datasets, MODELS, out, seeds=2)
    assert here == [f"{BROKEN} on {cell}, seed {seed}" for seed in (1, 2) for cell in "AB"]
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("metrics.json")}
    np.testing.assert_array_equal(again.results["value"], made[0].results["value"])


def _moved(out):
    """Give the rows of a comparison that was moved the new places of its runs."""
    table = pd.read_parquet(out / RESULTS)
    table["run"] = [f"{out}/runs/{run.partition('/runs/')[2]}" for run in table["run"]]
    table.to_parquet(out / RESULTS)


def test_a_run_that_was_scored_otherwise_since_is_scored_again(made, datasets, tmp_path, here):
    out = tmp_path / "out"
    shutil.copytree(made[0].path, out)
    _moved(out)
    open_run(out / "runs" / "A" / "linear" / "seed-1").evaluate(split="valid")
    again = compare(datasets, "linear", out, seeds=2)
    assert here == ["linear on A, seed 1"]
    before = made[0].results.query("model == 'linear'")
    np.testing.assert_array_equal(again.results["value"], before["value"])
    kept = pd.read_parquet(out / RESULTS)
    assert len(again.results) == 4
    assert len(kept) == 12  # with the rows of models that this call did not name


def test_one_comparison_at_a_time(datasets, tmp_path, here):
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    with FileLock(out / "runs" / ".lock"), pytest.raises(DataError, match="another comparison is"):
        compare(datasets, "linear", out)
    assert here == []


def test_a_search_for_each_combination(datasets, tmp_path, here):
    made = compare(datasets[:1], "logistic", tmp_path / "out", search=2)
    (row,) = made.results.itertuples()
    settings = open_run(row.run).config.settings
    assert json.loads(row.settings) == settings
    assert json.loads(row.asked) != settings
    with pytest.raises(RunError, match="but with other search"):
        compare(datasets[:1], "logistic", tmp_path / "out")
    assert len(here) == 1


def test_names_that_no_folder_can_have(two_cell_types, tmp_path, here):
    data = two_cell_types[0]
    odd = replace(data, xarray=data.xarray.assign_attrs(cell_type="../B"))
    path = save_dataset(odd, tmp_path / "odd.zarr").path
    made = compare([path], "linear", tmp_path / "out")
    assert made.results["cell_type"].tolist() == ["../B"]
    assert (tmp_path / "out" / "runs" / "_.._B" / "linear" / "seed-1").is_dir()
    assert len(here) == 1


def test_other_settings_need_another_folder(made, datasets):
    before = (made[0].path / RESULTS).read_bytes()
    with pytest.raises(RunError, match="but with other calibration; choose another folder"):
        compare(datasets, "linear", made[0].path, settings={"calibration": "none"})
    with pytest.raises(RunError, match="but with other data"):
        compare([datasets[1]], "linear", _renamed(datasets[0], made[0].path))
    assert (made[0].path / RESULTS).read_bytes() == before


def _renamed(_dataset, out):
    """Let the runs of A stand where those of B are looked for."""
    copy = out.parent / "copy"
    shutil.copytree(out, copy)
    shutil.rmtree(copy / "runs" / "B")
    (copy / "runs" / "A").rename(copy / "runs" / "B")
    return copy


@pytest.mark.usefixtures("here")
def test_regression(datasets, tmp_path):
    made = compare(
        datasets[:1], "linear,logistic", tmp_path / "out", settings={"target": "expression"}
    )
    linear, logistic = made.results.to_dict("records")
    assert (linear["metric"], linear["status"]) == ("pearson", "done")
    assert (logistic["metric"], logistic["status"]) == ("pearson", "failed")
    assert "logistic predicts labels only" in logistic["error"]
    assert made.comparison.metric == "pearson"


@pytest.mark.usefixtures("here")
def test_where_all_fail_there_is_no_comparison(datasets, tmp_path):
    made = compare(datasets[:1], BROKEN, tmp_path / "out")
    assert made.comparison is None
    assert made.results["status"].tolist() == ["failed"]


def test_requests_that_cannot_be(datasets, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(SettingsError, match="Unknown baseline 'svm': choose from: mlp"):
        compare(datasets, "mlp", out, baseline="svm")
    with pytest.raises(SettingsError, match=r"mlp predicts label, mlp.target=expression. predicts"):
        compare(datasets, "mlp,mlp[target=expression]", out)
    with pytest.raises(SettingsError, match="Unknown model 'mpl'"):
        compare(datasets, "mpl", out)
    with pytest.raises(DataError, match="2 datasets are named A and of the cell types A, A"):
        compare([datasets[0], datasets[0]], "mlp", out)
    assert not out.exists()
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(DataError, match="holds something else than a comparison"):
        compare(datasets, "mlp", tmp_path)


def test_a_damaged_table_is_said(datasets, tmp_path):
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    (out / RESULTS).write_text("no table")
    with pytest.raises(DataError, match="damaged; remove it, and the runs are scored again"):
        compare(datasets, "mlp", out)
