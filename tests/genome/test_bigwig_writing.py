import numpy as np
import pybigtools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendome.errors import DataError
from attendome.genome.bigwig_writing import filled, write_stretches

SIZES = {"chr2": 50, "chr10": 20, "chr1": 100}


def piece(name, *rows):
    start, end, value = np.array(rows, float).T
    return name, start.astype(int), end.astype(int), value


def bases(path):
    with pybigtools.open(str(path)) as file:
        return {name: file.values(name, 0, n, fillna=None) for name, n in file.chroms().items()}


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "a.bw"
    pieces = [piece("chr1", (0, 10, 1.5), (10, 12, 0)), piece("chr2", (49, 50, 7))]
    write_stretches(path, SIZES, pieces)
    found = bases(path)
    assert {name: len(values) for name, values in found.items()} == {"chr1": 100, "chr2": 50}
    assert found["chr1"][:12].tolist() == [1.5] * 10 + [0] * 2
    assert np.isnan(found["chr1"][12:]).all()
    assert found["chr2"][49] == 7


@pytest.mark.parametrize("fault", [KeyboardInterrupt, DataError, ValueError])
def test_what_goes_wrong_with_the_content_comes_through(fault, tmp_path, capfd):
    def pieces():
        yield piece("chr1", (0, 10, 1.5))
        raise fault

    with pytest.raises(fault):
        write_stretches(tmp_path / "a.bw", SIZES, pieces())
    assert capfd.readouterr() == ("", "")


def test_a_full_disk_is_noticed(tmp_path):
    path = tmp_path / "a.bw"
    path.symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"a.bw: could not be written whole; is the disk full"):
        write_stretches(path, SIZES, [piece("chr1", (0, 10, 1.5))])


def test_nothing_makes_no_file_that_can_be_read(tmp_path):
    with pytest.raises(DataError, match=r"a.bw: could not be written"):
        write_stretches(tmp_path / "a.bw", SIZES, [])


@given(st.dictionaries(st.integers(0, 29), st.floats(0.1, 9)), st.integers(30, 33))
def test_stretches_cover_a_chromosome_once(values, length):
    position = np.array(sorted(values), int)
    start, end, value = filled(length, position, np.array([values[p] for p in sorted(values)]))
    assert (start < end).all()
    assert [0, *end.tolist()] == [*start.tolist(), length]
    dense = np.repeat(value, end - start)
    assert dense.tolist() == [values.get(base, 0) for base in range(length)]
