"""A small run of a model that reads DNA."""

import shutil

import pytest


@pytest.fixture(scope="session")
def small():
    """Settings of models that train in a moment."""
    return {"scale": "small", "epochs": 2, "batch_size": 2, "dropout": 0.0}


@pytest.fixture(scope="session")
def trained(small_sequences, small, tmp_path_factory):
    """A run that no test changes."""
    from attendome.workflows import train

    out = tmp_path_factory.mktemp("runs") / "dilated"
    return train(small_sequences, "dilated", out, small | {"layers": 2}, seed=3)


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it, to change."""
    from attendome.workflows import open_run

    return open_run(shutil.copytree(trained.path, tmp_path / "run"))
