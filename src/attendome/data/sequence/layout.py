"""What is known of a sequence dataset before its regions are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from attendome.data.sequence.schema import check_regions, check_tracks
from attendome.errors import DataError


@dataclass(frozen=True)
class SequenceLayout:
    """The regions and tracks of a sequence dataset, and how they are binned.

    Attributes:
        regions: a row per region: ``chrom``, ``start``, ``end`` (0-based, half-open; the input of
            the full length), ``split``.
        tracks: a row per track, indexed by its unique name: ``assay``, ``description``,
            ``strand_pair`` and, where known, ``identifier``, ``file``, ``clip``, ``clip_soft``,
            ``scale``, ``sum_stat``.
        bin_size: length of a bin, in bp.
        crop: what is cut off each side of the input before it is binned, in bp.
        dtype: ``float16`` or ``float32``, of the coverage.
        attributes: ``assembly``, ``target_processing``, ``sources`` and ``build``, where known.
    """

    regions: pd.DataFrame
    tracks: pd.DataFrame
    bin_size: int
    crop: int = 0
    dtype: str = "float16"
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Length of a region's sequence, in bp."""
        return int(self.regions["end"].iloc[0] - self.regions["start"].iloc[0])

    @property
    def bins(self) -> int:
        """Number of bins of a region."""
        return (self.length - 2 * self.crop) // self.bin_size

    def check(self, where: str) -> None:
        """Check the tables, and that whole bins fill a region.

        Raises:
            DataError: they do not fit the schema, or each other.
        """
        check_regions(self.regions, where)
        check_tracks(self.tracks, where)
        inner = self.length - 2 * self.crop
        if inner <= 0 or inner % self.bin_size:
            raise DataError(
                f"{where}: regions of {self.length:,} bp less a crop of {self.crop:,} bp on each "
                f"side are {inner:,} bp, which is no whole number of bins of {self.bin_size} bp."
            )
