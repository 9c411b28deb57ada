import json

import pytest

from attendome.errors import DataError, RunError, SettingsError
from attendome.evaluation.quality import assess
from attendome.workflows.information import describe


@pytest.fixture(scope="module")
def dataset(stored):
    return describe(stored.path)


def test_a_dataset(dataset, stored):
    assert dataset["kind"] == "chromatin"
    assert (dataset["genes"], dataset["bins"], dataset["bin_size"]) == (120, 20, 100)
    assert dataset["expression_scale"] == "linear"
    assert dataset["fingerprint"] == stored.fingerprint()
    assert dataset["truth"]["seed"] == 1
    for split, counts in dataset["splits"].items():
        labels = stored.split(split).labels()
        assert counts["genes"] == len(labels) == counts["on"] + counts["off"]
        assert counts["on"] == labels.sum()
    assert dataset["leak"] == {name: stored.leak(name) for name in ("valid", "test")}


def test_the_signal_of_a_mark(dataset, stored):
    signal = stored.signal.sel(mark="H3K4me3").to_numpy()
    row = dataset["marks"]["H3K4me3"]
    assert list(dataset["marks"]) == stored.marks
    assert row["mean"] == pytest.approx(signal.mean(), rel=1e-5)
    assert (row["max"], row["zero"]) == (signal.max(), (signal == 0).mean())


def test_the_quality_of_a_dataset(dataset, stored):
    assert dataset["quality"] == assess(stored).to_dict()


def test_the_page_shows_what_is_known_of_a_build(change, tmp_path):
    from attendome.data.store import save_dataset

    build = {"settings": {"window": 2000}, "padded_windows": 3, "notes": ["A note."]}
    build["genes_left_out"] = {"no expression": 1234}
    built = save_dataset(change({"build": build}), tmp_path / "built.zarr")
    content = describe(built.path, report=tmp_path / "qc.html")
    page = (tmp_path / "qc.html").read_text(encoding="utf-8")
    for text in ("window = 2000", "A note.", "1,234", content["fingerprint"], str(built.path)):
        assert text in page
    for warning in content["quality"]["warnings"]:
        assert warning in page
    assert "1,234 of 1,354 genes were left out" in content["quality"]["warnings"][0]


def test_an_existing_page(stored, tmp_path):
    path = tmp_path / "qc.html"
    path.write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        describe(stored.path, report=path)
    assert path.read_text() == "mine"
    describe(stored.path, report=path, force=True)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [file.name for file in tmp_path.iterdir()] == ["qc.html"]


def test_a_run_has_a_report_of_its_own(trained, tmp_path):
    with pytest.raises(SettingsError, match=f"attendome report {trained.path}"):
        describe(trained.path, report=tmp_path / "qc.html")
    assert not any(tmp_path.iterdir())


def test_a_dataset_without_labels(simulated, tmp_path):
    from attendome.data import ChromatinDataset
    from attendome.data.store import save_dataset

    bare = simulated.xarray.drop_vars(["label", "expression"])
    save_dataset(ChromatinDataset(bare), tmp_path / "bare.zarr")
    content = describe(tmp_path / "bare.zarr")
    assert content["splits"]["test"] == {"genes": 24}
    assert content["expression"] is False
    assert content["expression_scale"] is None


def test_the_difference_between_cell_types(two_cell_types, tmp_path):
    from attendome.workflows import build_differential

    data = build_differential(tmp_path / "d.zarr", *two_cell_types)
    content = describe(data.path, report=tmp_path / "qc.html")
    assert (content["cell_type"], content["expression_scale"]) == ("B vs A", "log2 ratio")
    page = (tmp_path / "qc.html").read_text(encoding="utf-8")
    assert "log2 ratio" in page
    assert "Padded windows" not in page


def test_a_run(run, stored):
    content = describe(run.path)
    assert (content["kind"], content["model"]) == ("run", "attentive-chrome")
    assert content["data"] == [str(stored.path.resolve())]
    assert content["marks"] == stored.marks
    assert content["settings"] == run.config.settings
    assert content["metrics"] is None
    scores = run.evaluate()
    assert describe(run.path)["metrics"].items() >= scores.to_dict().items()


def test_everything_can_be_written_as_json(dataset, trained):
    for content in (dataset, describe(trained.path)):
        assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_neither(tmp_path):
    with pytest.raises(DataError, match="no such dataset or run folder"):
        describe(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(DataError, match="expected a dataset"):
            describe(path)


def test_a_damaged_run(run):
    (run.path / "metrics.json").write_text("{")
    with pytest.raises(RunError, match=r"metrics\.json: damaged"):
        describe(run.path)
