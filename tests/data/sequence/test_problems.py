from dataclasses import replace

import numpy as np

from attendome.data.sequence.problems import problems
from attendome.data.sequence.store import open_sequence


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
