"""Tracks, a value per base, summed up in bins."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from attendome.genome.bins import BinGrid

Summary = Literal["mean", "sum", "max"]


@dataclass(frozen=True)
class BinnedTrack:
    """A track, summed up in bins.

    Attributes:
        total: sum over the bases of each bin that the track covers.
        covered: number of those bases.
        highest: highest value among them; −inf where there are none.
        names: the genes' name of each of the file's chromosomes that is one of theirs.
    """

    total: Float[np.ndarray, "window bin"]
    covered: Float[np.ndarray, "window bin"]
    highest: Float[np.ndarray, "window bin"]
    names: dict[str, str]

    def summary(
        self, how: Summary, bin_size: int, *, fill: bool
    ) -> Float[np.ndarray, "window bin"]:
        """Give one value per bin.

        Args:
            how: the mean, sum or maximum over the bases of a bin.
            bin_size: length of a bin, in bp.
            fill: take bases that the track does not cover as 0; otherwise leave them out, and give
                NaN for a bin without any.
        """
        if how == "mean":
            divisor = np.full_like(self.covered, bin_size) if fill else self.covered
            values = np.divide(self.total, np.maximum(divisor, 1))
        elif how == "sum":
            values = self.total
        else:
            partly = self.covered < bin_size
            values = np.where(partly & fill, np.maximum(self.highest, 0), self.highest)
        return values if fill else np.where(self.covered > 0, values, np.nan)


def empty_sums(grid: BinGrid) -> tuple[np.ndarray[Any, np.dtype[np.float64]], ...]:
    """Give ``total``, ``covered`` and ``highest`` of a track that covers nothing."""
    shape = (len(grid.start), grid.bins)
    return np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
