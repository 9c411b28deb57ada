import struct
import zlib

import pytest

from attendome.data.sequence.tfrecord import masked_crc32c, read_records, write_records
from attendome.errors import DataError


def record(content, length=None, crc=None):
    head = struct.pack("<Q", len(content) if length is None else length)
    crcs = (masked_crc32c(head), masked_crc32c(content) if crc is None else crc)
    return head + struct.pack("<I", crcs[0]) + content + struct.pack("<I", crcs[1])


def test_masked_checksum_is_tensorflows():
    stub = pytest.importorskip("tensorboard.compat.tensorflow_stub.pywrap_tensorflow")
    for content in (b"", b"a", bytes(range(256))):
        assert masked_crc32c(content) == stub.masked_crc32c(content)


@pytest.mark.parametrize("contents", [[], [b""], [b"one", b"", b"three" * 300_000]])
def test_round_trip(tmp_path, contents):
    path = tmp_path / "train-0.tfr"
    with write_records(path) as write:
        for content in contents:
            write(content)
    assert zlib.decompress(path.read_bytes()) == b"".join(map(record, contents))
    assert list(read_records(path)) == contents


def test_another_level_of_compression(tmp_path):
    path, content = tmp_path / "a.tfr", bytes(3_000_000)
    path.write_bytes(zlib.compress(record(content) * 2, 9))
    assert list(read_records(path)) == [content, content]


def test_the_bytes_of_the_file_are_shown(tmp_path):
    path, seen = tmp_path / "a.tfr", []
    path.write_bytes(zlib.compress(record(b"a")))
    list(read_records(path, seen.append))
    assert b"".join(seen) == path.read_bytes()


WHOLE = record(b"first") + record(b"second")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zlib.compress(WHOLE)[:-3], "record 3: .* cut short"),
        (zlib.compress(WHOLE)[:12], "record 1: .* cut short"),
        (zlib.compress(WHOLE[:-2]), "record 2: .* cut short"),
        (zlib.compress(record(b"first") + b"\1\2"), "record 2: .* cut short"),
        (zlib.compress(record(b"first") + record(b"second", crc=7)), "record 2: .*checksum is w"),
        (zlib.compress(record(b"first", length=4)), "record 1: .*checksum is wrong"),
        (zlib.compress(b"\1" + WHOLE), "record 1: .* checksum of its length is wrong"),
        (zlib.compress(WHOLE) + b"more", "record 3: .* goes on behind the end"),
        (WHOLE, "record 1: .*another kind"),
        (b"", "record 1: .* cut short"),
    ],
)
def test_damage(tmp_path, content, message):
    path = tmp_path / "train-7.tfr"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"train-7.tfr, {message}"):
        list(read_records(path))


def test_records_before_the_damage_are_given(tmp_path):
    path = tmp_path / "a.tfr"
    path.write_bytes(zlib.compress(record(b"first") + record(b"second", crc=7)))
    records = read_records(path)
    assert next(records) == b"first"
    with pytest.raises(DataError, match="record 2"):
        next(records)


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"a\.tfr.*No such file"):
        list(read_records(tmp_path / "a.tfr"))
