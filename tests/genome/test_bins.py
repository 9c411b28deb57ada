import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attendome.genome.bins import BinGrid

WINDOWS = st.lists(st.tuples(st.integers(0, 2), st.integers(-3000, 9000)), min_size=1, max_size=6)
INTERVALS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12000), st.integers(1, 4000)), max_size=12
)


def arrays(rows, columns):
    return np.array(rows, dtype=np.int64).reshape(-1, columns).T


def make_grid(windows, bins=4, bin_size=50):
    chrom, start = arrays(windows, 2)
    chrom = np.append(chrom, 2)  # so that each chromosome number is known
    return BinGrid(chrom, np.append(start, 100_000), bins, bin_size)


def naively(grid, intervals):
    """Compare each interval with each bin: interval, cell, shared bases."""
    found = []
    for number, (chrom, start, length) in enumerate(intervals):
        for window, (place, first) in enumerate(zip(grid.chrom, grid.start, strict=True)):
            for bin_ in range(grid.bins):
                begin = first + bin_ * grid.bin_size
                shared = min(start + length, begin + grid.bin_size) - max(start, begin)
                if place == chrom and shared > 0:
                    found.append((number, window * grid.bins + bin_, shared))
    return sorted(found)


@given(windows=WINDOWS, intervals=INTERVALS, bins=st.integers(1, 8), bin_size=st.integers(1, 700))
def test_overlaps_equal_a_triple_loop(windows, intervals, bins, bin_size):
    grid = make_grid(windows, bins, bin_size)
    chrom, start, length = arrays(intervals, 3)
    found = grid.overlaps(chrom, start, start + length)
    rows = zip(found.interval, found.cell, found.shared, strict=True)
    assert sorted((int(i), int(c), int(s)) for i, c, s in rows) == naively(grid, intervals)


@given(windows=WINDOWS, intervals=INTERVALS)
def test_near_misses_nothing(windows, intervals):
    grid = make_grid(windows)
    chrom, start, length = arrays(intervals, 3)
    near = grid.near(chrom, start, start + length)
    assert {row[0] for row in naively(grid, intervals)} <= set(np.flatnonzero(near).tolist())


def test_near_leaves_most_of_a_genome_out():
    grid = BinGrid(np.array([0, 0]), np.array([50_000, 900_000]), 10, 100)
    start = np.arange(0, 3_000_000, 1000)
    assert grid.near(np.zeros_like(start), start, start + 36).sum() <= 8


@given(intervals=INTERVALS)
def test_binning_keeps_the_total(intervals):
    """Where one window holds all intervals, the shared bases add up to their lengths."""
    grid = BinGrid(np.array([0, 1, 2]), np.zeros(3, np.int64), 160, 100)
    chrom, start, length = arrays(intervals, 3)
    found = grid.overlaps(chrom, start, start + length)
    assert found.shared.sum() == length.sum()
