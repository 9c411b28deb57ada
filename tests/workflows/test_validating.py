"""Validations; one is made for all tests, and no test changes it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from filelock import FileLock

from attendome.errors import DataError, RunError, SettingsError
from attendome.interpretation.held_out import ALL_MARKS, DISTANCE, PERMUTED, SIGNAL, UNTRAINED
from attendome.workflows import open_run, train, validating, validation_runs
from attendome.workflows.validating import validate

HELD_OUT = "H3K4me1"
METHODS = ["attention", "saliency", "occlusion"]


@pytest.fixture(scope="module")
def on_four(stored, tiny, tmp_path_factory):
    marks = [mark for mark in stored.marks if mark != HELD_OUT]
    out = tmp_path_factory.mktemp("four") / "run"
    return train(stored, "attentive-chrome", out, tiny, marks=marks, seed=2)


@pytest.fixture(scope="module")
def made(on_four, tmp_path_factory):
    out = tmp_path_factory.mktemp("validation") / "out"
    return validate(on_four, HELD_OUT, out=out, seeds=3, methods=METHODS), out


def test_what_is_written(made):
    found, out = made
    table = pd.read_csv(out / "validation.tsv", sep="\t", keep_default_na=False, na_values=[""])
    assert len(table) == len(found.table)
    assert set(table["method"]) == set(METHODS)
    curves = pd.read_csv(out / "curves.tsv", sep="\t")
    assert set(curves["method"]) == {"random order", *METHODS}
    assert [row["method"] for row in json.loads((out / "verdicts.json").read_text())] == METHODS
    for name in ("report.html", "table.md", "verdicts.md", *(f"validation.{k}" for k in KINDS)):
        assert (out / name).stat().st_size > 0


KINDS = ("pdf", "svg", "png")


def test_runs_differ_from_the_run_only_in_the_seed_or_the_order_of_marks(made, on_four):
    runs = {path.name: open_run(path) for path in (made[1] / "runs").iterdir()}
    assert set(runs) == {"seed-1", "seed-3", "reversed-marks", "untrained"}
    own = on_four.config
    for name, run in runs.items():
        seed = int(name[-1]) if name.startswith("seed") else 2
        assert run.config.settings == own.settings | {"seed": seed}
        order = -1 if name == "reversed-marks" else 1
        assert run.description.marks == on_four.description.marks[::order]


def test_the_untrained_model_has_weights_of_its_own(made, on_four):
    untrained = open_run(made[1] / "runs" / "untrained")
    ours, theirs = on_four.loaded.state_dict(), untrained.loaded.state_dict()
    assert set(ours) == set(theirs)
    np.testing.assert_array_equal(ours["transform.mean"], theirs["transform.mean"])
    assert not any(np.allclose(ours[name], theirs[name]) for name in ours if "lstm" in name)


def test_the_held_out_check_is_of_the_genes_predicted_on(made, on_four, stored):
    found, out = made
    maps = xr.open_zarr(out / "maps" / "run" / "saliency.zarr", chunks=None)
    test = stored.split("test")
    assert maps.sizes["gene"] == len(test.genes)
    predicted = on_four.output(on_four.dataset().split("test")).prediction.numpy()
    on = predicted > np.median(predicted)  # the model hardly calls a gene on, as is noted
    assert "the half with the higher predictions" in found.notes[0]
    size = np.abs(maps["importance"].to_numpy()[on]).sum(axis=1)
    target = test.signal.sel(mark=HELD_OUT).to_numpy()[on]
    r = np.mean([np.corrcoef(*pair)[0, 1] for pair in zip(size, target, strict=True)])
    row = found.rows("pearson").loc["saliency"]
    assert row["value"] == pytest.approx(r, abs=1e-6)
    assert row["n"] == on.sum()
    for null in (SIGNAL, DISTANCE, PERMUTED, UNTRAINED):
        beside = found.rows("pearson", null).loc["saliency"]
        assert beside["value"] + beside["difference"] == pytest.approx(r, abs=1e-6)
    assert set(found.table["profile"]) == {*on_four.description.marks, ALL_MARKS}


def test_maps_of_reversed_marks_are_matched_by_name(made, on_four):
    folder = made[1] / "maps" / "reversed-marks"
    stored = xr.open_zarr(folder / "saliency.zarr", chunks=None)
    assert list(stored["mark"].to_numpy()) == list(on_four.description.marks[::-1])
    run = open_run(made[1] / "runs" / "reversed-marks")
    genes = on_four.dataset().split("test")
    found = validation_runs.importance_of(run, genes, "saliency", folder, lambda _step: None)
    for number, mark in enumerate(on_four.description.marks):
        place = on_four.description.marks[::-1].index(mark)
        np.testing.assert_array_equal(found[:, number], stored["importance"][:, place])


@pytest.fixture
def unwritten(monkeypatch):
    """Leave out the files of the result, which take seconds."""
    monkeypatch.setattr(validating, "write_validation", lambda _found, _folder: None)


@pytest.fixture
def asked(monkeypatch, unwritten):  # noqa: ARG001
    """Count the maps that are made; gives the names of the files."""
    names, explain_into = [], validation_runs.explain_into

    def counted(target, *arguments, **options):
        names.append(f"{target.parent.name}/{target.stem}")
        if len(names) == stop.get("after"):
            raise KeyboardInterrupt
        return explain_into(target, *arguments, **options)

    stop = {}
    monkeypatch.setattr(validation_runs, "explain_into", counted)
    return names, stop


def test_given_again_it_uses_what_is_there(made, on_four, tmp_path, asked, monkeypatch):
    out = tmp_path / "out"
    shutil.copytree(made[1], out)
    shutil.rmtree(out / "maps" / "seed-3" / "saliency.zarr")
    monkeypatch.setattr(validation_runs, "train_chromatin", None)
    again = validate(on_four, HELD_OUT, out=out, seeds=3, methods=METHODS)
    assert asked[0] == ["seed-3/saliency"]
    pd.testing.assert_frame_equal(again.table, made[0].table)


def test_interrupted_it_goes_on(made, on_four, tmp_path, asked):
    names, stop = asked
    out, request = tmp_path / "out", {"seeds": 1, "methods": METHODS}
    stop["after"] = 3
    with pytest.raises(KeyboardInterrupt) as stopped:
        validate(on_four, HELD_OUT, out=out, **request)
    assert stopped.value.__notes__ == ["Give the same command again: it goes on."]
    first = names[:2]
    del stop["after"], names[:]
    found = validate(on_four, HELD_OUT, out=out, **request)
    assert len(names) == 4
    assert not set(first) & set(names)
    whole = made[0].rows("pearson").drop(columns="null")
    pd.testing.assert_frame_equal(found.rows("pearson").drop(columns="null"), whole)


@pytest.mark.usefixtures("unwritten")
def test_one_seed_trains_nothing_and_says_so(on_four, tmp_path, monkeypatch):
    monkeypatch.setattr(validation_runs, "train_chromatin", None)
    found = validate(on_four, HELD_OUT, out=tmp_path / "out", seeds=1, methods=["saliency"])
    assert not set(found.table["check"]) & {"seeds", "mark order"}
    note = found.notes[-1]
    assert "not known: one seed was asked for" in note


def test_a_classical_model_has_no_untrained_one(stored, tmp_path):
    marks = [mark for mark in stored.marks if mark != HELD_OUT]
    run = train(stored, "logistic", tmp_path / "run", marks=marks, seed=1)
    found = validate(run, HELD_OUT, seeds=2)
    assert list(found.verdicts) == ["occlusion"]
    assert UNTRAINED not in set(found.table["null"])
    assert found.rows("seeds").loc["occlusion", "value"] == pytest.approx(1)
    assert (tmp_path / "run" / "validation" / "report.html").is_file()


@pytest.mark.usefixtures("unwritten")
def test_expression_is_split_at_the_median(of_expression, simulated, tmp_path):
    other = simulated.xarray["signal"].isel(mark=[0]).assign_coords(mark=["Other"])
    data = type(simulated)(
        xr.concat([simulated.xarray, other.to_dataset()], "mark", data_vars="minimal")
    )
    assert data.marks[-1] == "Other"
    found = validate(
        of_expression, "Other", data=data, out=tmp_path / "out", seeds=1, methods=["saliency"]
    )
    assert found.unit == "log2 expression"
    assert found.rows("pearson").loc["saliency", "n"] == len(data.split("test").genes) // 2


def test_where_hardly_a_gene_is_predicted_on_the_higher_half_is_taken():
    on, note = validating._predicted_on(np.linspace(-2, 0.1, 40), "label")
    assert on.sum() == 20
    assert "gives 2 of the 40 genes a probability of .5 or more (they lie between 0.12 and" in note
    on, note = validating._predicted_on(np.linspace(-2, 2, 40), "label")
    assert (on.sum(), note) == (20, "")


def test_a_sample_of_many_genes_is_always_the_same():
    chosen = validating.sample(5000, 1000)
    assert len(set(chosen)) == 1000
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, validating.sample(5000, 1000))
    np.testing.assert_array_equal(validating.sample(5, 1000), range(5))


@pytest.mark.parametrize(
    ("mark", "options", "message"),
    [
        ("H3K4me3", {}, "H3K4me3 is a mark that"),
        ("H3K5", {}, "it has no H3K5"),
        (HELD_OUT, {"methods": ["attentoin"]}, "did you mean 'attention'"),
        (HELD_OUT, {"methods": ["deeplift"]}, "has no rule for the LSTM"),
    ],
)
def test_wrong_requests(on_four, tmp_path, mark, options, message):
    with pytest.raises((DataError, SettingsError), match=message):
        validate(on_four, mark, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(on_four, tmp_path):
    (tmp_path / "file.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "file.txt"):
        with pytest.raises(DataError, match="holds something else than a validation"):
            validate(on_four, HELD_OUT, out=place)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_folder_of_another_run_is_left_alone(made, simulated, tmp_path):
    content = simulated.xarray.assign_coords(mark=[*simulated.marks[:-1], "X"])
    run = train(type(simulated)(content), "mlp", tmp_path / "run", {"epochs": 1}, marks=["X"])
    before = (made[1] / "validation.json").read_text()
    with pytest.raises(DataError, match="of other weights, other genes or another held-out mark"):
        validate(run, HELD_OUT, data=type(simulated)(content), out=made[1], seeds=1)
    assert (made[1] / "validation.json").read_text() == before


def test_one_validation_at_a_time(made, on_four):
    with FileLock(made[1] / ".lock"), pytest.raises(DataError, match="another validation is at"):
        validate(on_four, HELD_OUT, out=made[1], methods=METHODS)


def test_a_dataset_that_is_gone_is_missed_before_anything_is_made(stored, tmp_path):
    from attendome.data.store import save_dataset

    own = save_dataset(stored, tmp_path / "own.zarr")
    run = train(own, "mlp", tmp_path / "run", {"epochs": 1}, marks=["H3K4me3"])
    shutil.rmtree(own.path)
    with pytest.raises(DataError, match=r"leave that out with --seeds 1"):
        validate(run, HELD_OUT, data=stored, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dataset_that_has_changed_is_missed_each_time(stored, tmp_path):
    run = train(stored, "mlp", tmp_path / "run", {"epochs": 1}, marks=["H3K4me3", "H3K9me3"])
    config = run.config.model_copy(update={"fingerprint": "of before"})
    for _ in range(2):
        with pytest.raises(RunError, match=r"changed since .* was trained on it"):
            validation_runs.runs_beside(replace(run, config=config), tmp_path / "runs", 2)


def test_a_run_from_other_weights_keeps_their_marks(stored, tmp_path):
    first = train(stored, "mlp", tmp_path / "first", {"epochs": 1}, marks=["H3K4me3", "H3K9me3"])
    run = train(stored, "mlp", tmp_path / "run", {"epochs": 1}, init_from=first.path)
    beside = validation_runs.runs_beside(run, tmp_path / "runs", 2)
    assert beside.seeds[0].config.init_from == run.config.init_from
    assert beside.seeds[0].description.marks == ("H3K4me3", "H3K9me3")
    assert beside.notes[0].endswith("not changed: they are those of the first weights.")


def test_imported_weights_are_not_trained_again(on_four, tmp_path):
    config = on_four.config.model_copy(update={"imported_from": {"path": "x.pt", "sha256": "0"}})
    beside = validation_runs.runs_beside(replace(on_four, config=config), tmp_path / "runs", 3)
    assert beside.seeds == ()
    assert beside.notes[0].endswith("not known: the weights were imported.")
    assert beside.others() == [beside.untrained]


@pytest.mark.usefixtures("unwritten")
def test_the_seed_of_imported_weights_is_not_known(on_four, tmp_path):
    changes = {"imported_from": {"path": "x.pt", "sha256": "0"}, "settings": {}}
    imported = replace(on_four, config=on_four.config.model_copy(update=changes))
    found = validate(imported, HELD_OUT, out=tmp_path / "out", methods=["beta"])
    assert found.facts["Seeds"] == "not known"


def test_one_mark_has_one_order(stored, tmp_path):
    run = train(stored, "mlp", tmp_path / "run", {"epochs": 1}, marks=["H3K4me3"])
    beside = validation_runs.runs_beside(run, tmp_path / "runs", 2)
    assert [other.config.settings["seed"] for other in beside.seeds] == [1]
    assert beside.reversed_marks is None
    assert beside.notes == ("The order of the marks was not changed: there is one mark.",)
