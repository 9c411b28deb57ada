"""Build chromatin datasets: from files, one or many at once, or from two others."""

import atexit
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from attendome.config import validate
from attendome.data import ChromatinDataset, as_chromatin, open_chromatin
from attendome.data.building import build
from attendome.data.differential import difference
from attendome.data.measuring import Progress
from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.data.store import check_new_dataset, save_dataset
from attendome.errors import AttendomeError, DataError


def build_chromatin(
    out: str | Path,
    files: ChromatinFiles | Mapping[str, Any],
    settings: BuildSettings | Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = lambda _file, _count: None,
) -> ChromatinDataset:
    """Build the chromatin dataset of one cell type and store it.

    Args:
        out: the dataset to make; its name ends in .zarr.
        files: annotation, signal of each mark, expression; or the values of these by name. Without
            a ``cell_type`` it is called as ``out``.
        settings: how the dataset is built; or settings by name.
        force: replace ``out`` where it exists.
        progress: called with a file and the number of records read since the last call.

    Raises:
        SettingsError: the settings do not fit the files.
        DataError: a file is missing, damaged, malformed, or does not fit the others, or ``out``
            exists.
    """
    target = Path(out)
    check_new_dataset(target, force=force)
    if not isinstance(settings, BuildSettings):
        settings = validate(BuildSettings, settings or {})
    if not isinstance(files, ChromatinFiles):
        files = validate(ChromatinFiles, {"cell_type": target.stem, **files})
    data = build(files, settings, progress)
    return save_dataset(data, target, force=force)


def build_differential(
    out: str | Path,
    a: ChromatinDataset | str | Path,
    b: ChromatinDataset | str | Path,
    *,
    force: bool = False,
) -> ChromatinDataset:
    """Build the dataset of the difference between two cell types and store it.

    Its signal is that of both, its expression log2((1 + b) / (1 + a)), its label 1 where that is
    above 0; see ``attendome.data.differential``.

    Args:
        out: the dataset to make; its name ends in .zarr.
        a: the dataset of the cell type to start from, or where it is stored.
        b: that of the cell type to compare with it.
        force: replace ``out`` where it exists.

    Raises:
        DataError: the two do not fit each other or have no expression, or ``out`` exists.
    """
    target = Path(out)
    check_new_dataset(target, force=force)
    return save_dataset(difference(as_chromatin(a), as_chromatin(b)), target, force=force)


def build_all(
    folder: str | Path,
    cell_types: Sequence[ChromatinFiles],
    settings: BuildSettings | None = None,
    *,
    workers: int | None = None,
    force: bool = False,
    done: Callable[[str, str], None] = lambda _name, _outcome: None,
) -> dict[str, Path]:
    """Build the datasets of many cell types, ``folder/NAME.zarr`` each, in parallel.

    What stands there from the same files and settings is kept, so that the same call goes on where
    it was stopped. A dataset that fails does not stop the others.

    Args:
        folder: where the datasets go; it is made where it is missing.
        cell_types: the files of each.
        settings: how the datasets are built.
        workers: number of processes; by default as many as processors.
        force: replace datasets that stand there.
        done: called with the name of each cell type and what became of it.

    Returns:
        The dataset of each cell type.

    Raises:
        DataError: a dataset could not be built, or one stands there from other files or settings.
    """
    place, chosen = Path(folder), settings or BuildSettings()
    targets = {files.cell_type: place / f"{files.cell_type}.zarr" for files in cell_types}
    _make_folder(place)
    waiting: list[ChromatinFiles] = []
    faults: dict[str, str] = {}
    for files in cell_types:
        try:
            if not force and _stands(targets[files.cell_type], files, chosen):
                done(files.cell_type, "was there already")
            else:
                waiting.append(files)
        except (AttendomeError, OSError) as error:
            faults[files.cell_type] = str(error)
            done(files.cell_type, str(error))
    for name, fault in _in_parallel(waiting, chosen, targets, workers, force=force):
        done(name, fault or "built")
        if fault:
            faults[name] = fault
    if faults:
        listed = "\n".join(f"{name}: {fault}" for name, fault in faults.items())
        raise DataError(
            f"{len(faults)} of {len(targets)} datasets could not be built; the others are whole, "
            f"and the same command goes on:\n{listed}"
        )
    return targets


def _make_folder(place: Path) -> None:
    if place.suffix == ".zarr":
        raise DataError(f"{place}: expected a folder for many datasets; its name cannot end so.")
    try:
        place.mkdir(exist_ok=True)
    except OSError as error:
        raise DataError(f"{place}: cannot be made a folder ({error.strerror}).") from error


def _stands(target: Path, files: ChromatinFiles, settings: BuildSettings) -> bool:
    """Tell whether a dataset stands there; one from other files or settings is an error."""
    if not target.exists():
        return False
    made = open_chromatin(target).xarray.attrs.get("build", {})
    wanted = {"settings": settings.model_dump(mode="json"), "files": files.told()}
    if {key: made.get(key) for key in wanted} != wanted:
        raise DataError(
            f"{target} stands there from other files or settings; choose another folder, or "
            "replace it with --force (in Python force=True)."
        )
    return True


def _in_parallel(
    waiting: Sequence[ChromatinFiles],
    settings: BuildSettings,
    targets: Mapping[str, Path],
    workers: int | None,
    *,
    force: bool,
) -> Iterator[tuple[str, str]]:
    """Build datasets in processes of their own; give each name with its fault, if any."""
    count = min(workers or os.cpu_count() or 1, len(waiting) or 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_end_when_interrupted) as pool:
        try:
            # Workers inherit that Ctrl-C waits, until they can end without a traceback.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            jobs: dict[Future[None], str] = {
                pool.submit(_build_one, targets[f.cell_type], f, settings, force=force): f.cell_type
                for f in waiting
            }
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            for job in as_completed(jobs):
                yield jobs[job], _fault(job)
        finally:
            pool.shutdown(cancel_futures=True)


def _build_one(
    target: Path, files: ChromatinFiles, settings: BuildSettings, *, force: bool
) -> None:
    build_chromatin(target, files, settings, force=force)


def _fault(job: "Future[None]") -> str:
    try:
        job.result()
    except (AttendomeError, OSError) as error:
        return str(error)
    except BrokenProcessPool:
        return "the process was killed, perhaps for lack of memory; try with fewer --workers"
    return ""


def _end_when_interrupted() -> None:
    """Let Ctrl-C end a worker in an orderly way: it removes what it was writing."""
    if signal.SIGINT in signal.sigpending():
        os._exit(1)
    signal.signal(signal.SIGINT, lambda _number, _frame: sys.exit(1))
    # Not within the libraries' own clean-up, which would show a traceback.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
