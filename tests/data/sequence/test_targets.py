import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attendome.data.sequence.targets import TargetRule, fill, median_of, pool, stored

N = np.nan
NONE = np.zeros(4, dtype=bool)
VALUES = arrays(float, 12, elements=st.floats(0, 1000))


def test_missing_bases_take_the_median_of_those_there():
    assert fill(np.array([1, N, 3, 8.0]), NONE).tolist() == [1, 3, 3, 8]
    assert fill(np.array([N, N, 3, 8.0]), NONE).tolist() == [5.5, 5.5, 3, 8]


def test_where_most_bases_are_missing_they_are_zero():
    assert fill(np.array([N, N, N, 8.0]), NONE).tolist() == [0, 0, 0, 8]
    assert fill(np.full(4, N), NONE).tolist() == [0, 0, 0, 0]


def test_zero_for_missing_bases_counts_for_the_median():
    black = np.array([False, False, True, True])
    assert fill(np.array([1, N, 3, 8.0]), NONE, zero=True).tolist() == [1, 0, 3, 8]
    assert fill(np.array([4, N, N, 8.0]), black, zero=True).tolist() == [4, 0, 0, 2]


def test_blacklisted_bases_are_at_most_the_median():
    black = np.array([True, True, False, False])
    assert fill(np.array([9, 1, 3, 8.0]), black).tolist() == [5.5, 1, 3, 8]


@pytest.mark.parametrize(
    ("sum_stat", "expected"),
    [("sum", [3, 15]), ("mean", [1, 5]), ("max", [3, 8]), ("sum_sqrt", [1, 3])],
)
def test_bins(sum_stat, expected):
    bases = np.array([0, 0, 3, 8, 1, 6.0])
    assert pool(bases, 3, TargetRule(sum_stat)).tolist() == expected


def test_soft_clip_begins_at_its_bound():
    bases = np.array([3, 4, 4 + 3, 4 + 8, 4 + 99.0])
    found = pool(bases, 1, TargetRule(clip_soft=4.0))
    assert found.tolist() == [3, 4, 4 - 1 + 2, 4 - 1 + 3, 4 - 1 + 10]


def test_the_order_of_clips_and_scale():
    rule = TargetRule("sum_sqrt", clip_soft=4.0, clip=5.0, scale=2.0)
    bases = np.array([8, 63, 5000.0])  # √(1 + x) − 1 = 2, 7 and 69.7
    assert pool(bases, 1, rule).tolist() == [4, 10, 10]
    assert pool(bases[:2], 1, TargetRule("sum_sqrt", clip_soft=4.0, scale=2.0)).tolist() == [4, 10]


@given(VALUES)
def test_a_sum_keeps_the_total_and_nothing_is_turned_around(bases):
    assert pool(bases, 3, TargetRule()).sum() == pytest.approx(bases.sum())
    one = pool(bases, 1, TargetRule("sum_sqrt", clip_soft=10.0, clip=20.0, scale=0.5))
    assert (np.diff(one[np.argsort(bases)]) >= 0).all()
    assert one.max() <= 10


@given(VALUES, st.integers(0, 12))
def test_the_median_of_a_part(bases, missing):
    bases = bases.copy()
    bases[:missing] = N
    assert median_of(bases) == (np.median(bases[missing:]) if missing <= 6 else 0)


def test_what_is_too_large_for_float16_is_its_largest_number_and_counted():
    values = np.array([1, 65_504, 65_519, 65_520, 1e9])
    found, excess = stored(values, "float16")
    assert (found.dtype, found.tolist(), excess) == (np.float16, [1] + [65_504] * 4, 2)
    found, excess = stored(values, "float32")
    assert (found.dtype, found[-1], excess) == (np.float32, 1e9, 0)
