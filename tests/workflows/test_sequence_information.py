import json
from dataclasses import replace

import numpy as np
import pytest

from attendome.data import open_dataset
from attendome.data.sequence.store import open_sequence
from attendome.errors import SettingsError
from attendome.workflows.information import describe
from attendome.workflows.sequence_information import problems


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


def with_values(data, **values):
    dims = {name: data.xarray[name].dims for name in values}
    table = data.xarray.assign_coords({n: (dims[n], np.array(v)) for n, v in values.items()})
    return replace(data, xarray=table)


def test_nothing_is_wrong(small_sequences):
    assert problems(open_sequence(small_sequences)) == []


def test_what_is_wrong(small_sequences):
    data = with_values(
        open_sequence(small_sequences),
        coverage_mean=[0.0, 1.0, 1.0],
        coverage_max=[0.0, 1.0, 1.0],
        coverage_missing=[0, 4, 0],
        coverage_overflow=[0, 1, 2],
        unknown_bases=[33, 32, 64] + [0] * 7,
        start=[*range(0, 900, 100), 500],
        end=[*range(64, 964, 100), 564],
    )
    assert problems(data) == [
        "A+: 0 in every bin.",
        "A-: NaN in some bins, which spoils the loss.",
        "A-, B: at float16's largest number or beyond it in some bins.",
        "2 of 10 regions are mostly N.",
        "1 of 2 test regions overlap the input of a training region.",
    ]


def test_many_tracks_are_counted(small_sequences):
    data = open_sequence(small_sequences)
    tracks = data.xarray.isel(track=[2, 2, 2, 2]).assign_coords(
        track=list("abcd"), strand_pair=("track", range(4)), coverage_missing=("track", [1] * 4)
    )
    assert problems(replace(data, xarray=tracks))[0].startswith("4 tracks, such as a, b, c: NaN")
