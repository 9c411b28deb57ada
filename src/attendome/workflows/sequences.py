"""Build sequence datasets from a genome and tracks, add tracks to them, or simulate them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from attendome.config import validate
from attendome.data import open_sequence
from attendome.data.sequence.assembling import open_parts
from attendome.data.sequence.building import Facts, finish_build, plan_build
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.extending import finish_extension, plan_extension
from attendome.data.sequence.measuring import Plan, measure_track
from attendome.data.sequence.recipe import SequenceFiles, SequenceSettings
from attendome.data.store import check_new_dataset
from attendome.errors import AttendomeError, DataError
from attendome.workflows.scheduling import run_all
from attendome.workflows.scheduling import workers as dask_workers

Progress = Callable[[str, int, int], None]
"""Told what is counted (``tracks``, then ``regions``), how many are done, and of how many."""


def build_sequence(
    out: str | Path,
    files: SequenceFiles | Mapping[str, Any],
    settings: SequenceSettings | Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    force: bool = False,
    progress: Progress = lambda _things, _done, _all: None,
) -> SequenceDataset:
    """Build a sequence dataset: the DNA of regions, and the coverage of tracks along it.

    Given again after it was stopped, the same call goes on: tracks that are measured are kept, in
    ``.OUT.zarr.parts`` beside the dataset.

    Args:
        out: the dataset to make; its name ends in .zarr.
        files: genome, table of tracks and BED files; or these by name.
        settings: how the dataset is built; or settings by name.
        workers: number of processes, each with a track at a time; by default all processors.
        force: replace ``out`` where it exists.
        progress: told how far it is.

    Raises:
        SettingsError: a setting is not valid.
        DataError: a file is missing, damaged, malformed or of another assembly, no region is left,
            or ``out`` exists.
    """
    target = Path(out)
    check_new_dataset(target, force=force)
    if not isinstance(settings, SequenceSettings):
        settings = validate(SequenceSettings, settings or {})
    if not isinstance(files, SequenceFiles):
        files = validate(SequenceFiles, files)
    planned = plan_build(target, files, settings)
    with _measured(planned.plan, workers, progress) as facts:
        return finish_build(target, files, planned, facts, partial(progress, "regions"))


def add_tracks(
    out: str | Path,
    data: SequenceDataset | str | Path,
    tracks: str | Path,
    *,
    blacklist: str | Path | None = None,
    workers: int | None = None,
    force: bool = False,
    progress: Progress = lambda _things, _done, _all: None,
) -> SequenceDataset:
    """Build a sequence dataset of another one and further tracks, measured as its own were.

    Args:
        out: the dataset to make; with ``force`` it may be ``data``.
        data: a dataset of ``build_sequence``, or where it is stored.
        tracks: the table of the further tracks.
        blacklist: the one that ``data`` was built with, if it was with one.
        workers: number of processes, each with a track at a time; by default all processors.
        force: replace ``out`` where it exists.
        progress: told how far it is.

    Raises:
        DataError: the dataset is of another origin, a track or its file does not fit, or ``out``
            exists.
    """
    target, table = Path(out), Path(tracks)
    check_new_dataset(target, force=force)
    known = data if isinstance(data, SequenceDataset) else open_sequence(data)
    plan = plan_extension(target, known, table, Path(blacklist) if blacklist else None)
    with _measured(plan, workers, progress) as facts:
        return finish_extension(target, known, table, plan, facts, partial(progress, "regions"))


@contextmanager
def _measured(plan: Plan, workers: int | None, progress: Progress) -> Iterator[Facts]:
    """Measure all tracks; keep what is done where that, or what follows, is interrupted."""
    lock = plan.parts.with_name(f"{plan.parts.name}.lock")
    try:
        with FileLock(lock, timeout=0):
            open_parts(plan)
            _measure(plan, workers, partial(progress, "tracks"))
            facts = [plan.known(track) for track in range(len(plan.tracks))]
            yield [fact for fact in facts if fact]
    except Timeout as error:
        raise DataError(f"{plan.parts}: another build is at work there.") from error
    except KeyboardInterrupt as error:
        error.add_note("Give the same command again: it goes on.")
        raise
    lock.unlink(missing_ok=True)


def _measure(plan: Plan, workers: int | None, progress: Callable[[int, int], None]) -> None:
    waiting = plan.waiting()
    total, faults = len(plan.tracks), {}
    done = total - len(waiting)
    progress(done, total)
    for track, found in _results(plan, waiting, workers):
        if not isinstance(found, dict):
            faults[track] = found
        done += 1
        progress(done, total)
    if faults:
        for error in faults.values():
            if not isinstance(error, AttendomeError | OSError):
                raise error
        named = {plan.tracks.index[track]: faults[track] for track in sorted(faults)}
        listed = "\n".join(f"{name}: {fault}" for name, fault in named.items())
        raise DataError(
            f"{len(faults)} of {total} tracks could not be measured; the others are kept, and the "
            f"same command goes on:\n{listed}"
        )


def _results(
    plan: Plan, waiting: Sequence[int], workers: int | None
) -> Iterator[tuple[int, dict[str, Any] | BaseException]]:
    count = min(workers or os.cpu_count() or 1, len(waiting))
    if count > 1:
        with dask_workers(count) as client:
            sent = client.scatter(plan, broadcast=True)  # once, not with each of thousands of jobs
            for (_, track), found in run_all(client, _measure_one, [(sent, n) for n in waiting]):
                yield track, found
        return
    for track in waiting:
        try:
            yield track, measure_track(plan, track)
        except (AttendomeError, OSError) as error:
            yield track, error


def _measure_one(job: tuple[Plan, int]) -> dict[str, Any]:
    return measure_track(*job)
