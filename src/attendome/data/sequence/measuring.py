"""Measure one track in all regions, into a file of its own: what can be done in parallel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from attendome.data.sequence.recipe import SequenceSettings
from attendome.data.sequence.targets import TargetRule, fill, pool, stored
from attendome.errors import DataError
from attendome.genome.bases import Reader, open_track
from attendome.genome.chromosomes import renamed
from attendome.genome.files import kind_of, sha256
from attendome.outputs import new_output

_MOST = 0.5


@dataclass(frozen=True)
class Plan:
    """What the tracks of a dataset are measured in, and how.

    Attributes:
        regions: a row per region: ``chrom``, ``start``, ``end`` (0-based, half-open).
        tracks: what ``read_tracks`` gave.
        lengths: length of each chromosome that regions lie on, in bp.
        blacklist: stretches whose signal is not to be trusted: ``chrom``, ``start``, ``end``.
        settings: how coverage becomes targets.
        parts: the folder of the files that are made.
    """

    regions: pd.DataFrame
    tracks: pd.DataFrame
    lengths: Mapping[str, int]
    blacklist: pd.DataFrame
    settings: SequenceSettings
    parts: Path

    def values(self, track: int) -> Path:
        """Give the file of a track's values, region × bin."""
        return self.parts / f"track-{track:05d}.npy"

    def facts(self, track: int) -> Path:
        """Give the file that says what became of a track; it is written last."""
        return self.parts / f"track-{track:05d}.json"

    def waiting(self) -> list[int]:
        """List the tracks that are not measured yet, from the files as they are now."""
        return [track for track in range(len(self.tracks)) if self.known(track) is None]

    def known(self, track: int) -> dict[str, Any] | None:
        """Give what is to be known of a track, if it is measured."""
        place = self.facts(track)
        if not place.is_file():
            return None
        facts: dict[str, Any] = json.loads(place.read_bytes())
        return facts if facts["origin"] == self.origin(track) else None

    def origin(self, track: int) -> str:
        """Tell the file and the row of a track from others, and from later versions."""
        row = self.tracks.iloc[track]
        state = Path(row["file"]).stat()
        rule = [row[name] for name in ("sum_stat", "clip_soft", "clip", "scale")]
        return f"{row['file']} {state.st_size} {state.st_mtime_ns} {rule} {row.name}"


def measure_track(plan: Plan, track: int) -> dict[str, Any]:
    """Measure a track in all regions, and write its values and what is to be known of them.

    The values of the regions are kept in memory until they are written: for 14,533 regions of 1,024
    bins in float16, 30 MB; and for a bedGraph file, the file.

    Args:
        plan: in what, and how.
        track: the number of the track.

    Returns:
        The name, ``file``, ``sha256`` and the like, and how many values were filled, changed or are
        0.

    Raises:
        DataError: the file is damaged, of another assembly, or has negative values.
    """
    row, settings = plan.tracks.iloc[track], plan.settings
    path = Path(row["file"])
    rule = TargetRule(row["sum_stat"], row["clip_soft"], row["clip"], row["scale"])
    values = np.zeros((len(plan.regions), settings.bins), dtype=settings.dtype)
    missing, excess, origin = 0, 0, plan.origin(track)
    with open_track(path, plan.lengths) as track_file:
        blacklisted = _Blacklist(plan.blacklist)
        places = plan.regions[["chrom", "start", "end"]].itertuples(index=False)
        for region, (chrom, start, end) in enumerate(places):
            bases = _read(path, track_file.read, chrom, start, end)
            missing += int(np.isnan(bases).sum())
            filled = fill(bases, blacklisted(chrom, start, end), zero=settings.missing == "zero")
            inner = filled[settings.crop : len(filled) - settings.crop]
            values[region], above = stored(pool(inner, settings.bin_size, rule), settings.dtype)
            excess += above
        absent = sorted(set(plan.lengths) - set(track_file.names.values()))
    with new_output(plan.values(track), force=True) as made, made.open("wb") as file:
        np.save(file, values)
    facts = {
        "origin": origin,
        "role": "track",
        "track": str(plan.tracks.index[track]),
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "format": kind_of(path),
        "chromosomes": renamed(track_file.names),
        "absent": absent,
        "missing": missing / (len(plan.regions) * settings.length),
        "too_large": excess,
        "largest": float(values.max()),
    }
    with new_output(plan.facts(track), force=True) as made:
        made.write_text(json.dumps(facts), encoding="utf-8")
    return facts


def _read(path: Path, read: Reader, chrom: str, start: int, end: int) -> Float[np.ndarray, " base"]:
    bases = read(chrom, start, end)
    wrong = (bases < 0) | np.isinf(bases)
    if wrong.any():
        place = int(wrong.argmax())
        raise DataError(
            f"{path}: {chrom}:{start + place} (0-based) has the value {bases[place]:g}; coverage "
            "is 0 or more and finite. Where a minus strand is written as negative values, turn "
            "their sign; logarithms cannot be taken."
        )
    return bases


class _Blacklist:
    """Tells which bases of an interval are blacklisted."""

    def __init__(self, stretches: pd.DataFrame) -> None:
        self._by_chrom = {
            str(chrom): here[["start", "end"]].to_numpy()
            for chrom, here in stretches.groupby("chrom")
        }

    def __call__(self, chrom: str, start: int, end: int) -> Bool[np.ndarray, " base"]:
        found = np.zeros(end - start, dtype=bool)
        places = self._by_chrom.get(chrom, np.empty((0, 2), dtype=np.int64))
        near = places[(places[:, 0] < end) & (places[:, 1] > start)]
        for first, behind in near:
            found[max(first - start, 0) : behind - start] = True
        return found


def notes_of(facts: list[dict[str, Any]], settings: SequenceSettings) -> list[str]:
    """Say in words what was done to tracks that a reader may not expect.

    Args:
        facts: what ``measure_track`` gave, for each track.
        settings: how coverage became targets.
    """
    filled = (
        "0" if settings.missing == "zero" else "the region's median, or 0 where that is unknown"
    )
    found = {
        "all 0": [f for f in facts if f["largest"] == 0],
        "bins above 65,504, float16's largest number, which they now are; set clip, clip_soft or "
        "scale in the table, or --dtype float32": [f for f in facts if f["too_large"]],
        f"a part of the bases has no value; they took {filled}": [
            f for f in facts if 0 < f["missing"] <= _MOST
        ],
        f"most bases have no value; they took {filled}": [f for f in facts if f["missing"] > _MOST],
        "a chromosome of the regions is not there; the values on it are 0": [
            f for f in facts if f["absent"]
        ],
    }
    notes = [f["track"] + ": " + f["chromosomes"] + "." for f in facts if f["chromosomes"]]
    return notes + [_note(reason, tracks) for reason, tracks in found.items() if tracks]


def _note(reason: str, tracks: list[dict[str, Any]]) -> str:
    names = ", ".join(track["track"] for track in tracks[:3])
    if len(tracks) > 3:
        names = f"{len(tracks)} tracks, such as {names}"
    return f"{names}: {reason}."
