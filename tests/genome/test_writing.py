"""Tracks for genome browsers."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendome.errors import DataError
from attendome.genome.bedgraph import bin_bedgraph
from attendome.genome.bigwig import bigwig_lengths, bin_bigwig
from attendome.genome.bins import BinGrid
from attendome.genome.writing import (
    mean_over_windows,
    read_chromosome_sizes,
    write_bedgraph,
    write_bigwig,
)

LENGTHS = {"chr1": 300, "chr10": 300, "chr2": 300}


def per_base(rows, lengths):
    """Give the value of each base; NaN where there is none. A base that has two is an error."""
    found = {name: np.full(length, np.nan) for name, length in lengths.items()}
    for chrom, start, end, value in rows.iter_rows():
        assert 0 <= start < end
        assert np.isnan(found[chrom][start:end]).all()
        found[chrom][start:end] = value
    return found


def by_hand(values, chrom, start, bin_size, lengths):
    """The same, base by base."""
    lists = {name: [[] for _ in range(length)] for name, length in lengths.items()}
    for window, name, first in zip(values, chrom, start, strict=True):
        for number, value in enumerate(window):
            for base in range(first + number * bin_size, first + (number + 1) * bin_size):
                if 0 <= base < lengths[name]:
                    lists[name][base].append(value)
    return {name: [np.mean(v) if v else np.nan for v in bases] for name, bases in lists.items()}


def test_windows_that_overlap_have_their_mean():
    values = np.array([[1.0, 2], [4, 8], [5, 7]])
    chrom = np.array(["chr2", "chr2", "chr1"])
    rows = mean_over_windows(values, chrom, np.array([0, 15, -5]), 10, {})
    assert rows.rows() == [
        *(("chr1", 0, 5, 5.0), ("chr1", 5, 15, 7.0)),
        *(("chr2", 0, 10, 1.0), ("chr2", 10, 15, 2.0), ("chr2", 15, 20, 3.0)),
        *(("chr2", 20, 25, 4.0), ("chr2", 25, 35, 8.0)),
    ]


WINDOWS = st.lists(
    st.tuples(st.sampled_from(sorted(LENGTHS)), st.integers(-40, 290)), min_size=1, max_size=9
)


@settings(deadline=None)
@given(WINDOWS, st.integers(1, 9), st.integers(0, 9))
def test_every_base(windows, bin_size, seed):
    chrom, start = np.array([w[0] for w in windows]), np.array([w[1] for w in windows])
    values = np.random.default_rng(seed).normal(size=(len(windows), 4))
    rows = mean_over_windows(values, chrom, start, bin_size, LENGTHS)
    found, expected = per_base(rows, LENGTHS), by_hand(values, chrom, start, bin_size, LENGTHS)
    for name in LENGTHS:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    assert rows.rows() == sorted(rows.rows())


@pytest.mark.parametrize("kind", ["bigWig", "bedGraph"])
def test_our_readers_find_what_was_written(tmp_path, kind):
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    chrom, start = np.array(["chr10", "chr2", "chr1"]), np.array([40, 0, 250])
    rows = mean_over_windows(values, chrom, start, 10, LENGTHS)
    path = tmp_path / f"track.{kind}"
    if kind == "bigWig":
        write_bigwig(rows, path, LENGTHS)
        assert bigwig_lengths(path) == LENGTHS
    else:
        write_bedgraph(rows, path, "a", "b")
    grid = BinGrid(np.array([0, 1, 2]), start, 4, 10)
    read = (bin_bigwig if kind == "bigWig" else bin_bedgraph)(path, grid, chrom.tolist())
    np.testing.assert_allclose(read.total / 10, values, rtol=1e-6)
    assert (read.covered == 10).all()


def test_the_text_of_a_bedgraph(tmp_path):
    rows = mean_over_windows(np.array([[0.1, 1e-7]]), np.array(["chr1"]), np.array([5]), 10, {})
    write_bedgraph(rows, tmp_path / "a.bedgraph", 'K562 "x"', "two\nlines")
    assert (tmp_path / "a.bedgraph").read_text() == (
        'track type=bedGraph name="K562 \'x\'" description="two lines" visibility=full\n'
        "chr1\t5\t15\t0.1\nchr1\t15\t25\t1e-7\n"
    )


def test_a_bigwig_that_is_not_whole(tmp_path, capfd):
    rows = pl.DataFrame({"chrom": ["chr1"], "start": [0], "end": [10], "value": [1.0]})
    with pytest.raises(DataError, match="could not be written whole"):
        write_bigwig(rows, tmp_path / "a.bw", {"chr1": 5})
    assert "greater than the chromosome" in "".join(capfd.readouterr())


def test_chromosome_sizes(tmp_path):
    path = tmp_path / "chrom.sizes"
    path.write_text("# hg19\nchr1\t249250621\nchrM\t16571\n")
    assert read_chromosome_sizes(path) == {"chr1": 249250621, "chrM": 16571}
    path.write_text("chr1\t300\t6\t60\t61\n")  # a FASTA index
    assert read_chromosome_sizes(path) == {"chr1": 300}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found none"),
        ("chr1\n", "line 1 is not a table of chromosome sizes: expected the name and the length"),
        ("chr1\t5\nchr2\tlong\n", "line 2 .* reads: chr2 long"),
        ("chr1\t0\n", "line 1"),
        ("chr1\t100\t200\t.5\nchr1\t200\t300\t.7\n", "found two lengths of chr1, 100 and 200"),
    ],
)
def test_sizes_that_are_none(tmp_path, text, message):
    path = tmp_path / "chrom.sizes"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_chromosome_sizes(path)
