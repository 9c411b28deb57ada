"""Bring in the datasets of Basenji and its successors, and write what they read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from attendome.data import SequenceDataset, open_sequence
from attendome.data.sequence.basenji import RECORDS, BasenjiFolder, write_basenji
from attendome.data.sequence.basenji_tables import SEQUENCES, STATISTICS, TARGETS
from attendome.data.sequence.rebinning import Rebinning
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import new_sequence_dataset
from attendome.data.store import check_new_dataset
from attendome.errors import SettingsError
from attendome.outputs import check_export, check_new, new_output

Progress = Callable[[int, int], None]
"""Told how many regions are done, and of how many."""

_FILES = {STATISTICS, TARGETS, SEQUENCES, RECORDS}
_PUBLISHED = (
    "Basenji's: values × scale, sum_stat over the bases of a bin (sum_sqrt: √(1 + sum) − 1), above "
    "clip_soft (c) c − 1 + √(x − c + 1), at most clip"
)


def import_basenji(
    folder: str | Path,
    out: str | Path,
    *,
    bin_size: int | None = None,
    linear: bool = False,
    assembly: str = "",
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> SequenceDataset:
    """Make a dataset from a folder of TFRecords of Basenji's; one region is in memory at a time.

    Args:
        folder: holds statistics.json, targets.txt, sequences.bed and tfrecords/.
        out: the dataset to make; its name ends in .zarr.
        bin_size: length of a bin, in bp, a multiple of the folder's: the soft clip and the square
            root are undone, bins are joined, and both are applied again. By default the folder's.
        linear: do not apply them again; the coverage is float32 then.
        assembly: such as hg38; the folder does not tell it.
        force: replace ``out`` where it exists.
        progress: told how far it is.

    Raises:
        DataError: a file is missing, damaged or malformed, they do not agree, or ``out`` exists.
        SettingsError: the bin size is no multiple of the folder's that fills a region, or the
            targets were made in another way.
    """
    target = Path(out)
    check_new_dataset(target, force=force)
    source = BasenjiFolder(Path(folder))
    layout, join = _planned(source.layout, bin_size or source.layout.bin_size, linear=linear)
    own = {"assembly": assembly} if assembly else {}
    layout = replace(layout, attributes=dict(layout.attributes) | own)
    most, total, clipped = np.finfo(layout.dtype).max, len(layout.regions), 0
    with new_sequence_dataset(target, layout, force=force) as writer:
        for done, (number, sequence, coverage) in enumerate(source.read(), start=1):
            if join:
                clipped += int(join.clipped(coverage).sum())
                coverage = np.minimum(join.apply(coverage), most)  # noqa: PLW2901
            writer.write(number, sequence, coverage)
            progress(done, total)
        notes = [f"{name} holds no record." for name in source.empty]
        if join:
            notes += _said(join, source.layout.bin_size, layout.bin_size, clipped)
        processing = layout.attributes.get("target_processing") or {"steps": _PUBLISHED}
        if join:
            processing = dict(processing) | _done(join, source.layout.bin_size, clipped)
        writer.finish(
            sources=source.sources,
            build={"imported_from": str(folder), "notes": notes},
            target_processing=processing,
        )
    return open_sequence(target)


def _planned(
    layout: SequenceLayout, bin_size: int, *, linear: bool
) -> tuple[SequenceLayout, Rebinning | None]:
    factor, rest = divmod(bin_size, layout.bin_size)
    if rest or layout.bins % factor:
        raise SettingsError(
            f"The bin size {bin_size} must be a multiple of the folder's {layout.bin_size} that "
            f"divides the {layout.bins * layout.bin_size:,} bp of a region's bins."
        )
    if factor == 1 and not linear:
        return layout, None
    made = layout.attributes.get("target_processing", {})
    if made and (made.get("steps") != _PUBLISHED or not made.get("applied_again", True)):
        raise SettingsError(
            "The targets of this folder were not made as Basenji's programs make them, as its "
            "statistics.json says, so bins cannot be joined; import them as they are."
        )
    join = Rebinning.of_tracks(layout.tracks, factor, linear=linear)
    dtype = "float32" if linear else layout.dtype
    return replace(layout, bin_size=bin_size, dtype=dtype), join


def _done(join: Rebinning, bin_size: int, clipped: int) -> dict[str, Any]:
    return {
        "bin_size_before": bin_size,
        "undone": ["clip_soft", "square root"],
        "applied_again": not join.linear,
        "clipped_before": clipped,
    }


def _said(join: Rebinning, before: int, after: int, clipped: int) -> list[str]:
    joined = f"; bins of {before} bp were joined to {after} bp" if before != after else ""
    again = (
        "they were not applied again, the coverage is on the linear scale (times scale)"
        if join.linear
        else "square root, soft clip and clip were applied again"
    )
    notes = [f"The soft clip and the square root of the targets were undone{joined}; {again}."]
    if clipped:
        notes.append(
            f"{clipped:,} bins of {before} bp were at the hard clip: what is above it is lost."
        )
    return notes


def export_basenji(
    data: SequenceDataset | str | Path,
    out: str | Path,
    *,
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> SequenceDataset:
    """Write a dataset as a folder of TFRecords that Basenji's programs read.

    Args:
        data: the dataset, or where it is.
        out: the folder to make.
        force: replace ``out`` where an earlier export made it.
        progress: told how far it is.

    Returns:
        The dataset that was written.

    Raises:
        DataError: the dataset is of another kind, a value is too large for float16, ``out`` exists,
            or it holds something else.
    """
    folder = Path(out)
    check_new(folder, force=force)
    check_export(folder, lambda entry: entry.name in _FILES)
    dataset = data if isinstance(data, SequenceDataset) else open_sequence(data)
    with new_output(folder, force=force) as made:
        for done in write_basenji(dataset, made):
            progress(done, len(dataset))
    return dataset
