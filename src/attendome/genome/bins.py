"""Bins of windows, and which of them an interval of the genome overlaps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

_STRETCH = 10  # as a power of two: 1,024 bp
_APART = 1 << 40


@dataclass(frozen=True)
class BinGrid:
    """Equally long windows, each cut into the same number of bins.

    Coordinates are 0-based and half-open. A window may start before its chromosome does or end
    after it; windows may overlap.

    Attributes:
        chrom: number of each window's chromosome, counted from 0.
        start: first base of each window, in bp.
        bins: number of bins in a window.
        bin_size: length of a bin, in bp.
    """

    chrom: Int[np.ndarray, " window"]
    start: Int[np.ndarray, " window"]
    bins: int
    bin_size: int

    @property
    def window(self) -> int:
        """Length of a window, in bp."""
        return self.bins * self.bin_size

    @property
    def cells(self) -> int:
        """Number of bins in all windows."""
        return len(self.start) * self.bins

    def near(
        self,
        chrom: Int[np.ndarray, " interval"],
        start: Int[np.ndarray, " interval"],
        end: Int[np.ndarray, " interval"],
    ) -> Bool[np.ndarray, " interval"]:
        """Tell quickly which intervals may overlap a window: all that do, and few others."""
        offset, last, touched = self._stretches
        stretch = offset[chrom] + np.minimum(start >> _STRETCH, last[chrom])
        return np.asarray(touched[stretch] | (end - start > 1 << _STRETCH))

    def overlaps(
        self,
        chrom: Int[np.ndarray, " interval"],
        start: Int[np.ndarray, " interval"],
        end: Int[np.ndarray, " interval"],
    ) -> "Overlaps":
        """Find every pair of an interval and a bin that share a base.

        Args:
            chrom: number of each interval's chromosome.
            start: its first base, in bp.
            end: the base behind its last, in bp.
        """
        order, places = self._places
        here = chrom * _APART
        first = np.searchsorted(places, here + start - self.window, side="right")
        behind = np.searchsorted(places, here + end, side="left")
        interval, place = _spread(first, behind)
        window = order[place]
        # From here on there is a row for each pair of an interval and a window.
        begin = np.maximum(start[interval] - self.start[window], 0)
        stop = np.minimum(end[interval] - self.start[window], self.window)
        pair, bin_ = _spread(begin // self.bin_size, (stop - 1) // self.bin_size + 1)
        inside = np.minimum(stop[pair], (bin_ + 1) * self.bin_size)
        shared = inside - np.maximum(begin[pair], bin_ * self.bin_size)
        return Overlaps(interval[pair], window[pair] * self.bins + bin_, shared)

    @cached_property
    def _places(self) -> tuple[Int[np.ndarray, " window"], Int[np.ndarray, " window"]]:
        places = self.chrom * _APART + self.start
        order = np.argsort(places, kind="stable")
        return order, places[order]

    @cached_property
    def _stretches(
        self,
    ) -> tuple[Int[np.ndarray, " chrom"], Int[np.ndarray, " chrom"], Bool[np.ndarray, " stretch"]]:
        """Cut chromosomes into stretches; tell which of them hold the start of a near interval.

        An interval that starts in the stretch before a window's first may reach into the window.
        The last stretch of a chromosome is behind all windows and stands for all that follow.
        """
        first = np.maximum((self.start >> _STRETCH) - 1, 0)
        behind = np.maximum((self.start + self.window - 1 >> _STRETCH) + 1, 0)
        last = np.zeros(self.chrom.max() + 1, dtype=np.int64)
        np.maximum.at(last, self.chrom, behind)
        offset = np.concatenate([[0], np.cumsum(last + 1)])
        touched = np.zeros(offset[-1], dtype=bool)
        window, stretch = _spread(first, behind)
        touched[offset[self.chrom[window]] + stretch] = True
        return offset[:-1], last, touched


@dataclass(frozen=True)
class Overlaps:
    """Pairs of an interval and a bin that share a base.

    Attributes:
        interval: number of the interval.
        cell: number of the bin, counted through all windows: window × bins + bin.
        shared: how many bases they share.
    """

    interval: Int[np.ndarray, " pair"]
    cell: Int[np.ndarray, " pair"]
    shared: Int[np.ndarray, " pair"]


def _spread(
    first: Int[np.ndarray, " range"], behind: Int[np.ndarray, " range"]
) -> tuple[Int[np.ndarray, " item"], Int[np.ndarray, " item"]]:
    """List the numbers of many ranges: which range each belongs to, and the number itself."""
    length = np.maximum(behind - first, 0)
    owner = np.repeat(np.arange(len(first)), length)
    ends = np.cumsum(length)
    return owner, np.arange(len(owner)) - np.repeat(ends - length - first, length)
