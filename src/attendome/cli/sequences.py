"""Commands that build and simulate sequence datasets."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.builds import builds
from attendome.cli.datasets import simulations
from attendome.cli.options import BinSize, Force, NewDataset, Seed, Set
from attendome.cli.progress import working
from attendome.cli.sequence_options import (
    Blacklist,
    Crop,
    Dtype,
    Gaps,
    Genome,
    Length,
    MaxUnmappable,
    Missing,
    Regions,
    SplitRule,
    Stride,
    Tracks,
    Unmappable,
    Workers,
    WriteGenome,
)
from attendome.config import parse_assignments

if TYPE_CHECKING:
    from attendome.data.sequence.dataset import SequenceDataset


def register(app: typer.Typer) -> None:  # noqa: ARG001 - they go under `build` and `simulate`
    """Add the commands of this module to the program."""
    builds.command("sequence")(build_sequence)
    builds.command("more-tracks")(add_tracks)
    simulations.command("sequence")(simulate_sequence)


def build_sequence(
    out: NewDataset,
    genome: Genome,
    tracks: Tracks,
    regions: Regions = None,
    length: Length = 131_072,
    bin_size: BinSize = 128,
    crop: Crop = 0,
    stride: Stride = None,
    gaps: Gaps = None,
    blacklist: Blacklist = None,
    unmappable: Unmappable = None,
    max_unmappable: MaxUnmappable = 0.3,
    split: SplitRule = "chromosome",
    missing: Missing = "median",
    dtype: Dtype = "float16",
    workers: Workers = None,
    force: Force = False,
) -> None:
    """Build a sequence dataset: DNA of regions, and the coverage of tracks in bins along it.

    The same command, given again, goes on where it was stopped.
    """
    given = locals()
    from attendome.data.sequence.recipe import SequenceFiles, SequenceSettings
    from attendome.workflows.sequences import build_sequence as run_build

    files = {name: given[name] for name in SequenceFiles.model_fields}
    settings = {name: given[name] for name in SequenceSettings.model_fields}
    with _progress() as told:
        data = run_build(out, files, settings, workers=workers, force=force, progress=told)
    _show(data)


def add_tracks(
    out: NewDataset,
    data: Annotated[
        Path, typer.Argument(metavar="DATA.zarr", help="A dataset of 'build sequence'.")
    ],
    tracks: Tracks,
    blacklist: Blacklist = None,
    workers: Workers = None,
    force: Force = False,
) -> None:
    """Build a sequence dataset of another one and further tracks, measured as its own were.

    OUT.zarr may be DATA.zarr itself, with --force.
    """
    from attendome.workflows.sequences import add_tracks as run_add

    with _progress() as told:
        made = run_add(
            out, data, tracks, blacklist=blacklist, workers=workers, force=force, progress=told
        )
    _show(made)


def simulate_sequence(
    out: NewDataset,
    regions: Annotated[int | None, typer.Option(help="Number of regions.", min=10)] = None,
    length: Annotated[
        int | None, typer.Option(metavar="BP", help="Length of a region, in bp.")
    ] = None,
    seed: Seed = None,
    write_genome: WriteGenome = None,
    settings: Set = None,
    force: Force = False,
) -> None:
    """Simulate a genome with promoters that enhancers near and far drive, and tracks along it."""
    from attendome.workflows.simulating import simulate_sequence as run_simulate

    given = {"regions": regions, "length": length, "seed": seed}
    values = {name: value for name, value in given.items() if value is not None}
    values |= parse_assignments(settings or [])
    _show(run_simulate(out, values, write_genome=write_genome, force=force))


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show how many tracks are done, and then how many regions."""
    with ExitStack() as stack:
        shown: dict[str, Callable[[int, int], None]] = {}

        def told(things: str, done: int, total: int) -> None:
            if things not in shown:
                stack.close()  # one at a time
                task = "Measuring" if things == "tracks" else "Writing"
                shown[things] = stack.enter_context(working(task, things))
            shown[things](done, total)

        yield told


def _show(data: "SequenceDataset") -> None:
    attributes: Mapping[str, Any] = data.xarray.attrs
    made = attributes["build"]
    for note in made.get("notes", []):
        display.say(note)
    for reason, count in made.get("regions_left_out", {}).items():
        display.say(f"Left out {count} regions: {reason}.")
    split = data.regions["split"]
    counts = ", ".join(f"{(split == name).sum()} {name}" for name in ("train", "valid", "test"))
    display.say(
        f"Wrote {data.path}: {len(data)} regions of {data.length:,} bp ({counts}), {data.bins} "
        f"bins of {data.bin_size} bp, {len(data.tracks)} tracks; assembly {attributes['assembly']}."
    )
