"""What is read off links: the strongest of each target, and their mean around TSSs."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int, Int64

Links = Float[np.ndarray, "target position"]


@dataclass(frozen=True)
class Choice:
    """Which links are the strongest.

    Attributes:
        threshold: size that a link has at least.
        per_target: how many a target has at most.
        min_distance: between the beginnings of both bins at least, in bp.
    """

    threshold: float
    per_target: int
    min_distance: int


def strongest(
    links: Links, targets: pd.DataFrame, begin: int, bin_size: int, choice: Choice
) -> pd.DataFrame:
    """Choose the strongest links of the targets of a region, by their size.

    Args:
        links: the links.
        targets: a row per target: ``chrom``, ``start``, ``end`` (0-based, half-open), and more.
        begin: first base of the first bin, 0-based.
        bin_size: length of a bin, in bp.
        choice: which of them.

    Returns:
        A row per link, those of the first target first, the strongest of each first: the columns of
        its target, ``source_start``, ``source_end``, ``value`` (the link), and ``distance`` (of the
        source from the target, in bp; below 0 towards lower positions).
    """
    starts = begin + bin_size * np.arange(links.shape[1])
    distance = starts - targets["start"].to_numpy()[:, None]
    # A region may begin before its chromosome does.
    allowed = (np.abs(distance) >= choice.min_distance) & (starts >= 0)
    size = np.where(allowed, np.abs(links), -1)
    order = np.argsort(-size, axis=1, kind="stable")[:, : choice.per_target]
    row, rank = np.nonzero(np.take_along_axis(size, order, axis=1) >= choice.threshold)
    column = order[row, rank]
    return (
        targets.iloc[row]
        .assign(
            source_start=starts[column],
            source_end=starts[column] + bin_size,
            value=links[row, column],
            distance=distance[row, column],
        )
        .reset_index(drop=True)
    )


@dataclass
class Profile:
    """Mean links around targets, along their strand.

    Attributes:
        positions: number of bins of a region.
        total: sum of the links at each offset of the source from the target, in bins, from
            1 − positions on; above 0 downstream.
        count: number of targets that have a bin there.
    """

    positions: int
    total: Float64[np.ndarray, " offset"] = field(init=False)
    count: Int64[np.ndarray, " offset"] = field(init=False)

    def __post_init__(self) -> None:
        self.total = np.zeros(2 * self.positions - 1)
        self.count = np.zeros(2 * self.positions - 1, np.int64)

    def add(self, links: Links, own: Int[np.ndarray, " target"], strands: pd.Series) -> None:
        """Add the links of some targets.

        Args:
            links: the links.
            own: bin of each target, of the whole input.
            strands: ``+`` or ``-`` of each.
        """
        direction = np.where(strands == "-", -1, 1)
        offset = (np.arange(self.positions) - own[:, None]) * direction[:, None]
        np.add.at(self.total, offset + self.positions - 1, links)
        np.add.at(self.count, offset + self.positions - 1, 1)

    @property
    def mean(self) -> Float64[np.ndarray, " offset"]:
        """The mean at each offset; NaN where no target has a bin."""
        found: Float64[np.ndarray, " offset"] = np.full(len(self.total), np.nan)
        np.divide(self.total, self.count, out=found, where=self.count > 0)
        return found
