"""Which models learn what enhancers do to promoters near and far? Print a Markdown table.

Simulates DNA in which promoters are driven by enhancers near to them and far from them, trains the
architectures on it alike, and measures on the test regions how much of the enhancers' effect the
predictions explain: the partial correlation of log prediction and log gain at the bin of each TSS,
with the local rate taken out (attendome.evaluation.sequence.distal). The dilated convolutions here
reach 14% of the region to each side, as Basenji's do 13% of 131 kb; near is 2-10%, far 16-47%:

    python examples/distal_simulation.py OUT

OUT gets the datasets, the run folders, results.tsv (a row per model and seed) and table.md.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import attendome as ad
from attendome.evaluation.sequence.distal import distal_scores

SIMULATION = {
    "length": 4096,
    "bin_size": 16,
    "promoters": 6,
    "enhancers": 4,
    "depth": 30,
    "dispersion": 0.05,
    "split": "random:valid=0.1428,test=0.2857",
}
CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "standard": ("standard", {}),
    "dilated": ("dilated", {"layers": 4}),
    "attention, two-sided": ("attention", {"position": "two-sided"}),
    "hybrid, scaled dot product": ("hybrid", {"layers": 4, "score": "scaled"}),
    "hybrid": ("hybrid", {"layers": 4}),
}
TRAINING = {"scale": "small", "learning_rate": 2e-3, "beta2": 0.99, "batch_size": 4, "shift": 0}
MEASURES = {"near": "near", "far": "far", "local": "local rate", "pearson": "Pearson, all tracks"}


def results(out: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Simulate, train and measure; give a row per model and seed."""
    training = TRAINING | {"epochs": options.epochs, "patience": options.epochs}
    for seed in range(1, options.seeds + 1):
        simulation = SIMULATION | {"regions": options.regions, "seed": seed}
        data = ad.simulate_sequence(out / f"seed{seed}.zarr", simulation)
        for name in options.models:
            model, settings = CANDIDATES[name]
            folder = out / f"seed{seed}" / name.replace(",", "").replace(" ", "-")
            run = ad.train(data, model, folder, settings | training, seed=seed)
            found = vars(distal_scores(run.model, data))
            found |= {"pearson": run.evaluate(split="test").pearson.overall}
            parameters = sum(p.numel() for p in run.model.parameters())
            row = {"model": name, "seed": seed, "parameters": parameters}
            for measure, estimate in found.items():
                row |= {measure: estimate.value}
                row |= {f"{measure}_low": estimate.low, f"{measure}_high": estimate.high}
            yield row


def table(rows: pd.DataFrame) -> Iterator[str]:
    """Give the lines of a Markdown table: means over seeds, their intervals, and each seed's value.

    The seeds' regions are different ones: the half-widths of their intervals add up in squares.
    """
    yield f"| model | parameters | {' | '.join(MEASURES.values())} |"
    yield "|---" * (len(MEASURES) + 2) + "|"
    for name, of_model in rows.groupby("model", sort=False):
        cells = [str(name), f"{of_model['parameters'].iloc[0]:,}"]
        for measure in MEASURES:
            value, each = of_model[measure].mean(), of_model[measure]
            below, above = (
                np.sqrt(((each - of_model[f"{measure}_{end}"]) ** 2).sum()) / len(each)
                for end in ("low", "high")
            )
            seeds = ", ".join(f"{one:.2f}" for one in each)
            cells.append(f"{value:.2f} [{value - below:.2f}, {value + above:.2f}] ({seeds})")
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Read the options, train, write the results, and print a row per model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder to make")
    parser.add_argument("--regions", type=int, default=700)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=3, help="default 3")
    parser.add_argument("--models", nargs="+", default=list(CANDIDATES), choices=CANDIDATES)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    found = []
    for row in results(options.out, options):
        found.append(row)
        rows = pd.DataFrame(found)
        rows.to_csv(options.out / "results.tsv", sep="\t", index=False, float_format="%.4f")
    lines = "\n".join(table(rows))
    (options.out / "table.md").write_text(lines + "\n", encoding="utf-8")
    print(lines)


if __name__ == "__main__":
    main()
