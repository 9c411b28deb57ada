"""Where the sequences of predictions come from: regions of a dataset, or a genome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int, UInt8
from pydantic import Field

from attendome.config import Settings, suggestion
from attendome.data import SequenceDataset
from attendome.errors import SettingsError
from attendome.genome import chromosomes
from attendome.genome.fasta import Genome
from attendome.genome.stitching import Tiling, nearest, read_stretches
from attendome.models.descriptions import SequenceDescription
from attendome.workflows.sequence.prediction_parts import Read, Windows


class PredictionSettings(Settings):
    """What is predicted, and how."""

    split: str | None = None
    """Of a dataset, only the regions of train, valid or test."""
    regions: tuple[str, ...] = ()
    """Of a genome, only these stretches: chr21 or chr21:5000000-6000000, 0-based, half-open."""
    tracks: tuple[str, ...] = ()
    """Only these tracks, by name or by assay."""
    stride: int | None = None
    """Along a genome, how many bp in the middle of each window are kept; by default half of its
    sequence, or all that is predicted where that is less."""
    reverse_complement: bool = False
    """Whether to average the predictions for both strands."""
    shifts: tuple[int, ...] = ()
    """Whether to average, besides, those for the sequence shifted by so many bp, such as -1, 1."""
    batch_size: int | None = Field(default=None, ge=1)
    """Windows at once; by default as in training."""


@dataclass(frozen=True)
class Source:
    """Windows and their sequences.

    Attributes:
        windows: what is predicted.
        read: gives the sequence of a window.
        shares: the bases of each window, [first, last), 0-based, for which it speaks where a base
            can have one value only.
        ends: length of each chromosome, in bp.
        regions: of a dataset, a row per region: ``chrom``, ``start``, ``end``, ``split``; None of
            predictions along chromosomes.
        about: what the files say of it.
        identity: what tells it from another with the same description.
    """

    windows: Windows
    read: Read
    shares: Int[np.ndarray, "window 2"]
    ends: Mapping[str, int]
    regions: pd.DataFrame | None
    about: Mapping[str, Any]
    identity: Sequence[Any] = ()


def regions_of(
    data: SequenceDataset, model: SequenceDescription, settings: PredictionSettings
) -> Source:
    """Take the regions of a dataset, each with all its bins.

    Raises:
        SettingsError: a track is unknown, or the settings are those of a genome.
        DataError: the split has no regions.
    """
    if settings.regions or settings.stride:
        raise SettingsError("Stretches (--region) and a stride are those of a genome (--genome).")
    part = data.split(settings.split) if settings.split else data
    regions = data.regions
    regions = regions[regions["split"] == settings.split] if settings.split else regions
    in_order = regions.sort_values(["chrom", "start"], kind="stable")
    table = in_order[["chrom", "start"]].assign(first=0, last=model.shape.bins)
    table = table.rename_axis("region").reset_index()
    places = regions.index.get_indexer(pd.Index(table["region"]))
    sequences = part.xarray.variables["sequence"]

    def read(window: int) -> UInt8[np.ndarray, " position"]:
        return sequences[places[window]].to_numpy()

    windows = Windows(table, model, chosen_tracks(model, settings.tracks), gaps=False)
    covered = model.shape.bins * model.bin_size
    shares = nearest(table["chrom"].to_numpy(str), windows.begins, covered)
    ends = _ends(data, table.assign(end=shares[:, 1]))
    known = table["chrom"].map(ends).to_numpy()
    shares = shares.clip(0, known[:, None])
    about = {"data_fingerprint": data.fingerprint(), "split": settings.split or "all"}
    return Source(windows, read, shares, ends, regions, about)


def _ends(data: SequenceDataset, table: pd.DataFrame) -> dict[str, int]:
    """Give the length of chromosomes; where it is not known, where the last region ends."""
    attributes = data.xarray.attrs
    sizes: Mapping[str, int] = attributes["build"].get("chromosomes", {})
    try:
        sizes = sizes or chromosomes.lengths(attributes["assembly"] or "unknown")
    except SettingsError:  # of another genome than those whose lengths are known
        sizes = {}
    reached = {str(chrom): int(end) for chrom, end in table.groupby("chrom")["end"].max().items()}
    named = {ours: sizes[name] for name, ours in chromosomes.matching(sizes, reached).items()}
    return reached | named


def stretches_of(
    genome: Genome, model: SequenceDescription, settings: PredictionSettings
) -> Source:
    """Take stretches of a genome, or all of it, in windows of which the middle is kept.

    Raises:
        SettingsError: a track is unknown, a stretch cannot be read, the stride does not fit, or
            there is a split, which a genome has not.
        DataError: a chromosome is not there, or a stretch lies beyond its end.
    """
    if settings.split:
        raise SettingsError("A split is one of a dataset; a genome has none.")
    shape, size = model.shape, model.bin_size
    widest = min(shape.bins, max(1, shape.positions // 2))
    stride = settings.stride or widest * size
    asked = read_stretches(settings.regions, genome.lengths, str(genome.path))
    table = Tiling(shape.bins, size, model.crop, stride).over(asked)

    chrom, start = table["chrom"].to_numpy(str), table["start"].to_numpy()

    def read(window: int) -> UInt8[np.ndarray, " position"]:
        first = int(start[window])
        return genome.read(str(chrom[window]), first, first + model.length)

    windows = Windows(table, model, chosen_tracks(model, settings.tracks), gaps=True)
    ends = table["chrom"].map(genome.lengths).to_numpy()
    bounds = np.stack([windows.begins, windows.begins + windows.sizes * size], axis=1)
    state = genome.path.stat()
    return Source(
        windows,
        read,
        bounds.clip(max=ends[:, None]),
        genome.lengths,
        None,
        {"genome": genome.path.name, "stride": stride},
        (str(genome.path.resolve()), state.st_size, state.st_mtime_ns),
    )


def chosen_tracks(model: SequenceDescription, names: Sequence[str]) -> Int[np.ndarray, " kept"]:
    """Give the numbers of tracks that are named, or whose assay is; of all where none is named.

    Raises:
        SettingsError: a name is neither a track nor an assay.
    """
    for name in names:
        if name not in (*model.tracks, *model.assays):
            hint = suggestion(name, {*model.tracks[:100], *model.assays})
            raise SettingsError(f"Unknown track or assay '{name}': {hint}")
    pairs = zip(model.tracks, model.assays, strict=True)
    return np.flatnonzero([not names or bool({*pair} & {*names}) for pair in pairs])
