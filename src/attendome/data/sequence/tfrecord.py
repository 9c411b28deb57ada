"""TFRecord files, compressed with zlib, read and written record by record without TensorFlow.

A file is one zlib stream of records; a record is its length (8 bytes, little-endian), the masked
CRC32C of those, its content, and the masked CRC32C of that.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import google_crc32c
from isal import isal_zlib

from attendome.errors import DataError
from attendome.genome.text import DAMAGE

_HEAD, _FOOT = struct.Struct("<QI"), struct.Struct("<I")
_BLOCK = 1 << 18


def masked_crc32c(content: bytes) -> int:
    """Give the checksum of TFRecord files: CRC32C, turned by 15 bits, plus a constant.

    >>> masked_crc32c(b"")
    2726488792
    """
    crc = int(google_crc32c.value(content))
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_records(
    path: Path, seen: Callable[[bytes], object] = lambda _block: None
) -> Iterator[bytes]:
    """Give the records of a file; none, where it is a zlib stream of nothing.

    Args:
        path: the file.
        seen: called with the bytes of the file, block by block.

    Raises:
        DataError: the file is missing, no zlib stream, cut short, or a checksum is wrong; the
            message names the record, counted from 1.
    """
    number = 1
    try:
        stream = _Inflated(path, seen)
        while head := stream.read(_HEAD.size, optional=True):
            yield _content(head, stream)
            number += 1
    except (ValueError, *DAMAGE) as error:
        raise DataError(
            f"{path}, record {number}: expected a zlib-compressed TFRecord, but {error}; the file "
            "is damaged or of another kind, copy or make it again."
        ) from error


def _content(head: bytes, stream: "_Inflated") -> bytes:
    length, crc = _HEAD.unpack(head)
    if crc != masked_crc32c(head[:8]):
        raise ValueError("the checksum of its length is wrong")
    content = stream.read(length)
    if _FOOT.unpack(stream.read(_FOOT.size)) != (masked_crc32c(content),):
        raise ValueError("its checksum is wrong")
    return content


class _Inflated:
    """The content of a zlib stream, of which little is kept in memory."""

    def __init__(self, path: Path, seen: Callable[[bytes], object]) -> None:
        self._blocks = _blocks(path, seen)
        self._left = bytearray()

    def read(self, size: int, *, optional: bool = False) -> bytes:
        """Give ``size`` bytes; where they are ``optional``, none at the end of the stream."""
        while len(self._left) < size:
            block = next(self._blocks, None)
            if block is None:
                if optional and not self._left:
                    return b""
                raise EOFError("it is cut short")
            self._left += block
        content = bytes(self._left[:size])
        del self._left[:size]
        return content


def _blocks(path: Path, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    inflate = isal_zlib.decompressobj()
    with path.open("rb") as file:
        while packed := file.read(_BLOCK):
            seen(packed)
            while packed and not inflate.eof:
                yield inflate.decompress(packed, _BLOCK)
                packed = inflate.unconsumed_tail
            if inflate.unused_data:
                raise ValueError("the file goes on behind the end of the zlib stream")
    if not inflate.eof:
        raise EOFError("the file is cut short")


@contextmanager
def write_records(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Give a function that writes one record to a file, which is whole after the block."""
    deflate = isal_zlib.compressobj()
    with path.open("wb") as file:

        def write(content: bytes) -> None:
            length = struct.pack("<Q", len(content))
            head = length + _FOOT.pack(masked_crc32c(length))
            for part in (head, content, _FOOT.pack(masked_crc32c(content))):
                file.write(deflate.compress(part))

        yield write
        file.write(deflate.flush())
