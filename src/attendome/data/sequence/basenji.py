"""Datasets of Basenji and its successors: folders of TFRecords with tables beside them."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from attendome.data.sequence.basenji_tables import (
    SEQUENCES,
    STATISTICS,
    TARGETS,
    read_regions,
    read_statistics,
    read_targets,
    write_tables,
)
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.tally import UNKNOWN_BASE
from attendome.data.sequence.tf_example import make_example, read_example
from attendome.data.sequence.tfrecord import read_records, write_records
from attendome.data.splits import SPLITS
from attendome.errors import DataError
from attendome.genome.files import sha256

RECORDS = "tfrecords"
_SEQUENCE, _TARGET = "sequence", "target"
_REGIONS_PER_FILE = 256  # as in Basenji's own
_CODES = np.array([UNKNOWN_BASE, 0, 1, UNKNOWN_BASE, 2, *[UNKNOWN_BASE] * 3, 3], np.uint8)


class Region(NamedTuple):
    """One region: its number in sequences.bed, its sequence and its coverage."""

    number: int
    sequence: UInt8[np.ndarray, " position"]
    coverage: Float[np.ndarray, "bin track"]


class BasenjiFolder:
    """A folder in Basenji's layout; its tables are read and checked, its records are not yet.

    Attributes:
        layout: regions, tracks and bins; its attributes hold what attendome's export added.
        sources: name, role and SHA-256 of the files that have been read.
        empty: names of the TFRecord files without a record, of those that have been read.
    """

    def __init__(self, folder: Path) -> None:
        """Read the tables.

        Raises:
            DataError: a file is missing or malformed, or they do not agree.
        """
        self._statistics = read_statistics(folder / STATISTICS)
        regions = read_regions(folder / SEQUENCES, self._statistics)
        tracks = read_targets(folder / TARGETS, self._statistics)
        self._files = {split: self._natural(folder / RECORDS, split) for split in SPLITS}
        self.empty: list[str] = []
        self.sources: list[dict[str, Any]] = [
            {"role": role, "file": name, "sha256": sha256(folder / name)}
            for role, name in (
                ("statistics", STATISTICS),
                ("regions", SEQUENCES),
                ("tracks", TARGETS),
            )
        ]
        self.layout = SequenceLayout(
            regions=regions,
            tracks=tracks,
            bin_size=self._statistics.bin_size,
            crop=self._statistics.crop,
            dtype=self._dtype(),
            attributes=self._statistics.own,
        )

    def _natural(self, folder: Path, split: str) -> list[Path]:
        """Give the files of a split, 10 after 9."""
        files = [path for path in folder.glob(f"{split}-*.tfr") if path.is_file()]
        if not files and self._statistics.regions[split]:
            raise DataError(f"{folder}: expected files {split}-0.tfr and so on, found none.")
        return sorted(files, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])

    def _dtype(self) -> str:
        """Tell how the first record has its coverage: float16, or float32 in older files."""
        for path in (path for files in self._files.values() for path in files):
            for content in read_records(path):
                target = _features(content, path, 1)[_TARGET]
                return "float16" if isinstance(target, bytes) else "float32"
        return "float16"

    def read(self) -> Iterator[Region]:
        """Read all regions, one after the other: those of train, then valid, then test.

        Raises:
            DataError: a file is damaged, a record does not fit the tables, or there are more or
                fewer records than regions; the message names the file and the record.
        """
        split = self.layout.regions["split"].to_numpy()
        for name, files in self._files.items():
            numbers = iter(np.flatnonzero(split == name).tolist())
            for path in files:
                yield from self._read_file(path, name, numbers)
            left = sum(1 for _ in numbers)
            if left:
                count = self._statistics.regions[name]
                raise DataError(
                    f"{files[-1]}: the records of the split {name} end here after {count - left} "
                    f"regions, where {STATISTICS} says {count}; a file is missing or cut short."
                )

    def _read_file(self, path: Path, split: str, numbers: Iterator[int]) -> Iterator[Region]:
        digest, count = hashlib.sha256(), 0
        for count, content in enumerate(read_records(path, digest.update), start=1):
            number = next(numbers, None)
            if number is None:
                raise DataError(
                    f"{path}, record {count}: is more than the {self._statistics.regions[split]} "
                    f"regions of the split {split} that {STATISTICS} says."
                )
            features = _features(content, path, count)
            try:
                yield Region(number, self._bases(features), self._coverage(features))
            except ValueError as error:
                raise DataError(f"{path}, record {count}: {error}") from error
        self.sources.append({"role": split, "file": path.name, "sha256": digest.hexdigest()})
        if not count:
            self.empty.append(path.name)

    def _bases(self, features: dict[str, Any]) -> UInt8[np.ndarray, " position"]:
        content, length = features[_SEQUENCE], self._statistics.length
        indexed = self._statistics.indexed
        expected = length if indexed else 4 * length
        if not isinstance(content, bytes) or len(content) != expected:
            form = "a number per base" if indexed else "four per base, one-hot"
            raise ValueError(
                f"expected a sequence of {expected:,} bytes ({form}, as {STATISTICS} says), found "
                f"{len(content):,}."
            )
        values = np.frombuffer(content, np.uint8)
        if indexed:
            if values.max() > UNKNOWN_BASE:
                raise ValueError(f"expected bases of 0 to 4, found {values.max()}.")
            return values
        columns = values.reshape(length, 4)
        if values.max() > 1 or columns.sum(axis=1).max() > 1:
            raise ValueError("expected a one-hot sequence: at most one 1 of four for each base.")
        return _CODES[columns @ np.array([1, 2, 4, 8], np.uint8)]

    def _coverage(self, features: dict[str, Any]) -> Float[np.ndarray, "bin track"]:
        content, shape = features[_TARGET], (self._statistics.bins, self._statistics.tracks)
        found = "float16" if isinstance(content, bytes) else "float32"
        if found != self.layout.dtype:
            raise ValueError(f"expected targets of {self.layout.dtype} as before, found {found}.")
        values = np.frombuffer(content, "<f2") if isinstance(content, bytes) else content
        if values.size != shape[0] * shape[1]:
            raise ValueError(
                f"expected {shape[0]:,} bins × {shape[1]:,} tracks as {STATISTICS} says, found "
                f"{values.size:,} values."
            )
        return values.reshape(shape)


def _features(content: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        features = read_example(content)
    except ValueError as error:
        raise DataError(f"{path}, record {number}: {error}.") from error
    for name in (_SEQUENCE, _TARGET):
        if name not in features:
            raise DataError(
                f"{path}, record {number}: expected the features '{_SEQUENCE}' and '{_TARGET}', "
                f"found {', '.join(sorted(features)) or 'none'}."
            )
    return features


def write_basenji(data: SequenceDataset, folder: Path) -> Iterator[int]:
    """Write a dataset as a new folder in Basenji's layout; gives the number of regions so far.

    The coverage is written as float16, as Basenji's programs read it.

    Raises:
        DataError: a value is too large for float16.
    """
    (folder / RECORDS).mkdir(parents=True)
    attributes = data.xarray.attrs
    write_tables(
        folder,
        SequenceLayout(data.regions, data.tracks, data.bin_size, data.crop, attributes=attributes),
    )
    split, done = data.regions["split"].to_numpy(), 0
    for name in SPLITS:
        numbers = np.flatnonzero(split == name).tolist()
        for file, start in enumerate(range(0, len(numbers), _REGIONS_PER_FILE)):
            with write_records(folder / RECORDS / f"{name}-{file}.tfr") as write:
                for number in numbers[start : start + _REGIONS_PER_FILE]:
                    write(_record(data, number))
                    done += 1
                    yield done


def _record(data: SequenceDataset, number: int) -> bytes:
    sequence, coverage = data.read(number)
    with np.errstate(over="ignore"):
        values = coverage.astype("<f2")
    if (np.isinf(values) & ~np.isinf(coverage)).any():
        raise DataError(
            f"{data.name}: region {number} has values beyond 65,504, the largest of float16, which "
            "Basenji's files hold; scale or clip the tracks."
        )
    return make_example({_SEQUENCE: sequence.tobytes(), _TARGET: values.tobytes()})
