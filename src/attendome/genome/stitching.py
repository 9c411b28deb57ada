"""Cover stretches of a genome with overlapping windows, each base with the middle of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int, Shaped

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError
from attendome.genome.chromosomes import matching
from attendome.genome.intervals import merged


@dataclass(frozen=True)
class Tiling:
    """Windows in a row along a chromosome, and which of their bins are kept.

    Window ``k`` keeps the bins of [k × stride, (k + 1) × stride), in the middle of those that it
    has, so that a base belongs to the same window whichever stretches are asked for.

    Attributes:
        bins: number of bins of a window.
        bin_size: length of a bin, in bp.
        crop: what a window has before its first bin and after its last, in bp.
        stride: from one window to the next, in bp.

    Raises:
        SettingsError: the stride is no whole number of bins, or more than a window has.
    """

    bins: int
    bin_size: int
    crop: int
    stride: int

    def __post_init__(self) -> None:
        most = self.bins * self.bin_size
        if self.stride % self.bin_size or not 0 < self.stride <= most:
            raise SettingsError(
                f"A stride of {self.stride:,} bp: expected a multiple of the bins' "
                f"{self.bin_size} bp, of at most the {most:,} bp that are predicted at once."
            )

    @property
    def kept(self) -> int:
        """Number of bins that a window keeps, of those that were asked for."""
        return self.stride // self.bin_size

    @property
    def margin(self) -> int:
        """Number of bins at the beginning of a window that are never kept."""
        return (self.bins - self.kept) // 2

    def over(self, stretches: pd.DataFrame) -> pd.DataFrame:
        """Cover stretches with windows.

        Bins begin at multiples of their length from the chromosome's start. Those that a stretch
        touches are kept, once, also where stretches overlap.

        Args:
            stretches: a row per stretch: ``chrom``, ``start``, ``end`` (0-based, half-open).

        Returns:
            A row per window, sorted by the name of the chromosome and by place: ``region`` (number
            of its stretch, after those that share a bin were joined), ``chrom``, ``start`` (first
            base of its sequence; it may lie before the chromosome), ``first`` and ``last`` (the
            bins kept are [first, last) of the window's).
        """
        on_grid = stretches.assign(
            start=stretches["start"] // self.bin_size, end=-(-stretches["end"] // self.bin_size)
        )
        rows = merged(on_grid).itertuples(index=False)
        return pd.concat(
            [self._over(number, *row) for number, row in enumerate(rows)], ignore_index=True
        )

    def _over(self, region: int, chrom: str, begin: int, end: int) -> pd.DataFrame:
        number = np.arange(begin // self.kept, -(-end // self.kept))
        before = self.margin - number * self.kept  # from a bin of the chromosome to the window's
        return pd.DataFrame(
            {
                "region": region,
                "chrom": chrom,
                "start": -before * self.bin_size - self.crop,
                "first": np.maximum(begin, number * self.kept) + before,
                "last": np.minimum(end, (number + 1) * self.kept) + before,
            }
        )


def read_stretches(texts: Sequence[str], lengths: Mapping[str, int], source: str) -> pd.DataFrame:
    """Read stretches such as ``chr21`` or ``chr21:5,000,000-6,000,000``, 0-based and half-open.

    Args:
        texts: the stretches; none stands for all chromosomes.
        lengths: length of each chromosome of the genome, in bp.
        source: what to call the genome in a message.

    Returns:
        A row per stretch: ``chrom``, as the genome has it, ``start``, ``end``.

    Raises:
        SettingsError: a text is no stretch.
        DataError: a chromosome is not there, or a stretch lies beyond its end.
    """
    rows = [_stretch(text, lengths, source) for text in texts]
    rows = rows or [(chrom, 0, length) for chrom, length in lengths.items()]
    return pd.DataFrame(rows, columns=["chrom", "start", "end"])


def _stretch(text: str, lengths: Mapping[str, int], source: str) -> tuple[str, int, int]:
    whole = matching([text], lengths).get(text)  # a name may have a colon in it
    if whole:
        return whole, 0, lengths[whole]
    name, colon, places = text.rpartition(":")
    begin, _, behind = places.replace(",", "").partition("-")
    if colon and not (begin.isdecimal() and behind.isdecimal() and int(begin) < int(behind)):
        raise SettingsError(
            f"'{text}': expected a chromosome, or a stretch of one, 0-based and half-open, such as "
            "chr21 or chr21:5000000-6000000."
        )
    chrom = matching([name], lengths).get(name)
    if not chrom:
        hint = suggestion(name or text, list(lengths)[:100])
        raise DataError(f"{source}: has no chromosome '{name or text}': {hint}")
    if int(behind) > lengths[chrom]:
        raise DataError(
            f"{source}: {text} lies beyond the end of {chrom}, which is {lengths[chrom]:,} bp long."
        )
    return chrom, int(begin), int(behind)


def nearest(
    chrom: Shaped[np.ndarray, " window"], start: Int[np.ndarray, " window"], length: int
) -> Int[np.ndarray, "window 2"]:
    """Share out the bases of windows that overlap: each to the window whose middle is nearest.

    Args:
        chrom: name of each window's chromosome.
        start: first base of each window, 0-based.
        length: of a window, in bp.

    Returns:
        The bases of each window, [first, last), 0-based. They do not overlap, and all that a window
        covers is in one of them.

    >>> nearest(np.array(["chr1"] * 3), np.array([0, 6, 90]), 10).tolist()
    [[0, 8], [8, 16], [90, 100]]
    """
    order = np.lexsort((start, chrom))
    bounds = np.stack([start, start + length], axis=1)[order]
    same = chrom[order][1:] == chrom[order][:-1]
    border = (bounds[1:, 0] + bounds[:-1, 1]) // 2
    cut = same & (bounds[1:, 0] < bounds[:-1, 1])
    bounds[:-1, 1] = np.where(cut, border, bounds[:-1, 1])
    bounds[1:, 0] = np.where(cut, border, bounds[1:, 0])
    shares = np.empty_like(bounds)
    shares[order] = bounds
    return shares
