import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendome.genome.windows import overlapping

PLACES = st.lists(st.tuples(st.sampled_from(["chr1", "chr10", "chr2"]), st.integers(0, 300)))


def arrays(places):
    chrom = np.array([chrom for chrom, _ in places], dtype=str)
    return chrom, np.array([tss for _, tss in places], dtype=np.int64)


def naively(genes, others, half):
    """Compare each window [tss - half, tss + half) with each other one, base by base."""
    return [
        any(
            chrom == other_chrom and max(tss - half, other - half) < min(tss + half, other + half)
            for other_chrom, other in others
        )
        for chrom, tss in genes
    ]


@given(genes=PLACES, others=PLACES, half=st.integers(1, 60))
def test_equals_a_double_loop(genes, others, half):
    found = overlapping(*arrays(genes), *arrays(others), window=2 * half)
    assert found.tolist() == naively(genes, others, half)


@given(genes=PLACES, window=st.integers(1, 100))
def test_each_window_overlaps_itself(genes, window):
    assert overlapping(*arrays(genes), *arrays(genes), window=window).all()


@pytest.mark.parametrize(("distance", "expected"), [(0, True), (9_999, True), (10_000, False)])
@pytest.mark.parametrize("side", [-1, 1])
def test_half_open(distance, expected, side):
    other = arrays([("chr1", 50_000 + side * distance)])
    found = overlapping(*arrays([("chr1", 50_000)]), *other, window=10_000)
    assert found.tolist() == [expected]


def test_no_others():
    assert overlapping(*arrays([("chr1", 5)]), *arrays([]), window=10).tolist() == [False]
