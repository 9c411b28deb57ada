import numpy as np
import pandas as pd
import pytest

from attendome.data.sequence.rebinning import Rebinning
from attendome.errors import DataError

TRACKS = pd.DataFrame(
    {
        "sum_stat": ["sum_sqrt", "sum", "mean", "max", "avg"],
        "clip_soft": [10.0, 400.0, 20.0, np.inf, np.inf],
        "clip": [np.inf, 500.0, np.inf, 90.0, np.inf],
    },
    index=list("abcde"),
)


def soft(value, bound):
    return bound - 1 + (value - bound + 1) ** 0.5 if value > bound else value


def plain(bases, track, *, linear):
    """One bin's target, by the definition."""
    rule = TRACKS.iloc[track]
    kind = {"sum_sqrt": "sum", "avg": "mean"}.get(rule["sum_stat"], rule["sum_stat"])
    value = getattr(np, kind)(bases)
    if linear:
        return value
    if rule["sum_stat"] == "sum_sqrt":
        value = (1 + value) ** 0.5 - 1
    return min(soft(value, rule["clip_soft"]), rule["clip"])


def targets(bases, bin_size, *, linear=False):
    """Bins × tracks."""
    cells = bases.reshape(-1, bin_size, 5)
    return np.array(
        [[plain(cell[:, track], track, linear=linear) for track in range(5)] for cell in cells]
    )


@pytest.fixture
def bases():
    """Values that reach beyond each soft clip, but no hard one."""
    generator = np.random.default_rng(0)
    values = generator.gamma(0.3, 8, (1024, 5)) * (generator.random((1024, 5)) < 0.4)
    values[:32, 1] += 14
    values[64:96, 0] += 9
    values[100, 2] = 900
    return np.minimum(values, [np.inf, 14, np.inf, 80, np.inf])


def test_bins_joined_equal_bins_made(bases):
    small, large = targets(bases, 32), targets(bases, 128)
    assert (small > TRACKS["clip_soft"].to_numpy()).any(axis=0).tolist() == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert not (small >= TRACKS["clip"].to_numpy()).any()
    join = Rebinning.of_tracks(TRACKS, 4, linear=False)
    assert join.apply(small) == pytest.approx(large)
    assert not join.clipped(small).any()


def test_the_linear_scale(bases):
    found = Rebinning.of_tracks(TRACKS, 4, linear=True).apply(targets(bases, 32))
    assert found == pytest.approx(targets(bases, 128, linear=True))


def test_bins_as_they_are(bases):
    small = targets(bases, 32)
    assert Rebinning.of_tracks(TRACKS, 1, linear=False).apply(small) == pytest.approx(small)


def test_closed_form():
    """√(1 + 99) − 1 = 9; beyond a soft clip of 5, 5 − 1 + √(9 − 5 + 1) = 4 + √5."""
    track = pd.DataFrame({"sum_stat": ["sum_sqrt"], "clip_soft": [5.0]})
    stored = np.array([[4 + 5**0.5], [1.0]])
    linear = Rebinning.of_tracks(track, 2, linear=True).apply(stored)
    assert linear == pytest.approx(np.array([[99 + 3]]))
    again = Rebinning.of_tracks(track, 2, linear=False).apply(stored)
    assert again == pytest.approx(np.array([[4 + (103**0.5 - 1 - 4) ** 0.5]]))


def test_what_a_hard_clip_cut_off_is_told():
    track = pd.DataFrame({"sum_stat": ["sum"], "clip": [384.0]})
    join = Rebinning.of_tracks(track, 1, linear=True)
    stored = np.array([[383.75], [384.0]], np.float16)
    assert join.clipped(stored).tolist() == [[False], [True]]


def test_a_hard_clip_beyond_float16_cuts_nothing_off():
    track = pd.DataFrame({"sum_stat": ["sum"], "clip": [1e6]})
    join = Rebinning.of_tracks(track, 1, linear=True)
    assert not join.clipped(np.array([[60_000.0]], np.float16)).any()


@pytest.mark.parametrize("name", ["median", "peak", ""])
def test_other_statistics_are_refused(name):
    tracks = pd.DataFrame({"sum_stat": ["sum", name]}, index=["a", "b"])
    with pytest.raises(DataError, match=f"track 'b' has the sum_stat '{name}'"):
        Rebinning.of_tracks(tracks, 2, linear=False)


def test_no_statistics():
    with pytest.raises(DataError, match="track 'a' has the sum_stat ''"):
        Rebinning.of_tracks(pd.DataFrame({"x": [1]}, index=["a"]), 2, linear=False)
