"""Which methods find a planted truth, in which models? Print a Markdown table.

Simulates genes whose expression depends on three marks at known places, beside two marks of strong
signal that say nothing, and bumps of a planted mark at places that say nothing. Trains models, has
the test genes explained by every method that each takes, and holds the maps against the truth:

    python examples/recovery.py
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import attendome as ad
from attendome.data.simulation import SimulationSettings
from attendome.interpretation.methods import methods_of
from attendome.interpretation.recovery import recovery

MODELS = ("attentive-chrome", "attentive-set", "lstm-alpha", "deep-chrome", "svm")
BINS = {"bins": 50, "bin_size": 200}
HEAD = "| model | test AUROC | method | AUROC of planted cells | planted among the top 10 | marks |"


def explained(
    run: ad.Run, data: ad.ChromatinDataset, folder: Path
) -> Iterator[tuple[str, float, int, str]]:
    """Give of each method its name, and what it has found.

    That is the AUROC of planted cells, how many of the ten most important cells are planted, and
    the marks, those that say nothing in brackets, from the most to the least important.
    """
    jobs: list[tuple[str, str, dict[str, Any]]] = [(m, m, {}) for m in methods_of(run.config.model)]
    jobs.append(("occlusion, width=5", "occlusion", {"width": 5}))
    for title, method, settings in jobs:
        maps = run.explain(data.split("test"), method, folder / f"{title}.zarr", settings=settings)
        found = recovery(maps, data.xarray)
        names = {row.mark: row.mark if row.planted else f"({row.mark})" for row in found.marks}
        sizes = [row.importance for row in found.marks]
        ranked = " > ".join(names[mark] for mark in found.by_importance())
        marks = "all alike" if np.ptp(sizes) < 1e-5 * max(sizes) else ranked
        yield title, found.cell_auroc, found.top_planted, marks


def main() -> None:
    """Read the options, train, explain, and print a row per model and method."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--models", nargs="+", default=MODELS)
    options = parser.parse_args()
    values = SimulationSettings.model_validate(BINS | {"genes": options.genes, "seed": 1})
    data = ad.simulate_chromatin(values)
    print(f"{HEAD}\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        for model in options.models:
            folder = Path(name) / model
            settings = {} if model == "svm" else {"epochs": options.epochs}
            run = ad.train(data, model, folder, settings, seed=1)
            score = run.evaluate(data).auroc.value
            for method, auroc, top, marks in explained(run, data, folder):
                row = (model, f"{score:.3f}", method, f"{auroc:.3f}", f"{top}/10", marks)
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
