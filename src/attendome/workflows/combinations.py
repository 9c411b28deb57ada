"""One combination of a comparison: a dataset, a model and a seed, trained and scored."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendome.data import ChromatinDataset, SequenceDataset
from attendome.errors import AttendomeError, DataError, RunError
from attendome.models.architectures import Task
from attendome.models.registry import architecture
from attendome.outputs import safe_name
from attendome.training import history
from attendome.workflows import comparing_chromatin
from attendome.workflows.configuration import CONFIG, read_config, trials_of
from attendome.workflows.run import Run
from attendome.workflows.run_folder import METRICS, Existing
from attendome.workflows.sequence import comparing as comparing_sequence
from attendome.workflows.sequence.run import REACH, SequenceRun
from attendome.workflows.training import train
from attendome.workflows.variants import Variant

Dataset = ChromatinDataset | SequenceDataset


@dataclass(frozen=True)
class Combination:
    """What is trained and scored once.

    Attributes:
        dataset: name of the dataset; of chromatin, of its cell type.
        data: where its dataset is stored.
        fingerprint: SHA-256 of the dataset's content.
        variant: the model with its settings.
        seed: the seed.
        run: the run folder.
        search: how many settings to try, on the validation split; 0 for none.
        reach: whether to score a model that reads DNA also with all that is far away masked.
    """

    dataset: str
    data: Path
    fingerprint: str
    variant: Variant
    seed: int
    run: Path
    search: int = 0
    reach: bool = False

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return f"{self.variant.name} on {self.dataset}, seed {self.seed}"

    @property
    def task(self) -> Task:
        """The kind of data that the model reads."""
        return architecture(self.variant.model).task

    def row(self) -> dict[str, Any]:
        """Give the columns of its row in the results that say what it is."""
        return {
            "cell_type" if self.task == "chromatin" else "dataset": self.dataset,
            "model": self.variant.name,
            "architecture": self.variant.model,
            "seed": self.seed,
            "run": str(self.run),
            "data": str(self.data),
            "fingerprint": self.fingerprint,
            "asked": json.dumps(self.variant.complete(self.seed)),
            "search": self.search,
        }


def combinations(
    datasets: Sequence[Dataset],
    variants: Sequence[Variant],
    seeds: int,
    runs: Path,
    *,
    search: int = 0,
    reach: bool = False,
) -> list[Combination]:
    """List all combinations, seed by seed, so that a whole table is there early.

    Args:
        datasets: stored datasets.
        variants: the models.
        seeds: how many seeds, from 1.
        runs: the folder for the run folders.
        search: how many settings of each model to try, on the validation split.
        reach: whether to score also with all that is far away masked.

    Raises:
        DataError: two datasets have the same name.
    """
    named = dict(zip(_names(datasets), datasets, strict=True))
    prints = {name: dataset.fingerprint() for name, dataset in named.items()}
    return [
        Combination(
            name,
            _stored(dataset),
            prints[name],
            variant,
            seed,
            runs / safe_name(name) / safe_name(variant.name) / f"seed-{seed}",
            search,
            reach,
        )
        for seed in range(1, seeds + 1)
        for name, dataset in named.items()
        for variant in variants
    ]


def _names(datasets: Sequence[Dataset]) -> list[str]:
    """Name the datasets by cell type or, where that does not tell them apart, by file."""
    cell_types = [data.cell_type for data in datasets if isinstance(data, ChromatinDataset)]
    names = cell_types
    if len(set(names)) < len(datasets) or not all(names):
        names = [_stored(dataset).stem for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            of, or_by = (
                (f" and of the cell types {', '.join(cell_types)}", ", or cell types,")
                if cell_types
                else ("", "")
            )
            raise DataError(
                f"{names.count(name)} datasets are named {name}{of}; give them names{or_by} that "
                "tell them apart."
            )
    return names


def _stored(dataset: Dataset) -> Path:
    if dataset.path is None:
        raise DataError(f"{dataset.name}: not stored; save it first.")
    return dataset.path.resolve()


def check_same(combination: Combination) -> None:
    """Check that a run which stands there already is of the same data and settings.

    Raises:
        RunError: it is not, or it is damaged.
    """
    if not (combination.run / CONFIG).is_file():
        return
    config = read_config(combination.run)
    wanted = combination.variant.complete(combination.seed)
    other = [] if config.fingerprint == combination.fingerprint else ["data"]
    if combination.search != trials_of(combination.run):
        other.append("search")
    elif not combination.search:  # what was searched for is not known beforehand
        other += [name for name, value in wanted.items() if config.settings.get(name) != value]
    if other:
        raise RunError(
            f"{combination.run}: a run of {combination.name}, but with other {', '.join(other)}; "
            "choose another folder for the comparison."
        )


def still_holds(combination: Combination, row: Mapping[str, Any]) -> bool:
    """Tell whether a run was last scored as its row says; it may have been evaluated since."""
    try:
        scored = json.loads((combination.run / METRICS).read_bytes())
    except (OSError, ValueError):
        return False
    if combination.reach and not (combination.run / REACH).is_file():
        return False
    found = scored.get(row["metric"], {})
    value = found.get("overall", found).get("value")
    return (scored.get("split"), scored.get("fingerprint"), value) == (
        "test",
        row["fingerprint"],
        row["value"],
    )


def run_combination(combination: Combination) -> dict[str, Any]:
    """Train, or go on with what was interrupted, and score on the test split; give the row."""
    began, resumed = time.monotonic(), (combination.run / CONFIG).is_file()
    run = _trained(combination)
    trained = math.nan if resumed else time.monotonic() - began
    if isinstance(run, Run):
        found = comparing_chromatin.scored(run)
    else:
        found = comparing_sequence.scored(run, trained, reach=combination.reach)
    return combination.row() | {
        "status": "done",
        "error": "",
        **found,
        "parameters": sum(weights.numel() for weights in run.model.parameters()) or None,
        "seconds": math.nan if resumed else time.monotonic() - began,
        "settings": json.dumps(run.config.settings),
    }


def _trained(combination: Combination) -> Run | SequenceRun:
    data, variant, folder = combination.data, combination.variant, combination.run
    settings = {**variant.settings, "seed": combination.seed}
    existing: Existing = "resume" if (folder / CONFIG).is_file() else "refuse"
    if combination.search:
        from attendome.workflows.searching import search_and_train  # Optuna is slow to import

        trials = combination.search
        return search_and_train(data, variant.model, folder, trials, settings, existing=existing)
    return train(data, variant.model, folder, settings, existing=existing)


def failed(combination: Combination, error: BaseException) -> dict[str, Any]:
    """Give the row of a combination that failed."""
    said = str(error) if isinstance(error, AttendomeError) else f"{type(error).__name__}: {error}"
    # Models of DNA have no target to choose: all are scored by Pearson's r, as expression is.
    target = combination.variant.complete(combination.seed).get("target", "expression")
    return combination.row() | {
        "status": "failed",
        "error": said,
        "metric": history.METRICS[target],
    }
