import struct

import numpy as np
import pytest

from attendome.data.sequence.tally import Tally, checksum


def plain_crc32c(content):
    """The definition: the reversed polynomial of Castagnoli, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_checksum():
    sequence, coverage = np.array([0, 1, 4], np.uint8), np.array([[1.5, -2.0]], np.float16)
    expected = plain_crc32c(b"\0\1\4" + struct.pack("<2e", 1.5, -2.0))
    assert checksum(sequence, coverage) == expected
    assert checksum(sequence, coverage.astype(">f2")) == expected
    assert checksum(sequence, np.asfortranarray(coverage)) == expected


def test_what_is_found():
    tally = Tally(regions=2, bins=2, tracks=3)
    tally.add(1, np.array([4, 4, 0], np.uint8), np.array([[1, np.nan, np.inf], [2, 3, 0]], "f2"))
    tally.add(0, np.array([0, 4, 0], np.uint8), np.array([[5, 1, 65504], [0, 2, -65504]], "f2"))
    found = {name: values.tolist() for name, (_, values) in tally.coordinates().items()}
    assert found["unknown_bases"] == [1, 2]
    assert found["coverage_mean"] == pytest.approx([2, 2, 65504 / 4])
    assert found["coverage_max"] == [5, 3, 65504]
    assert found["coverage_missing"] == [0, 1, 0]
    assert found["coverage_overflow"] == [0, 0, 3]
    assert len(set(found["crc32c"])) == 2


def test_all_missing():
    tally = Tally(regions=1, bins=2, tracks=1)
    tally.add(0, np.zeros(2, np.uint8), np.full((2, 1), np.nan, np.float16))
    found = {name: values.tolist() for name, (_, values) in tally.coordinates().items()}
    assert (found["coverage_mean"], found["coverage_missing"]) == ([0], [2])
