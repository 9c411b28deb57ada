import json

import pytest

from attendome.errors import DataError, RunError
from attendome.models.registry import MODELS
from attendome.workflows.configuration import resolve
from attendome.workflows.information import describe, list_models


@pytest.fixture(scope="module")
def dataset(stored):
    return describe(stored.path)


def test_a_dataset(dataset, stored):
    assert dataset["kind"] == "chromatin"
    assert (dataset["genes"], dataset["bins"], dataset["bin_size"]) == (120, 20, 100)
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


def test_a_dataset_without_labels(simulated, tmp_path):
    from attendome.data import ChromatinDataset
    from attendome.data.store import save_dataset

    bare = simulated.xarray.drop_vars(["label", "expression"])
    save_dataset(ChromatinDataset(bare), tmp_path / "bare.zarr")
    content = describe(tmp_path / "bare.zarr")
    assert content["splits"]["test"] == {"genes": 24}
    assert content["expression"] is False


def test_a_run(run, stored):
    content = describe(run.path)
    assert (content["kind"], content["model"]) == ("run", "attentive-chrome")
    assert content["data"] == str(stored.path.resolve())
    assert content["marks"] == stored.marks
    assert content["settings"] == run.config.settings
    assert content["metrics"] is None
    scores = run.evaluate()
    assert describe(run.path)["metrics"] == scores.to_dict()


def test_everything_can_be_written_as_json(dataset, trained):
    for content in (dataset, describe(trained.path), list_models()):
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


def test_models():
    rows = {row["name"]: row for row in list_models()}
    assert list(rows) == list(MODELS)
    row = rows["attentive-chrome"]
    assert (row["task"], row["parameters"]) == ("chromatin", 55_681)
    for preset in ("default", "paper"):
        model, training = resolve("attentive-chrome", {"preset": preset})
        values = {name: setting[preset] for name, setting in row["settings"].items()}
        assert values == model.model_dump() | training.model_dump()
    assert all(setting["about"] for setting in row["settings"].values())
