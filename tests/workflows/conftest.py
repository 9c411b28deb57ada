"""A small run, and what it was trained on."""

import shutil
from contextlib import nullcontext

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _quick(few_resamples):
    """Keep the bootstrap short."""


@pytest.fixture(scope="session")
def tiny():
    """Settings of a model that trains in a moment."""
    return {"bin_hidden": 4, "mark_hidden": 3, "epochs": 2, "dropout": 0.2}


@pytest.fixture(scope="session")
def stored(simulated, tmp_path_factory):
    """The simulated dataset, on disk."""
    from attendome.data.store import save_dataset

    return save_dataset(simulated, tmp_path_factory.mktemp("data") / "simulated.zarr")


@pytest.fixture(scope="session")
def trained(stored, tiny, tmp_path_factory):
    """A run that no test changes."""
    from attendome.workflows import train

    return train(stored, "attentive-chrome", tmp_path_factory.mktemp("runs") / "run", tiny, seed=3)


@pytest.fixture(scope="session")
def of_expression(stored, tiny, tmp_path_factory):
    """The same, of a model of expression."""
    from attendome.workflows import train

    out = tmp_path_factory.mktemp("runs") / "expression"
    return train(stored, "attentive-chrome", out, tiny | {"target": "expression"}, seed=3)


@pytest.fixture(scope="session")
def cell_types(two_cell_types, tmp_path_factory):
    """Two cell types, on disk; B lacks a mark, and has the others, and its splits, otherwise."""
    from attendome import ChromatinDataset, save_dataset

    a, b = two_cell_types
    other = b.with_marks(b.marks[3::-1]).xarray
    other = other.assign_coords(split=("gene", np.roll(other["split"].to_numpy(), 1)))
    folder = tmp_path_factory.mktemp("cell_types")
    return [
        save_dataset(data, folder / f"{name}.zarr")
        for name, data in (("A", a), ("B", ChromatinDataset(other)))
    ]


@pytest.fixture(scope="session")
def on_both(cell_types, tmp_path_factory):
    """A run that was trained on both cell types."""
    from attendome.workflows import train

    settings = {"first_hidden": 8, "second_hidden": 4, "epochs": 2}
    return train(cell_types, "mlp", tmp_path_factory.mktemp("runs") / "both", settings, seed=3)


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it, to change."""
    from attendome.workflows import open_run

    return open_run(shutil.copytree(trained.path, tmp_path / "run"))


@pytest.fixture(scope="session")
def chromatin(shared_data, tmp_path_factory):
    """E123, imported."""
    from attendome.workflows import import_attentivechrome

    out = tmp_path_factory.mktemp("chromatin") / "E123.zarr"
    return import_attentivechrome(shared_data / "chromatin" / "E123", out)


@pytest.fixture(scope="session")
def published(shared_data):
    """Weights of the original, random, in a .pt file."""
    return shared_data / "golden" / "attentivechrome_v2_state_dict.pt"


@pytest.fixture
def change(simulated):
    """Give a function that makes a dataset of which some variables were changed."""
    from attendome import ChromatinDataset

    def make(attributes=None, **variables):
        content = simulated.xarray.copy(deep=True)
        for name, values in variables.items():
            content[name] = (content[name].dims, values)
        return ChromatinDataset(content.assign_attrs(attributes or {}))

    return make


@pytest.fixture
def incomplete(stored, monkeypatch):
    """The dataset, with values missing in the signal of two genes of the test split."""
    from attendome.data import ChromatinDataset, chromatin

    monkeypatch.setattr(chromatin, "check", lambda *_: None)
    content = stored.xarray.copy(deep=True)
    content["signal"][np.flatnonzero(content["split"] == "test")[:2], 1, 3:5] = np.nan
    return ChromatinDataset(content)


@pytest.fixture
def relabelled(simulated, change):
    """Give a function that labels all genes of a split on."""

    def make(split):
        labels = simulated.labels().copy()
        labels[simulated.genes["split"] == split] = 1
        return change(label=labels)

    return make


@pytest.fixture
def here(monkeypatch):
    """Do the jobs in this process, one by one; gives the names of those that were done."""
    from attendome.errors import AttendomeError
    from attendome.workflows import comparing

    names = []

    def run_all(_client, work, jobs):
        for job in jobs:
            names.append(job.name)
            try:
                yield job, work(job)
            except AttendomeError as error:
                yield job, error

    monkeypatch.setattr(comparing, "workers", lambda *_given: nullcontext())
    monkeypatch.setattr(comparing, "run_all", run_all)
    return names
