"""One combination of a comparison: a dataset, a model and a seed, trained and scored."""

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from attendome.data import ChromatinDataset
from attendome.errors import AttendomeError, DataError, RunError
from attendome.evaluation.predicted import Predicted
from attendome.genome.genes import without_version
from attendome.training import history
from attendome.workflows.configuration import CONFIG, read_config, trials_of
from attendome.workflows.run import METRICS, PREDICTIONS, Run
from attendome.workflows.scoring import OBSERVED
from attendome.workflows.training import Existing, train
from attendome.workflows.variants import Variant

_LONGEST = 80


@dataclass(frozen=True)
class Combination:
    """What is trained and scored once.

    Attributes:
        cell_type: name of the cell type.
        data: where its dataset is stored.
        fingerprint: SHA-256 of the dataset's content.
        variant: the model with its settings.
        seed: the seed.
        run: the run folder.
        search: how many settings to try, on the validation split; 0 for none.
    """

    cell_type: str
    data: Path
    fingerprint: str
    variant: Variant
    seed: int
    run: Path
    search: int = 0

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return f"{self.variant.name} on {self.cell_type}, seed {self.seed}"

    def row(self) -> dict[str, Any]:
        """Give the columns of its row in the results that say what it is."""
        return {
            "cell_type": self.cell_type,
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
    datasets: Sequence[ChromatinDataset],
    variants: Sequence[Variant],
    seeds: int,
    runs: Path,
    search: int = 0,
) -> list[Combination]:
    """List all combinations, seed by seed, so that a whole table is there early.

    Args:
        datasets: stored datasets.
        variants: the models.
        seeds: how many seeds, from 1.
        runs: the folder for the run folders.
        search: how many settings of each model to try, on the validation split.

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
        )
        for seed in range(1, seeds + 1)
        for name, dataset in named.items()
        for variant in variants
    ]


def _names(datasets: Sequence[ChromatinDataset]) -> list[str]:
    """Name the datasets by cell type or, where that does not tell them apart, by file."""
    cell_types = [dataset.cell_type for dataset in datasets]
    names = cell_types
    if len(set(names)) < len(names) or not all(names):
        names = [_stored(dataset).stem for dataset in datasets]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{names.count(name)} datasets are named {name} and of the cell types "
                f"{', '.join(cell_types)}; give them names, or cell types, that tell them apart."
            )
    return names


def safe_name(name: str) -> str:
    """Give a name that a folder can have.

    >>> safe_name("../K562"), safe_name("mlp[epochs=2]")
    ('_.._K562', 'mlp[epochs=2]')
    """
    plain = re.sub(r"[^\w.\-+=,\[\] ]", "_", name)
    plain = f"_{plain}" if plain.startswith(".") else plain
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}-{crc32(name.encode()):08x}"


def _stored(dataset: ChromatinDataset) -> Path:
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


def still_holds(row: Mapping[str, Any]) -> bool:
    """Tell whether a run was last scored as its row says; it may have been evaluated since."""
    try:
        scored = json.loads((Path(row["run"]) / METRICS).read_bytes())
    except (OSError, ValueError):
        return False
    value = scored.get(row["metric"], {}).get("value")
    return (scored.get("split"), scored.get("fingerprint"), value) == (
        "test",
        row["fingerprint"],
        row["value"],
    )


def run_combination(combination: Combination) -> dict[str, Any]:
    """Train, or go on with what was interrupted, and score on the test split; give the row."""
    began, resumed = time.monotonic(), (combination.run / CONFIG).is_file()
    run = _trained(combination)
    scores = run.evaluate(split="test").to_dict()
    summary = run.training_summary()
    metric = history.METRICS[run.description.readout.target]
    return combination.row() | {
        "status": "done",
        "error": "",
        "metric": metric,
        **scores[metric],
        "n": scores["n"],
        "valid": summary[f"valid_{metric}"],
        "epochs": summary["epochs"],
        "parameters": sum(weights.numel() for weights in run.model.parameters()) or None,
        "seconds": math.nan if resumed else time.monotonic() - began,
        "settings": json.dumps(run.config.settings),
    }


def _trained(combination: Combination) -> Run:
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
    target = combination.variant.complete(combination.seed)["target"]
    return combination.row() | {
        "status": "failed",
        "error": said,
        "metric": history.METRICS[target],
    }


def predictions(results: pd.DataFrame) -> list[Predicted]:
    """Read what the runs of a comparison predicted for the genes scored.

    Args:
        results: a row per run that is done.
    """
    found = []
    for (cell_type, model), rows in results.groupby(["cell_type", "model"], sort=False):
        tables = [pd.read_parquet(Path(run) / PREDICTIONS) for run in rows["run"]]
        column = "probability" if "probability" in tables[0] else "predicted_expression"
        known = "label" if column == "probability" else OBSERVED
        first, *others = (table[["gene", known]] for table in tables)
        if not all(first.equals(other) for other in others):
            raise DataError(f"{rows['run'].iloc[0]}: other genes than in the runs of other seeds.")
        genes = tuple(without_version(first["gene"]))
        predicted = np.stack([table[column].to_numpy(float) for table in tables])
        observed = first[known].to_numpy(float)
        found.append(Predicted(str(cell_type), str(model), genes, observed, predicted))
    return found
