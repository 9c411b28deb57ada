"""What is found out about regions while they are written: checksums, and what looks wrong."""

import google_crc32c
import numpy as np
from jaxtyping import Float, Shaped, UInt8

UNKNOWN_BASE = 4
REGION_TALLIES = ("crc32c", "unknown_bases")
TRACK_TALLIES = ("coverage_mean", "coverage_max", "coverage_missing", "coverage_overflow")


class Tally:
    """Checksums, unknown bases, and per track the mean, maximum and impossible values.

    Nothing depends on the order of the regions, but for the rounding of the means to float32.
    """

    def __init__(self, regions: int, bins: int, tracks: int) -> None:
        self._crc32c = np.zeros(regions, np.uint32)
        self._unknown = np.zeros(regions, np.int64)
        self._sum = np.zeros(tracks, np.float64)
        self._max = np.full(tracks, -np.inf, np.float32)
        self._missing = np.zeros(tracks, np.int64)
        self._overflow = np.zeros(tracks, np.int64)
        self._values = regions * bins

    def add(
        self,
        region: int,
        sequence: UInt8[np.ndarray, " position"],
        coverage: Float[np.ndarray, "bin track"],
    ) -> None:
        """Take in one region, once."""
        self._crc32c[region] = checksum(sequence, coverage)
        self._unknown[region] = np.count_nonzero(sequence == UNKNOWN_BASE)
        values = coverage.astype(np.float32)
        missing = np.isnan(values)
        if missing.any():
            self._missing += missing.sum(axis=0)
            values[missing] = 0
        most = np.float32(np.finfo(coverage.dtype).max)
        self._overflow += (np.abs(values) >= most).sum(axis=0)
        np.clip(values, -most, most, out=values)  # infinity would hide the rest
        self._sum += values.sum(axis=0, dtype=np.float64)
        self._max = np.maximum(self._max, values.max(axis=0))

    def coordinates(self) -> dict[str, tuple[str, Shaped[np.ndarray, " entry"]]]:
        """Give what was found as coordinates of regions and of tracks."""
        known = np.maximum(self._values - self._missing, 1)
        return {
            "crc32c": ("region", self._crc32c),
            "unknown_bases": ("region", self._unknown),
            "coverage_mean": ("track", (self._sum / known).astype(np.float32)),
            "coverage_max": ("track", self._max),
            "coverage_missing": ("track", self._missing),
            "coverage_overflow": ("track", self._overflow),
        }


def checksum(
    sequence: UInt8[np.ndarray, " position"], coverage: Float[np.ndarray, "bin track"]
) -> int:
    """Give the CRC32C of a region's sequence and, behind it, its coverage, little-endian."""
    little = coverage.astype(coverage.dtype.newbyteorder("<"), copy=False)
    bases = google_crc32c.value(np.ascontiguousarray(sequence).tobytes())
    return int(google_crc32c.extend(bases, np.ascontiguousarray(little).tobytes()))
