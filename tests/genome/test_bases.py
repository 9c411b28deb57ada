import numpy as np
import polars as pl
import pybigtools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendome.errors import DataError
from attendome.genome.bases import check_track, open_track
from attendome.genome.writing import write_bigwig

LENGTHS = {"chr1": 100, "chr2": 50}
ROWS = [("chr1", 0, 10, 1.5), ("chr1", 10, 12, 2.0), ("chr1", 40, 100, 4.0), ("chr2", 3, 4, 7.0)]
COLUMNS = ["chrom", "start", "end", "value"]
N = np.nan


def plain(chrom, start, end):
    """Look each base up, slowly."""
    found = []
    for base in range(start, end):
        values = [v for name, s, e, v in ROWS if name == chrom and s <= base < e]
        found.append(values[0] if values else N)
    return np.array(found)


@pytest.fixture(scope="module", params=["bigWig", "bedGraph"])
def track(request, tmp_path_factory):
    """The same values as bigWig, and as bedGraph in another order and with other names."""
    folder = tmp_path_factory.mktemp("tracks")
    if request.param == "bigWig":
        path = folder / "a.bw"
        write_bigwig(pl.DataFrame(ROWS, schema=COLUMNS, orient="row"), path, LENGTHS)
    else:
        path = folder / "a.bedgraph"
        lines = (f"{c.removeprefix('chr')}\t{s}\t{e}\t{v}\n" for c, s, e, v in reversed(ROWS))
        path.write_text("track type=bedGraph\n" + "".join(lines) + "Un\t0\t9999\t3\n")
    return path


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(["chr1", "chr2"]), st.integers(-20, 110), st.integers(1, 60))
def test_each_base_has_its_value(track, chrom, start, length):
    with open_track(track, LENGTHS) as opened:
        found = opened.read(chrom, start, start + length)
    np.testing.assert_array_equal(found, plain(chrom, start, start + length))


def test_a_chromosome_without_values(track):
    with open_track(track, LENGTHS | {"chr3": 10}) as opened:
        assert np.isnan(opened.read("chr3", 0, 10)).all()
        assert set(opened.names.values()) == {"chr1", "chr2"}


def test_another_assembly(track):
    message = "chr2 is 50 bp long there" if track.suffix == ".bw" else "chr2 reaches to base 4"
    with pytest.raises(DataError, match=message), open_track(track, LENGTHS | {"chr2": 3}):
        pass
    with pytest.raises(DataError, match="none of its chromosomes"), open_track(track, {"X": 10}):
        pass


def test_two_names_of_one_chromosome(tmp_path):
    (tmp_path / "a.bedgraph").write_text("1\t0\t5\t1\nNC_000001.11\t5\t9\t2\n")
    with (
        pytest.raises(DataError, match=r"1 and NC_000001\.11 are both names of chr1"),
        open_track(tmp_path / "a.bedgraph", {"chr1": 10}),
    ):
        pass


def test_intervals_that_overlap(tmp_path):
    path = tmp_path / "a.bedgraph"
    path.write_text("chr1\t0\t10\t1\nchr1\t9\t12\t1\n")
    with pytest.raises(DataError, match="chr1:0-10 and chr1:9-12"), open_track(path, LENGTHS):
        pass


def test_reads_are_referred_to_coverage(write_bam):
    with pytest.raises(DataError, match=r"attendome coverage reads.bam reads.bw"):
        check_track(write_bam([(0, 0, 960, "30M", 30)]), LENGTHS)


def test_a_damaged_file(tmp_path):
    path = tmp_path / "cut.bw"
    write_bigwig(pl.DataFrame(ROWS, schema=COLUMNS, orient="row"), path, LENGTHS)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match="not a whole bigWig"), open_track(path, LENGTHS) as opened:
        opened.read("chr1", 0, 100)


def test_real_track(shared_data):
    path = shared_data / "tracks" / "E116" / "E116-H3K4me3.pval.signal.bw"
    with pybigtools.open(str(path)) as file:
        lengths = {str(name): int(size) for name, size in file.chroms().items()}
        start, end, value = next(iter(file.records("chr1")))
    with open_track(path, lengths) as opened:
        found = opened.read("chr1", start - 5, end)
    assert np.isnan(found[:5]).all()
    np.testing.assert_array_equal(found[5:], value)
