"""Compare models over datasets and seeds: train all, score all, and write the tables."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from attendome.config import suggestion
from attendome.data import open_chromatin
from attendome.errors import DataError, SettingsError
from attendome.evaluation.comparison import Comparison, compare_models
from attendome.reports.comparison import write_comparison
from attendome.workflows.combinations import (
    Combination,
    check_same,
    combinations,
    failed,
    predictions,
    run_combination,
)
from attendome.workflows.configuration import versions
from attendome.workflows.results import Results
from attendome.workflows.scheduling import run_all, workers
from attendome.workflows.variants import Variant, read_variants

RUNS = "runs"
_BASELINE = "deep-chrome"  # the published table counts who is better than it
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
    comparison: Comparison | None


@dataclass(frozen=True)
class Where:
    """Where combinations run.

    Attributes:
        workers: number of processes on this machine; by default as many as processors.
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
    where: Where | None = None,
    done: Done = lambda _name, _row: None,
) -> Compared:
    """Train and score every model on every dataset with every seed, and compare them.

    A combination that fails is listed, and the others go on. Given again, the same command goes
    on: what is done is kept, what was interrupted is resumed, what failed is tried again.

    Args:
        data: the datasets, one per cell type.
        models: names with commas between; ``published``, ``baselines``, ``all``; settings in
            brackets, such as ``deep-chrome[dropout=0.3]``.
        out: the folder to make, or to go on with.
        seeds: how many seeds, from 1.
        settings: settings by name, for all models that have them.
        search: how many settings of each model to try first, on the validation split.
        baseline: the model that the others are held against; deep-chrome, or else the first.
        where: where to run; by default on all processors of this machine.
        done: told the name and the row of each combination when it is done.

    Raises:
        DataError: a dataset cannot be read, or two have the same name.
        RunError: the folder holds runs of other data or settings.
        SettingsError: a model, a setting or the baseline is not known, or no scheduler answers.
    """
    variants = read_variants(models, settings)
    chosen = _baseline(variants, baseline)
    _check_one_target(variants)
    folder, where = Path(out), where or Where()
    _check_folder(folder)
    datasets = [open_chromatin(path) for path in data]
    todo = combinations(datasets, variants, seeds, folder.resolve() / RUNS, search)
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
    finished = results[results["status"] == "done"]
    if finished["value"].notna().any():
        compared = compare_models(results, predictions(finished), baseline=chosen)
        write_comparison(compared, results, folder, facts=_facts(data, variants, seeds))
    return Compared(folder, results, compared)


def _baseline(variants: Sequence[Variant], baseline: str | None) -> str:
    names = [variant.name for variant in variants]
    if baseline is None:
        return _BASELINE if _BASELINE in names else names[0]
    if baseline not in names:
        raise SettingsError(f"Unknown baseline '{baseline}': {suggestion(baseline, names)}")
    return baseline


def _check_one_target(variants: Sequence[Variant]) -> None:
    targets = {variant.complete(0)["target"]: variant.name for variant in variants}
    if len(targets) > 1:
        listed = ", ".join(f"{name} predicts {target}" for target, name in targets.items())
        raise SettingsError(f"Models of one target can be compared: {listed}.")


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: a file stands there; choose another name.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RUNS).is_dir():
        raise DataError(f"{folder}: holds something else than a comparison; choose another name.")


def _finished(
    waiting: Sequence[Combination], runs: Path, where: Where
) -> Iterator[tuple[Combination, dict[str, Any]]]:
    if not waiting:
        return
    count = min(where.workers or os.cpu_count() or 1, len(waiting))
    with workers(count, where.scheduler) as client:
        runs.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(runs / ".lock", timeout=0):
                for combination, found in run_all(client, run_combination, waiting):
                    row = found if isinstance(found, dict) else failed(combination, found)
                    yield combination, row
        except Timeout as error:
            raise DataError(f"{runs.parent}: another comparison is at work there.") from error


def _facts(data: Sequence[str | Path], variants: Sequence[Variant], seeds: int) -> dict[str, str]:
    return {
        "Datasets": ", ".join(map(str, data)),
        "Models": ", ".join(variant.name for variant in variants),
        "Seeds": f"1 to {seeds}",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
