"""Which regions of a genome a sequence dataset holds.

A region is an input interval of the full length, 0-based and half-open. Regions lie in blocks,
stretches that share no base with each other; a split takes whole blocks, so that no two splits
share a base, not through the part of the input that is cropped off the bins either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from attendome.data.sequence.recipe import SequenceFiles, SequenceSettings
from attendome.data.sequence.region_splits import assign_blocks, block_length, check_apart
from attendome.errors import DataError
from attendome.genome import chromosomes
from attendome.genome.bins import BinGrid
from attendome.genome.intervals import clusters, merged, read_intervals

_INTERVAL = ["chrom", "start", "end"]


@dataclass(frozen=True)
class Regions:
    """The regions of a dataset.

    Attributes:
        table: a row per region: ``chrom``, ``start``, ``end`` (0-based, half-open), ``split``.
        left_out: how many regions were not taken, by reason.
        notes: what a reader may not expect, in words.
    """

    table: pd.DataFrame
    left_out: dict[str, int]
    notes: list[str]


def choose_regions(
    lengths: Mapping[str, int], files: SequenceFiles, settings: SequenceSettings
) -> Regions:
    """Tile the genome, or take the user's regions; leave some out, and split the rest.

    Args:
        lengths: length of each chromosome, in bp.
        files: the files.
        settings: how regions are chosen.

    Raises:
        SettingsError: the split rule is unknown.
        DataError: a file is malformed or of another assembly, no region is left, or the rule does
            not fit them.
    """
    notes: list[str] = []
    left_out: dict[str, int] = {}
    if files.regions:
        table = _given(lengths, files, settings, left_out)
    else:
        table = _tiled(lengths, files, settings, notes)
    if files.unmappable and len(table):
        share = _unmappable(table, read_intervals(files.unmappable, lengths), settings)
        left_out["too many unmappable bins"] = int((share > settings.max_unmappable).sum())
        table = table[share <= settings.max_unmappable]
    left_out = {reason: count for reason, count in left_out.items() if count}
    if table.empty:
        why = "; ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise DataError(
            f"No region of {settings.length:,} bp is left; "
            + (f"left out: {why}." if why else "no stretch of the genome between gaps is so long.")
        )
    table = table.reset_index(drop=True)
    table["split"] = assign_blocks(table, settings.split)
    check_apart(table)
    return Regions(table[[*_INTERVAL, "split"]], left_out, notes)


def _tiled(
    lengths: Mapping[str, int], files: SequenceFiles, settings: SequenceSettings, notes: list[str]
) -> pd.DataFrame:
    names = _assembled(lengths, notes)
    gaps = _gaps(lengths, files)
    longest = block_length(settings.split, settings.length, settings.step)
    rows: list[tuple[str, int, int]] = []
    block = 0
    for chrom in names:
        here = gaps[gaps["chrom"] == chrom]
        for start, end in zip([0, *here["end"]], [*here["start"], lengths[chrom]], strict=True):
            for first in range(start, end, longest or max(end - start, 1)):
                behind = min(first + longest, end) if longest else end
                starts = range(first, behind - settings.length + 1, settings.step)
                rows += [(chrom, place, block) for place in starts]
                block += 1
    table = pd.DataFrame(rows, columns=["chrom", "start", "block"])
    return table.assign(end=table["start"] + settings.length, name="")


def _assembled(lengths: Mapping[str, int], notes: list[str]) -> list[str]:
    """Leave out alternative and unplaced sequences, where the assembly is known."""
    assembly = chromosomes.assembly_of(lengths)
    known = chromosomes.matching(lengths, chromosomes.lengths(assembly))
    others = [name for name in lengths if name not in known]
    if not known or not others:
        return list(lengths)
    notes.append(
        f"Of {assembly}, the {len(known)} assembled chromosomes are tiled; {len(others)} other "
        f"sequences, such as {others[0]}, are not."
    )
    return list(known)


def _given(
    lengths: Mapping[str, int],
    files: SequenceFiles,
    settings: SequenceSettings,
    left_out: dict[str, int],
) -> pd.DataFrame:
    assert files.regions  # noqa: S101 - for the type checker
    table = read_intervals(files.regions, lengths, elsewhere=True)
    elsewhere = table["chrom"] == ""
    left_out["on chromosomes that the genome does not have"] = int(elsewhere.sum())
    table = table[~elsewhere].copy()
    table["start"] = (table["start"] + table["end"] - settings.length) // 2
    table["end"] = table["start"] + settings.length
    inside = (table["start"] >= 0) & (table["end"] <= table["chrom"].map(lengths))
    left_out["reaching beyond the end of the chromosome"] = int((~inside).sum())
    table = table[inside]
    # One that is in two splits is kept, to be refused.
    by_name = settings.split.startswith("column")
    twice = table.duplicated([*_INTERVAL, "name"] if by_name else _INTERVAL)
    left_out["the same as another"] = int(twice.sum())
    table = table[~twice].reset_index(drop=True)
    touched = _touched(table, _gaps(lengths, files))
    left_out["touching a gap"] = int(touched.sum())
    table = table[~touched].reset_index(drop=True)
    columns = (table[name].to_numpy() for name in _INTERVAL)
    return table.assign(block=clusters(*columns))


def _gaps(lengths: Mapping[str, int], files: SequenceFiles) -> pd.DataFrame:
    if files.gaps is None:
        return pd.DataFrame(columns=_INTERVAL)
    return merged(read_intervals(files.gaps, lengths))


def _touched(table: pd.DataFrame, gaps: pd.DataFrame) -> Bool[np.ndarray, " region"]:
    """Tell which regions share a base with a gap."""
    touched = np.zeros(len(table), dtype=bool)
    for chrom, here in gaps.groupby("chrom"):
        ours = (table["chrom"] == chrom).to_numpy()
        first = np.searchsorted(here["end"], table["start"][ours], "right")
        touched[ours] = np.searchsorted(here["start"], table["end"][ours], "left") > first
    return touched


def _unmappable(
    table: pd.DataFrame, stretches: pd.DataFrame, settings: SequenceSettings
) -> Float[np.ndarray, " region"]:
    """Give the share of unmappable bins of each region."""
    numbers = {name: number for number, name in enumerate(table["chrom"].unique())}
    apart = merged(stretches[stretches["chrom"].isin(numbers)])
    grid = BinGrid(
        table["chrom"].map(numbers).to_numpy(np.int64),
        table["start"].to_numpy(np.int64) + settings.crop,
        settings.bins,
        settings.bin_size,
    )
    found = grid.overlaps(
        apart["chrom"].map(numbers).to_numpy(np.int64),
        apart["start"].to_numpy(np.int64),
        apart["end"].to_numpy(np.int64),
    )
    covered = np.bincount(found.cell, found.shared, minlength=grid.cells)
    unmappable = covered.reshape(-1, settings.bins) * 2 >= settings.bin_size
    return np.asarray(unmappable.mean(axis=1))
