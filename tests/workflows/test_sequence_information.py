import json

import numpy as np
import pytest

from attendome.data import open_dataset
from attendome.errors import SettingsError
from attendome.workflows.information import describe


@pytest.fixture(scope="module")
def content(small_sequences):
    return describe(small_sequences)


def test_what_is_described(content, small_sequences):
    data = open_dataset(small_sequences)
    json.dumps(content, allow_nan=False)
    assert (content["kind"], content["regions"], content["tracks"]) == ("sequence", 10, 3)
    assert (content["length"], content["bins"], content["bin_size"], content["crop"]) == (
        64,
        6,
        8,
        8,
    )
    assert {name: row["regions"] for name, row in content["splits"].items()} == {
        "train": 6,
        "valid": 2,
        "test": 2,
    }
    assert content["splits"]["valid"]["unknown"] == 1 / 64
    assert content["leak"] == {name: {"regions": 2, "overlapping": 0} for name in ("valid", "test")}
    assert content["problems"] == []
    assert content["fingerprint"] == data.fingerprint()


def test_tracks_by_assay(content, small_sequences):
    data = open_dataset(small_sequences)
    coverage = np.stack([data.read(number)[1] for number in range(10)]).astype(float)
    cage = content["assays"]["CAGE"]
    assert (cage["tracks"], cage["stranded"]) == (2, 2)
    assert cage["mean"] == pytest.approx(coverage[:, :, :2].mean(), rel=1e-5)
    assert cage["max"] == coverage[:, :, :2].max()
    assert (content["assays"]["DNASE"]["tracks"], content["assays"]["DNASE"]["stranded"]) == (1, 0)


def test_no_page_of_quality(small_sequences, tmp_path):
    with pytest.raises(SettingsError, match="of chromatin datasets only"):
        describe(small_sequences, report=tmp_path / "q.html")
