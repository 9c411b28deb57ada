"""The window of the genome in which a sequence is explained, and the bins whose coverage is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from attendome.data import SequenceDataset
from attendome.errors import DataError, SettingsError
from attendome.genome.fasta import open_genome
from attendome.genome.stitching import read_stretches
from attendome.models.descriptions import SequenceDescription

Stretch = tuple[str, int, int]
"""Chromosome, start, end; 0-based, half-open."""


@dataclass(frozen=True)
class Window:
    """A sequence that the model reads, and what is asked of it; places are 0-based, half-open.

    Attributes:
        chrom: chromosome.
        start: first base of the sequence.
        sequence: A C G T N = 0..4.
        region: start and end of what is explained.
        at: start and end of the bins whose coverage is explained.
        about: where the sequence comes from.
        chrom_length: length of the chromosome, in bp; 0 where it is not known.
    """

    chrom: str
    start: int
    sequence: UInt8[np.ndarray, " position"]
    region: tuple[int, int]
    at: tuple[int, int]
    about: Mapping[str, Any]
    chrom_length: int

    @property
    def places(self) -> range:
        """Positions of the sequence that are explained."""
        return range(self.region[0] - self.start, self.region[1] - self.start)

    @property
    def checksum(self) -> str:
        """SHA-256 of the sequence."""
        return hashlib.sha256(self.sequence.tobytes()).hexdigest()


def window_of_genome(path: Path, model: SequenceDescription, region: str, at: str | None) -> Window:
    """Read the window around a region of a genome.

    Args:
        path: a FASTA file.
        model: which input the model takes.
        region: such as ``chr21:5000000-5000200``, 0-based and half-open.
        at: where the coverage is that is explained; by default the region.

    Raises:
        SettingsError: a text is no stretch, or the two do not fit into one window.
        DataError: the file or the chromosome is not there, or a stretch lies beyond its end.
    """
    with open_genome(path) as genome:
        asked = _asked(region, at, genome.lengths, str(path))
        chrom, first, last = _both(*asked)
        # On the grid of bins, so that a bin is the same whichever region is explained.
        middle = (first + last - model.length) // 2
        start = (middle + model.bin_size // 2) // model.bin_size * model.bin_size
        bins = _bins(model, start, asked, f"around {chrom}:{first}-{last}")
        sequence = genome.read(chrom, start, start + model.length)
        length = genome.lengths[chrom]
    return Window(chrom, start, sequence, asked[0][1:], bins, {"genome": path.name}, length)


def window_of_dataset(
    data: SequenceDataset, model: SequenceDescription, region: str, at: str | None
) -> Window:
    """Read the region of a dataset in which what is asked for lies nearest to the middle.

    Args:
        data: the dataset, as the model takes it.
        model: which input the model takes.
        region: such as ``chr21:5000000-5000200``, 0-based and half-open.
        at: where the coverage is that is explained; by default the region.

    Raises:
        SettingsError: a text is no stretch, or the two do not fit into one window.
        DataError: no region of the dataset holds both.
    """
    table = data.regions
    ends = {str(chrom): int(end) for chrom, end in table.groupby("chrom")["end"].max().items()}
    asked = _asked(region, at, ends, data.name)
    chrom, first, last = _both(*asked)
    holds = (table["chrom"] == chrom) & (table["start"] <= first) & (table["end"] >= last)
    if not holds.any():
        raise DataError(
            f"{data.name}: no region holds {chrom}:{first}-{last}; give the sequence of the genome "
            "with --genome FASTA."
        )
    away = (table["start"] + table["end"] - first - last).abs()[holds]
    number = int(np.flatnonzero(holds)[away.argmin()])
    start = int(table["start"].iloc[number])
    bins = _bins(model, start, asked, f"of the dataset's region {chrom}:{start}")
    about = {"data_fingerprint": data.fingerprint()}
    return Window(chrom, start, data.read(number)[0], asked[0][1:], bins, about, 0)


def _asked(
    region: str, at: str | None, lengths: Mapping[str, int], source: str
) -> tuple[Stretch, Stretch]:
    rows = read_stretches([region, at or region], lengths, source).itertuples(index=False)
    first, second = ((str(chrom), int(start), int(end)) for chrom, start, end in rows)
    return first, second


def _both(region: Stretch, at: Stretch) -> Stretch:
    """Give the stretch from the one to the other."""
    if region[0] != at[0]:
        raise SettingsError(
            f"The region is on {region[0]} and the bins are on {at[0]}; a model reads one sequence."
        )
    return region[0], min(region[1], at[1]), max(region[2], at[2])


def _bins(
    model: SequenceDescription, start: int, asked: tuple[Stretch, Stretch], where: str
) -> tuple[int, int]:
    """Give the bins that overlap the place asked for; all is to lie within the window."""
    _, first, last = _both(*asked)
    if first < start or last > start + model.length:
        raise SettingsError(
            f"The model reads {model.length:,} bp; the region and the bins (--at) take "
            f"{last - first:,} bp."
        )
    begin, size, (chrom, *ends) = start + model.crop, model.bin_size, asked[1]
    low, high = (ends[0] - begin) // size, -((begin - ends[1]) // size)
    if low < 0 or high > model.shape.bins:
        predicted = f"{chrom}:{begin}-{begin + model.shape.bins * size}"
        raise SettingsError(
            f"{chrom}:{ends[0]}-{ends[1]} lies outside what is predicted {where}, {predicted}; "
            "say with --at whose coverage is explained."
        )
    return begin + low * size, begin + high * size
