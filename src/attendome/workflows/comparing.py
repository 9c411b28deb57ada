"""Compare models over datasets and seeds: train all, score all, and write the tables."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from attendome.config import suggestion
from attendome.data import open_dataset
from attendome.errors import DataError, SettingsError
from attendome.evaluation.comparison import Comparison, compare_models
from attendome.outputs import new_output
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
from attendome.workflows.scheduling import run_all, workers
from attendome.workflows.variants import Variant, read_variants

RESULTS, RUNS = "results.parquet", "runs"
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
    folder, where = Path(out), where or Where()
    _check_folder(folder)
    datasets = [open_dataset(path) for path in data]
    todo = combinations(datasets, variants, seeds, folder.resolve() / RUNS, search)
    for combination in todo:
        check_same(combination)
    rows = _kept(folder, todo)
    for name, row in rows.items():
        done(name, row | {"kept": True})
    waiting = [combination for combination in todo if combination.name not in rows]
    try:
        for combination, row in _finished(waiting, where):
            rows[combination.name] = row
            _save(rows, todo, folder)
            done(combination.name, row)
    except KeyboardInterrupt as error:
        error.add_note("Give the same command again: it goes on.")
        raise
    results = _save(rows, todo, folder)
    compared = None
    finished = results[results["status"] == "done"]
    if len(finished):
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


def _check_folder(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RUNS).is_dir():
        raise DataError(f"{folder}: holds something else than a comparison; choose another name.")


def _kept(folder: Path, todo: Sequence[Combination]) -> dict[str, dict[str, Any]]:
    """Give the rows of an earlier call that still hold: same data and settings, and done."""
    path = folder / RESULTS
    if not path.is_file():
        return {}
    try:
        before = pd.read_parquet(path)
        key = ["run", "fingerprint", "settings", "search"]
        done = before[before["status"] == "done"].set_index(key, drop=False)
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"{path}: damaged; remove it, and the runs are scored again.") from error
    kept = {}
    for combination in todo:
        row = combination.row()
        place = tuple(row[name] for name in key)
        if place in done.index and combination.run.is_dir():
            kept[combination.name] = _plain(done.loc[[place]].iloc[0]) | row
    return kept


def _plain(row: "pd.Series[Any]") -> dict[str, Any]:
    return {str(name): value for name, value in row.items()}


def _finished(
    waiting: Sequence[Combination], where: Where
) -> Iterator[tuple[Combination, dict[str, Any]]]:
    if not waiting:
        return
    count = min(where.workers or os.cpu_count() or 1, len(waiting))
    with workers(count, where.scheduler) as client:
        for combination, found in run_all(client, run_combination, waiting):
            row = found if isinstance(found, dict) else failed(combination, found)
            yield combination, row


def _save(
    rows: Mapping[str, Mapping[str, Any]], todo: Sequence[Combination], folder: Path
) -> pd.DataFrame:
    """Write a row per run that is done or failed, in the order of the combinations."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame([rows[c.name] for c in todo if c.name in rows])
    numbers = ["value", "low", "high", "valid", "seconds", "n", "epochs", "parameters"]
    table = table.reindex(columns=[*dict.fromkeys([*table.columns, *numbers])])
    table[numbers] = table[numbers].astype(float)
    with new_output(folder / RESULTS, force=True) as made:
        table.to_parquet(made, index=False)
    return table


def _facts(data: Sequence[str | Path], variants: Sequence[Variant], seeds: int) -> dict[str, str]:
    return {
        "Datasets": ", ".join(map(str, data)),
        "Models": ", ".join(variant.name for variant in variants),
        "Seeds": f"1 to {seeds}",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
