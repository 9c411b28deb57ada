import json
import subprocess
import sys

from attendome.models.registry import MODELS
from attendome.workflows.configuration import resolve
from attendome.workflows.listing import list_models


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


def test_models_that_read_dna():
    rows = {row["name"]: row for row in list_models()}
    row = rows["dilated"]
    assert (row["task"], row["parameters"]) == ("sequence", 15_190_636)
    assert row["settings"]["learning_rate"]["paper"] == 0.002063
    assert all(setting["about"] for setting in row["settings"].values())


def test_it_can_be_written_as_json():
    rows = list_models()
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_nothing_is_loaded_that_a_list_does_not_need():
    script = """
import sys
from attendome.workflows.listing import list_models
list_models()
print(*{"lightning", "plotly", "matplotlib"} & sys.modules.keys())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
