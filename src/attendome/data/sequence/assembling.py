"""Put regions together from what was measured of each track."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8

from attendome.data.sequence.measuring import Plan
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import SequenceWriter
from attendome.outputs import new_output, write_text

_BLOCK_BYTES = 256 << 20
_ABOUT, _MADE = "about.json", "made.zarr"

Told = Callable[[int, int], None]
Sequence = UInt8[np.ndarray, " position"]
Coverage = Float[np.ndarray, "bin track"]


def parts_of(out: Path) -> Path:
    """Give the folder of the parts of a dataset."""
    return out.with_name(f".{out.name}.parts")


def open_parts(plan: Plan) -> None:
    """Make the folder of parts; what stands there of other regions or settings is removed."""
    places = plan.regions[["chrom", "start", "end"]].to_dict("list")
    about = {
        "settings": plan.settings.model_dump(mode="json", exclude={"split"}),
        "regions": places,
        "blacklist": plan.blacklist.to_dict("list"),
        "lengths": dict(plan.lengths),
    }
    place, text = plan.parts / _ABOUT, json.dumps(about)
    if not place.is_file() or place.read_text("utf-8") != text:
        shutil.rmtree(plan.parts, ignore_errors=True)
        plan.parts.mkdir()
        write_text(place, text)


def assemble(
    out: Path,
    plan: Plan,
    layout: SequenceLayout,
    read: Callable[[int], tuple[Sequence, Coverage]],
    progress: Told = lambda _done, _all: None,
) -> None:
    """Write a dataset from the parts of its tracks, in the folder of parts, and move it to ``out``.

    Of the parts no more than 256 MB at a time are in memory, or one region of all tracks.

    Args:
        out: the dataset to make; what stands there is replaced.
        plan: what was measured.
        layout: of the dataset; its tracks are those that ``read`` gives, then those of the plan.
        read: gives the sequence of a region, and its coverage in the tracks before those of the
            plan, if there are any.
        progress: told how many regions are done, and of how many.
    """
    folder = plan.parts / _MADE
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    writer = SequenceWriter(folder, layout)
    for region, measured in enumerate(_regions(plan)):
        sequence, before = read(region)
        writer.write(region, sequence, np.concatenate([before, measured], axis=1))
        progress(region + 1, len(plan.regions))
    writer.finish()
    with new_output(out, force=True) as made:
        folder.rename(made)
    shutil.rmtree(plan.parts)


def _regions(plan: Plan) -> Iterator[Coverage]:
    """Give the coverage of each region in the tracks of the plan."""
    tracks = [np.load(plan.values(track), mmap_mode="r") for track in range(len(plan.tracks))]
    each = tracks[0][:1].nbytes * len(tracks)
    together = max(1, _BLOCK_BYTES // each)
    for start in range(0, len(plan.regions), together):
        # Files are read in long stretches, not a few bytes of each for every region.
        yield from np.stack([track[start : start + together] for track in tracks], axis=-1)


def track_columns(tracks: pd.DataFrame, first: int = 0) -> pd.DataFrame:
    """Give the columns that a dataset keeps of a table of tracks.

    Args:
        tracks: what ``read_tracks`` gave.
        first: the number of the first of them in the dataset.
    """
    return tracks.assign(
        file=[path.name for path in tracks["file"]], strand_pair=tracks["strand_pair"] + first
    )
