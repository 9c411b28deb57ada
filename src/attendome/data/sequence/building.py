"""Plan a sequence dataset from a genome and tracks, and put it together.

What is measured of a track goes into a folder of parts beside the dataset, so that a build that was
stopped goes on. In the end regions are put together from the parts of all tracks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attendome.data.sequence.assembling import (
    Coverage,
    Sequence,
    Told,
    assemble,
    parts_of,
    track_columns,
)
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.measuring import Plan, notes_of
from attendome.data.sequence.recipe import SequenceFiles, SequenceSettings
from attendome.data.sequence.regions import Regions, choose_regions
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import open_sequence
from attendome.data.sequence.targets import ORDER
from attendome.data.sequence.tracks_table import check_files, read_tracks
from attendome.genome import chromosomes
from attendome.genome.fasta import Genome, N, open_genome
from attendome.genome.files import sha256
from attendome.genome.intervals import read_intervals

Facts = list[dict[str, Any]]
_PLACES = ["chrom", "start", "end"]


@dataclass(frozen=True)
class Planned:
    """What is known before the tracks are read.

    Attributes:
        plan: what the tracks are measured in, and how.
        regions: the regions.
        assembly: name of the assembly, or "unknown".
    """

    plan: Plan
    regions: Regions
    assembly: str


def plan_build(out: Path, files: SequenceFiles, settings: SequenceSettings) -> Planned:
    """Look into all files and choose the regions, so that what does not fit is found early.

    Args:
        out: the dataset to make.
        files: the files.
        settings: how the dataset is built.

    Raises:
        SettingsError: the split rule is unknown.
        DataError: a file is missing, malformed or of another assembly, or no region is left.
    """
    tracks = read_tracks(files.tracks)
    with open_genome(files.genome) as genome:
        lengths = genome.lengths
        check_files(files.tracks, tracks, lengths)
        regions = choose_regions(lengths, files, settings)
        regions.notes.extend(_genome_notes(genome, regions.table))
    used = {str(name): lengths[name] for name in regions.table["chrom"].unique()}
    plan = Plan(
        regions=regions.table[_PLACES],
        tracks=tracks,
        lengths=used,
        blacklist=read_stretches(files.blacklist, lengths),
        settings=settings,
        parts=parts_of(out),
    )
    return Planned(plan, regions, chromosomes.assembly_of(lengths))


def read_stretches(path: Path | None, lengths: Mapping[str, int]) -> pd.DataFrame:
    """Read the intervals of a BED file; none, where there is no file."""
    if path is None:
        return pd.DataFrame({"chrom": [], "start": [], "end": []})
    return read_intervals(path, lengths)[_PLACES]


def finish_build(
    out: Path, files: SequenceFiles, planned: Planned, facts: Facts, progress: Told
) -> SequenceDataset:
    """Put a dataset together when all its tracks are measured.

    Args:
        out: the dataset to make; what stands there is replaced.
        files: the files.
        planned: what was planned.
        facts: what ``measure_track`` gave, for each track.
        progress: told how many regions are done, and of how many.
    """
    plan, settings = planned.plan, planned.plan.settings
    places = list(plan.regions.itertuples(index=False, name=None))
    layout = SequenceLayout(
        planned.regions.table,
        track_columns(plan.tracks),
        settings.bin_size,
        settings.crop,
        settings.dtype,
        {
            "assembly": planned.assembly,
            "target_processing": _processing(files, settings),
            "sources": _sources(files) + sources_of(facts),
            "build": {
                "settings": settings.model_dump(mode="json"),
                "chromosomes": dict(plan.lengths),
                "regions_left_out": planned.regions.left_out,
                "notes": planned.regions.notes + notes_of(facts, settings),
            },
        },
    )
    none = np.empty((settings.bins, 0), dtype=settings.dtype)
    with open_genome(files.genome) as genome:

        def read(region: int) -> tuple[Sequence, Coverage]:
            return genome.read(*places[region]), none

        assemble(out, plan, layout, read, progress)
    return open_sequence(out)


def _processing(files: SequenceFiles, settings: SequenceSettings) -> dict[str, Any]:
    return {"order": ORDER, "missing": settings.missing, "blacklist": bool(files.blacklist)}


def _genome_notes(genome: Genome, regions: pd.DataFrame) -> list[str]:
    """Read all sequences once, so that a letter that is wrong is found before the long work."""
    unknown = 0
    for place in regions[_PLACES].itertuples(index=False, name=None):
        unknown += int((genome.read(*place) == N).mean() > 0.5)
    notes = []
    if genome.ambiguous:
        notes.append(f"{genome.ambiguous:,} letters for several bases (IUPAC's) are taken as N.")
    if unknown:
        notes.append(f"{unknown:,} regions are N for more than half; --gaps leaves such out.")
    return notes


def _sources(files: SequenceFiles) -> Facts:
    return [source(role, path) for role, path in files.model_dump().items() if path]


def source(role: str, path: Path) -> dict[str, Any]:
    """Say which file was used, and for what."""
    return {
        "role": role,
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
    }


def sources_of(facts: Facts) -> Facts:
    """Give what a dataset keeps of the files of its tracks."""
    kept = ("role", "track", "file", "bytes", "sha256", "format", "missing", "too_large")
    return [{name: fact[name] for name in kept} for fact in facts]
