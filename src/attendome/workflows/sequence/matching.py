"""Sequence datasets as a trained model takes them."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from attendome.data import SequenceDataset, open_sequence
from attendome.errors import DataError
from attendome.models.descriptions import SequenceDescription
from attendome.workflows.configuration import RunConfig

Data = SequenceDataset | str | Path | None
_NAMED = 3


def matching(
    config: RunConfig, description: SequenceDescription, folder: Path, data: Data
) -> SequenceDataset:
    """Open a dataset as the model of a run takes it: its tracks, by name, in its order.

    Args:
        config: what the run was made from.
        description: what its model takes.
        folder: the run folder.
        data: a dataset, or where it is stored; None for the one that the run was made from.

    Raises:
        DataError: it is not there, its length, bins, crop or tracks do not fit, or the run's own
            dataset has changed.
    """
    if data is None and not Path(config.data[0]).exists():
        raise DataError(
            f"{config.data[0]}: the dataset of {folder} is not there; name it with --data."
        )
    where = config.data[0] if data is None else data
    opened = where if isinstance(where, SequenceDataset) else open_sequence(where)
    expected = description.length, description.bin_size, description.crop
    found = opened.length, opened.bin_size, opened.crop
    if expected != found:
        layout = "sequences of {:,} bp, bins of {} bp and a crop of {:,} bp".format
        raise DataError(
            f"{opened.name}: the model of {folder} expects {layout(*expected)}; "
            f"found {layout(*found)}."
        )
    if data is None and opened.fingerprint() != config.fingerprint:
        raise DataError(
            f"{opened.name}: changed since {folder} was made from it, and its splits may be "
            "others; name it with --data to use it all the same."
        )
    return _with_tracks(opened, description, folder)


def _with_tracks(
    data: SequenceDataset, description: SequenceDescription, folder: Path
) -> SequenceDataset:
    """Put the tracks in the order of a model; strands belong together as they do in the model."""
    places = pd.Index(data.xarray["track"].to_numpy()).get_indexer(list(description.tracks))
    missing = [name for name, place in zip(description.tracks, places, strict=True) if place < 0]
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise DataError(
            f"{data.name}: the model of {folder} expects {len(description.tracks)} tracks; not "
            f"found: {', '.join(missing[:_NAMED])}{more}."
        )
    chosen = data.xarray.isel(track=places)
    pairs = ("track", list(description.strand_pairs))
    return replace(data, xarray=chosen.assign_coords(strand_pair=pairs))
