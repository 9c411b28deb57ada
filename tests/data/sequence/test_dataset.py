from dataclasses import replace

import numpy as np
import pytest

from attendome.data.sequence.store import open_sequence
from attendome.errors import DataError


@pytest.fixture(scope="module")
def data(small_sequences):
    return open_sequence(small_sequences)


def test_split(data):
    test = data.split("test")
    assert test.regions["start"].tolist() == [800, 900]
    for number in (0, 1):
        pairs = zip(test.read(number), data.read(8 + number), strict=True)
        assert all((a == b).all() for a, b in pairs)
    with pytest.raises(DataError, match="no region is in the split 'test'"):
        data.split("train").split("test")


def test_read(data):
    sequence, coverage = data.read(4)
    assert (sequence.dtype, coverage.dtype) == (np.uint8, np.float16)
    assert (sequence.shape, coverage.shape) == ((64,), (6, 3))
    assert sequence[0] == 4
    loaded = replace(data, xarray=data.xarray.load(), path=None)
    assert (loaded.read(4)[1] == coverage).all()


@pytest.mark.parametrize(
    ("chrom", "start", "overlapping"),
    [("chr1", 500, 1), ("chr1", 563, 1), ("chr1", 564, 0), ("chr1", 436, 1), ("chr2", 500, 0)],
)
def test_leak(data, chrom, start, overlapping):
    """The training regions are [0, 64), [100, 164) and so on to [500, 564)."""
    regions = data.regions
    regions.loc[9, ["chrom", "start", "end"]] = [chrom, start, start + 64]
    columns = {name: ("region", regions[name].to_numpy()) for name in ("chrom", "start", "end")}
    moved = replace(data, xarray=data.xarray.assign_coords(columns))
    assert moved.leak("test") == {"regions": 2, "overlapping": overlapping}
    assert moved.leak("valid") == {"regions": 2, "overlapping": 0}


def test_fingerprint(data):
    known = data.fingerprint()
    assert open_sequence(data.path).fingerprint() == known
    assert data.split("test").fingerprint() != known
    for name in ("start", "crc32c"):
        changed = data.xarray.assign_coords({name: data.xarray[name] + 1})
        if name == "start":
            changed = changed.assign_coords(end=changed["end"] + 1)
        assert replace(data, xarray=changed).fingerprint() != known
