"""Add tracks to a sequence dataset."""

from pathlib import Path

import pandas as pd

from attendome.data.sequence.assembling import Told, assemble, parts_of, track_columns
from attendome.data.sequence.building import Facts, read_stretches, source, sources_of
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.measuring import Plan, notes_of
from attendome.data.sequence.recipe import SequenceSettings
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import open_sequence
from attendome.data.sequence.tracks_table import check_files, read_tracks
from attendome.errors import DataError

_PLACES = ["chrom", "start", "end"]


def plan_extension(out: Path, data: SequenceDataset, table: Path, blacklist: Path | None) -> Plan:
    """Plan how further tracks are measured in the regions of a dataset, as its own were.

    Args:
        out: the dataset to make.
        data: the dataset, which ``build sequence`` made.
        table: the table of the further tracks.
        blacklist: the blacklist that the dataset was built with, if it was with one.

    Raises:
        DataError: the dataset is of another origin, a track has the name of one that is there, the
            blacklist is another one, or a file is missing, malformed or of another assembly.
    """
    made = data.xarray.attrs["build"]
    if not {"settings", "chromosomes"} <= set(made):
        raise DataError(
            f"{data.name}: it is not known how its coverage was made; tracks can be added to "
            "datasets of 'attendome build sequence'."
        )
    tracks = read_tracks(table)
    both = sorted(set(tracks.index) & set(data.tracks.index))
    if both:
        raise DataError(f"{table}: {data.name} has a track '{both[0]}' already.")
    lengths = made["chromosomes"]
    stretches = read_stretches(blacklist, lengths)
    _check_blacklist(data, blacklist)
    check_files(table, tracks, lengths)
    return Plan(
        regions=data.regions[_PLACES],
        tracks=tracks,
        lengths=lengths,
        blacklist=stretches,
        settings=SequenceSettings(**made["settings"]),
        parts=parts_of(out),
    )


def finish_extension(
    out: Path, data: SequenceDataset, table: Path, plan: Plan, facts: Facts, progress: Told
) -> SequenceDataset:
    """Put the dataset with the further tracks together.

    Args:
        out: the dataset to make; what stands there, which may be ``data``, is replaced.
        data: the dataset.
        table: the table of the further tracks.
        plan: what ``plan_extension`` gave.
        facts: what ``measure_track`` gave, for each further track.
        progress: told how many regions are done, and of how many.
    """
    attributes = data.xarray.attrs
    columns = track_columns(plan.tracks, len(data.tracks))
    layout = SequenceLayout(
        data.regions,
        pd.concat([data.tracks, columns]),
        data.bin_size,
        data.crop,
        plan.settings.dtype,
        {
            "assembly": attributes["assembly"],
            "target_processing": attributes["target_processing"],
            "sources": [*attributes["sources"], source("tracks", table), *sources_of(facts)],
            "build": attributes["build"]
            | {"notes": attributes["build"]["notes"] + notes_of(facts, plan.settings)},
        },
    )
    assemble(out, plan, layout, data.read, progress)
    return open_sequence(out)


def _check_blacklist(data: SequenceDataset, blacklist: Path | None) -> None:
    known = [s for s in data.xarray.attrs["sources"] if s["role"] == "blacklist"]
    ours = source("blacklist", blacklist) if blacklist else None
    if bool(known) != bool(ours) or (known and ours and known[0]["sha256"] != ours["sha256"]):
        theirs = f"with the blacklist {known[0]['file']}" if known else "without a blacklist"
        raise DataError(
            f"{data.name} was built {theirs}; give the same, so that all tracks are made alike."
        )
