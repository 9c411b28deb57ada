import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendome.errors import DataError, SettingsError
from attendome.genome.stitching import Tiling, nearest, read_stretches

few = settings(max_examples=25, deadline=None)
LENGTHS = {"chr1": 1000, "chr2": 300, "HLA-A*01:01": 90}


def table(*rows):
    return pd.DataFrame(rows, columns=["chrom", "start", "end"])


@st.composite
def tilings(draw):
    bins, size = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    crop, kept = draw(st.integers(0, 3)) * size, draw(st.integers(1, bins))
    return Tiling(bins, size, crop, kept * size)


stretches = st.tuples(
    st.sampled_from(["chr1", "chr2"]), st.integers(0, 200), st.integers(1, 90)
).map(lambda row: (row[0], row[1], row[1] + row[2]))


@few
@given(tilings(), st.lists(stretches, min_size=1, max_size=5))
def test_each_bin_that_is_touched_is_kept_once_and_in_its_place(tiling, rows):
    found = []
    for window in tiling.over(table(*rows)).itertuples():
        assert tiling.margin <= window.first < window.last <= tiling.margin + tiling.kept
        first = window.start + tiling.crop + window.first * tiling.bin_size
        assert first % tiling.bin_size == 0
        number = first // tiling.bin_size
        found += [(window.chrom, number + k) for k in range(window.last - window.first)]
    touched = {(chrom, base // tiling.bin_size) for chrom, *ends in rows for base in range(*ends)}
    assert found == sorted(touched)


@few
@given(tilings(), st.integers(0, 300), st.integers(1, 80))
def test_a_base_belongs_to_the_same_window_whatever_is_asked_for(tiling, start, size):
    whole = tiling.over(table(("chr1", 0, 500)))
    part = tiling.over(table(("chr1", start, start + size)))
    assert set(part["start"]) <= set(whole["start"])


def test_the_middle_is_kept():
    tiling = Tiling(bins=8, bin_size=10, crop=20, stride=40)
    found = tiling.over(table(("chr1", 35, 90)))
    assert found.to_dict("list") == {
        "region": [0, 0, 0],
        "chrom": ["chr1"] * 3,
        "start": [-40, 0, 40],
        "first": [5, 2, 2],
        "last": [6, 6, 3],
    }


def test_stretches_that_share_a_bin_are_joined():
    found = Tiling(8, 10, 0, 80).over(table(("chr2", 5, 9), ("chr1", 0, 12), ("chr1", 17, 25)))
    assert found[["region", "chrom", "last"]].to_numpy().tolist() == [
        [0, "chr1", 3],
        [1, "chr2", 1],
    ]


@pytest.mark.parametrize("stride", [0, -10, 15, 90])
def test_strides_that_do_not_fit(stride):
    with pytest.raises(SettingsError, match="multiple of the bins' 10 bp, of at most the 80 bp"):
        Tiling(bins=8, bin_size=10, crop=0, stride=stride)


def test_stretches_as_text():
    texts = ["1", "chr2:10-1,00", "chr1:0-1000", "HLA-A*01:01", "HLA-A*01:01:5-6"]
    assert read_stretches(texts, LENGTHS, "a.fa").to_numpy().tolist() == [
        ["chr1", 0, 1000],
        ["chr2", 10, 100],
        ["chr1", 0, 1000],
        ["HLA-A*01:01", 0, 90],
        ["HLA-A*01:01", 5, 6],
    ]
    whole = read_stretches([], LENGTHS, "a.fa")
    assert dict(zip(whole["chrom"], whole["end"], strict=True)) == LENGTHS
    assert (whole["start"] == 0).all()


@pytest.mark.parametrize(
    "text", ["chr1:5", "chr1:9-9", "chr1:-5-9", "chr1:", "chr1:a-b", "chr1:9-"]
)
def test_texts_that_are_no_stretch(text):
    with pytest.raises(SettingsError, match="such as chr21 or chr21:5000000-6000000"):
        read_stretches([text], LENGTHS, "a.fa")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr3", "a.fa: has no chromosome 'chr3'"),
        ("chr3:1-2", "a.fa: has no chromosome 'chr3'"),
        ("chr2:1-301", "a.fa: chr2:1-301 lies beyond the end of chr2, which is 300 bp long"),
    ],
)
def test_stretches_that_are_not_there(text, said):
    with pytest.raises(DataError, match=said):
        read_stretches([text], LENGTHS, "a.fa")


windows = st.lists(st.tuples(st.sampled_from(["chr1", "chr2"]), st.integers(0, 99)), min_size=1)


@few
@given(windows, st.integers(1, 40))
def test_shares_cover_what_windows_cover_once_from_the_nearest_middle(rows, length):
    chrom, start = np.array([c for c, _ in rows]), np.array([s for _, s in rows])
    shares = nearest(chrom, start, length)
    given_out = [(c, b) for (c, _), ends in zip(rows, shares, strict=True) for b in range(*ends)]
    assert len(given_out) == len(set(given_out))
    assert set(given_out) == {(c, b) for c, s in rows for b in range(s, s + length)}
    for (c, s), ends in zip(rows, shares, strict=True):
        for base in range(*ends):
            distances = np.abs(2 * start[chrom == c] + length - 1 - 2 * base)
            assert abs(2 * s + length - 1 - 2 * base) <= distances.min() + 2
