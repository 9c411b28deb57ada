"""Compare models over datasets and seeds: train all, score all, and write the tables."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from filelock import FileLock, Timeout

from attendome.config import suggestion
from attendome.data import open_dataset
from attendome.data.sequence.schema import KIND as SEQUENCE
from attendome.data.store import kind_of_dataset
from attendome.errors import DataError, SettingsError
from attendome.evaluation.comparison import Comparison
from attendome.evaluation.sequence.comparison import SequenceComparison
from attendome.models.architectures import Task
from attendome.workflows import comparing_chromatin
from attendome.workflows.combinations import (
    Combination,
    check_same,
    combinations,
    failed,
    run_combination,
)
from attendome.workflows.configuration import versions
from attendome.workflows.results import Results
from attendome.workflows.scheduling import run_all, workers
from attendome.workflows.sequence import comparing as comparing_sequence
from attendome.workflows.variants import Variant, read_variants

RUNS = "runs"
_BASELINES: Mapping[Task, str] = {
    "chromatin": "deep-chrome",  # the published table counts who is better than it
    "sequence": "dilated",  # Basenji, which the paper holds attention against
}
_SHARED = {"target": "predicts {}", "margin": "leaves out {} bins at each side of a region"}
"""Settings in which all models of a comparison must agree, and what they say of a model."""
Done = Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Compared:
    """A finished comparison.

    Attributes:
        path: its folder.
        results: a row per run.
        comparison: the tables; None where no run was done.
    """

    path: Path
    results: pd.DataFrame
    comparison: Comparison | SequenceComparison | None


@dataclass(frozen=True)
class Where:
    """Where combinations run.

    Attributes:
        workers: number of processes on this machine; by default as many as processors, or, for
            models that read DNA, as GPUs where there are any.
        scheduler: address of a dask scheduler to use instead; its workers see the same files.
    """

    workers: int | None = None
    scheduler: str | None = None


def compare(  # noqa: PLR0913 - each is an option of the command
    data: Sequence[str | Path],
    models: str,
    out: str | Path,
    *,
    seeds: int = 1,
    settings: Mapping[str, Any] | None = None,
    search: int = 0,
    baseline: str | None = None,
    reach: bool = False,
    where: Where | None = None,
    done: Done = lambda _name, _row: None,
) -> Compared:
    """Train and score every model on every dataset with every seed, and compare them.

    A combination that fails is listed, and the others go on. Given again, the same command goes
    on: what is done is kept, what was interrupted is resumed, what failed is tried again.

    Args:
        data: the datasets, all of chromatin, one per cell type, or all of DNA.
        models: as ``read_variants`` takes them: names with commas between; ``published``,
            ``baselines`` (of chromatin), ``all``; settings in brackets, such as
            ``deep-chrome[dropout=0.3]``; or a YAML file that names them.
        out: the folder to make, or to go on with.
        seeds: how many seeds, from 1.
        settings: settings by name, for all models that have them.
        search: how many settings of each model to try first, on the validation split.
        baseline: the model that the others are held against; deep-chrome, of DNA dilated, or else
            the first.
        reach: of DNA, whether to score also with all that is farther than a distance masked.
        where: where to run; by default on all processors of this machine.
        done: told the name and the row of each combination when it is done.

    Raises:
        DataError: a dataset cannot be read, or two have the same name.
        RunError: the folder holds runs of other data or settings.
        SettingsError: a model, a setting or the baseline is not known, or no scheduler answers.
    """
    task = task_of(data)
    variants = read_variants(models, settings, task)
    chosen = _baseline(variants, baseline, task)
    _check_shared(variants)
    _check_task(task, reach=reach, search=search)
    folder, where = Path(out), where or Where()
    _check_folder(folder)
    datasets, runs = [open_dataset(path) for path in data], folder.resolve() / RUNS
    todo = combinations(datasets, variants, seeds, runs, search=search, reach=reach)
    for combination in todo:
        check_same(combination)
    known = Results(folder, todo)
    for combination in known.kept():
        done(combination.name, known.rows[combination.name] | {"kept": True})
    try:
        for combination, row in _finished(known.waiting(), folder / RUNS, where):
            known.add(combination, row)
            done(combination.name, row)
    except KeyboardInterrupt as error:
        error.add_note("Give the same command again: it goes on.")
        raise
    results = known.table()
    compared = None
    if results.loc[results["status"] == "done", "value"].notna().any():
        write = comparing_chromatin.write if task == "chromatin" else comparing_sequence.write
        compared = write(results, chosen, folder, _facts(data, variants, seeds, settings))
    return Compared(folder, results, compared)


def task_of(data: Sequence[str | Path]) -> Task:
    """Tell what kind of datasets these are.

    Raises:
        DataError: one is not there, or they are of different kinds.
    """
    kinds: dict[Task, str | Path] = {}
    for path in data:
        kinds["sequence" if kind_of_dataset(Path(path)) == SEQUENCE else "chromatin"] = path
    if len(kinds) > 1:
        raise DataError(
            f"{kinds['chromatin']} is of chromatin, {kinds['sequence']} of DNA; compare models on "
            "datasets of one kind."
        )
    (task,) = kinds
    return task


def _check_task(task: Task, *, reach: bool, search: int) -> None:
    if task == "chromatin" and reach:
        raise SettingsError("Accuracy against reach is of models that read DNA.")
    if task == "sequence" and search:
        raise SettingsError("Settings are searched for models of chromatin only; give them.")


def _baseline(variants: Sequence[Variant], baseline: str | None, task: Task) -> str:
    names = [variant.name for variant in variants]
    if baseline is None:
        return _BASELINES[task] if _BASELINES[task] in names else names[0]
    if baseline not in names:
        raise SettingsError(f"Unknown baseline '{baseline}': {suggestion(baseline, names)}")
    return baseline


def _check_shared(variants: Sequence[Variant]) -> None:
    for setting, says in _SHARED.items():
        values = {variant.complete(0).get(setting): variant.name for variant in variants}
        if len(values) > 1:
            listed = ", ".join(f"{name} {says.format(value)}" for value, name in values.items())
            raise SettingsError(f"Models of one {setting} can be compared: {listed}.")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: a file stands there; choose another name.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RUNS).is_dir():
        raise DataError(f"{folder}: holds something else than a comparison; choose another name.")


def _processes(waiting: Sequence[Combination]) -> int:
    """Give how many trainings go on at once; one of DNA wants a GPU for itself, or several."""
    settings = [one.variant.complete(one.seed) for one in waiting if one.task == "sequence"]
    on_gpu = [of_one for of_one in settings if of_one["accelerator"] != "cpu"]
    gpus = torch.cuda.device_count() if on_gpu else 0
    if gpus and any(of_one["devices"] > 1 for of_one in on_gpu):
        return 1
    return gpus or os.cpu_count() or 1


def _finished(
    waiting: Sequence[Combination], runs: Path, where: Where
) -> Iterator[tuple[Combination, dict[str, Any]]]:
    if not waiting:
        return
    count = min(where.workers or _processes(waiting), len(waiting))
    with workers(count, where.scheduler) as client:
        runs.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(runs / ".lock", timeout=0):
                for combination, found in run_all(client, run_combination, waiting):
                    row = found if isinstance(found, dict) else failed(combination, found)
                    yield combination, row
        except Timeout as error:
            raise DataError(f"{runs.parent}: another comparison is at work there.") from error


def _facts(
    data: Sequence[str | Path],
    variants: Sequence[Variant],
    seeds: int,
    settings: Mapping[str, Any] | None,
) -> dict[str, str]:
    given = ", ".join(f"{name} = {value}" for name, value in (settings or {}).items())
    return {
        "Datasets": ", ".join(map(str, data)),
        "Models": ", ".join(map(str, variants)),
        **({"Settings": f"{given} (of the models that have them)"} if given else {}),
        "Seeds": f"1 to {seeds}",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
