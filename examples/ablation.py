"""Take the parts of attentive-set away, one at a time, and print a Markdown table.

Each row is trained on every dataset with every seed and scored on the validation split; the test
split is never looked at. The last row adds what the default leaves out, log expression as a second
target, and needs datasets that hold expression:

    python examples/ablation.py E123.zarr E065.zarr E116.zarr
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import attendome as ad

PARTS: dict[str, dict[str, Any]] = {
    "default": {},
    "counts instead of log counts": {"transform": "counts"},
    "log counts without their depth": {"transform": "log1p"},
    "single bins instead of means of two": {"pool": 1},
    "no linear part of a mark's value": {"linear": False},
    "β from each mark alone": {"interaction": False},
    "no mark dropout": {"mark_dropout": 0},
    "no dropout": {"dropout": 0},
    "one member": {"members": 1},
    "and log expression as a second target": {"expression_weight": 1},
}


def auroc(data: ad.ChromatinDataset, settings: dict[str, Any], seed: int) -> float:
    """Train once; give the AUROC of the best epoch on the validation split."""
    with tempfile.TemporaryDirectory() as folder:
        run = ad.train(data, "attentive-set", Path(folder) / "run", settings, seed=seed)
        return float(pd.read_csv(run.path / "history.csv")["valid_auroc"].max())


def main() -> None:
    """Read the options, train, and print a row per part."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", help="datasets, such as E123.zarr")
    parser.add_argument("--seeds", type=int, default=3, help="trainings per dataset (default 3)")
    parser.add_argument("--epochs", type=int, help="most epochs, for a quick trial")
    options = parser.parse_args()
    datasets = [ad.open_dataset(path) for path in options.data]
    common = {"epochs": options.epochs} if options.epochs else {}
    print("| attentive-set | validation AUROC | difference to the default, mean ± sd |")
    print("|---|---|---|")
    default = None
    for name, settings in PARTS.items():
        found = np.array(
            [
                auroc(data, common | settings, seed)
                for data in datasets
                for seed in range(1, options.seeds + 1)
            ]
        )
        default = found if default is None else default
        change = found - default
        difference = f"{change.mean():+.4f} ± {change.std():.4f}" if settings else "–"
        print(f"| {name} | {found.mean():.4f} | {difference} |", flush=True)


if __name__ == "__main__":
    main()
