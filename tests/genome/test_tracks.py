import gzip
import warnings

import numpy as np
import pybigtools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendome.errors import DataError
from attendome.genome.bedgraph import bin_bedgraph
from attendome.genome.bigwig import bigwig_lengths, bin_bigwig
from attendome.genome.bins import BinGrid

CHROMOSOMES = ["chr1", "chr2"]
LENGTH = 300
TRACK = [("chr1", 0, 30, 1.0), ("chr1", 40, 60, 2.0), ("chr1", 290, 300, 3.0)]
BINS = {"bigWig": bin_bigwig, "bedGraph": bin_bedgraph}


def write_track(kind, folder, rows, names=("chr1", "chr2")):
    path = folder / f"track.{kind}"
    if kind == "bigWig":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            file = pybigtools.open(str(path), "w")
            file.write(dict.fromkeys(names, LENGTH), iter(rows))
    else:
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def make_grid():
    return BinGrid(np.array([0, 0, 1]), np.array([-50, 250, 10]), 2, 50)


@pytest.mark.parametrize("kind", BINS)
def test_closed_form(kind, tmp_path):
    found = BINS[kind](write_track(kind, tmp_path, TRACK), make_grid(), CHROMOSOMES)
    # Windows: chr1 from 50 bp before its start, chr1 to 50 bp behind its end, chr2.
    assert found.total.tolist() == [[0, 50], [30, 0], [0, 0]]
    assert found.covered.tolist() == [[0, 40], [10, 0], [0, 0]]
    assert found.highest[found.covered > 0].tolist() == [2, 3]

    def summary(how, *, fill):
        return found.summary(how, 50, fill=fill)[:2].ravel().tolist()

    assert summary("mean", fill=True) == [0, 1.0, 0.6, 0]
    assert summary("sum", fill=True) == [0, 50, 30, 0]
    assert summary("max", fill=True) == [0, 2, 3, 0]
    nan = np.nan
    np.testing.assert_equal(summary("mean", fill=False), [nan, 1.25, 3, nan])
    np.testing.assert_equal(summary("sum", fill=False), [nan, 50, 30, nan])
    np.testing.assert_equal(summary("max", fill=False), [nan, 2, 3, nan])


ROWS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 60), st.integers(0, 9)), min_size=1, max_size=8
)


def intervals(steps):
    """Turn gaps, lengths and values into sorted intervals that do not overlap."""
    place, rows = 0, []
    for gap, length, value in steps:
        start, end = place + gap, min(place + gap + length, LENGTH)
        if start < end:
            rows.append(("chr1", start, end, float(value)))
        place = end
    return rows or TRACK


@pytest.mark.parametrize("kind", BINS)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(steps=ROWS)
def test_equals_a_sum_over_bases(kind, steps, tmp_path):
    rows = intervals(steps)
    bases = np.full(LENGTH + 200, np.nan)
    for _, start, end, value in rows:
        bases[100 + start : 100 + end] = value
    cells = np.stack([bases[50:150], bases[350:450]]).reshape(2, 2, 50)
    found = BINS[kind](write_track(kind, tmp_path, rows), make_grid(), CHROMOSOMES)
    assert found.total[:2].tolist() == np.nansum(cells, axis=2).tolist()
    assert found.covered[:2].tolist() == (~np.isnan(cells)).sum(axis=2).tolist()
    highest = np.where(np.isnan(cells), -np.inf, cells).max(axis=2)
    assert found.highest[:2].tolist() == highest.tolist()


@pytest.mark.parametrize("kind", BINS)
def test_names_are_reconciled(kind, tmp_path):
    rows = [("1", *row[1:]) for row in TRACK]
    found = BINS[kind](write_track(kind, tmp_path, rows, ["1"]), make_grid(), CHROMOSOMES)
    assert found.names == {"1": "chr1"}
    assert found.total.tolist() == [[0, 50], [30, 0], [0, 0]]


@pytest.mark.parametrize("kind", BINS)
def test_no_shared_chromosome_is_an_error(kind, tmp_path):
    path = write_track(kind, tmp_path, [("scaffold7", 0, 10, 1.0)], ["scaffold7"])
    with pytest.raises(DataError, match=r"one of chr1, chr2\. It has scaffold7"):
        BINS[kind](path, make_grid(), CHROMOSOMES)


def test_bedgraph_may_be_compressed_and_in_any_order(tmp_path):
    path = tmp_path / "track.gz"
    lines = ["track type=bedGraph", *("\t".join(map(str, row)) for row in reversed(TRACK))]
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    assert bin_bedgraph(path, make_grid(), CHROMOSOMES).total.tolist() == [[0, 50], [30, 0], [0, 0]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t30\t20\t1", "found 30 and 20"),
        ("chr1\t30\t40\tnan", "finite value in column 4, found 'nan'"),
        ("chr1\t30\t40\thigh", "finite value in column 4, found 'high'"),
        ("chr1\t30\t40", "expected 4 columns .* found 3"),
    ],
)
def test_a_malformed_bedgraph_line_is_named(line, message, tmp_path):
    path = tmp_path / "track"
    path.write_text(f"chr1\t0\t10\t1\n{line}\n")
    with pytest.raises(DataError, match=f"line 2 is not bedGraph: .*{message}"):
        bin_bedgraph(path, make_grid(), CHROMOSOMES)


def test_overlapping_intervals_are_refused(tmp_path):
    path = tmp_path / "track"
    path.write_text("chr1\t5\t10\t1\nchr2\t0\t9\t1\nchr1\t2\t6\t1\n")
    with pytest.raises(DataError, match="intervals overlap, such as 2-6 and 5-10"):
        bin_bedgraph(path, make_grid(), CHROMOSOMES)


def test_a_bedgraph_interval_beyond_its_chromosome_is_refused(tmp_path):
    path = tmp_path / "track"
    path.write_text("chr1\t0\t50\t1\nchr1\t290\t301\t1\n")
    with pytest.raises(DataError, match="chr1:290-301 lies beyond the end of chr1"):
        bin_bedgraph(path, make_grid(), CHROMOSOMES, lengths={"chr1": 300})


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_bigwig_with_damaged_blocks_is_refused(tmp_path, shared_data):
    content = bytearray(next((shared_data / "tracks" / "E116").glob("*.bw")).read_bytes())
    content[1000 : len(content) // 2] = bytes(len(content) // 2 - 1000)
    path = tmp_path / "damaged.bw"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged\.bw: is not a whole bigWig"):
        bin_bigwig(path, BinGrid(np.array([0]), np.array([151_158_060]), 4, 25), ["chr1"])


def test_a_cut_bigwig_is_refused(tmp_path, shared_data):
    whole = next((shared_data / "tracks" / "E116").glob("*.bw")).read_bytes()
    path = tmp_path / "cut.bw"
    path.write_bytes(whole[:100_000])
    with pytest.raises(DataError, match=r"cut\.bw: is not a whole bigWig"):
        bin_bigwig(path, BinGrid(np.array([0]), np.array([33_031_600]), 4, 25), ["chr21"])


def test_bigwig_lengths(tmp_path):
    assert bigwig_lengths(write_track("bigWig", tmp_path, TRACK)) == {"chr1": 300}
