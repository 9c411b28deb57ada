"""Compare settings of a model on the validation split, and print a Markdown table.

Each candidate is trained once per seed; the test split is never looked at. For the tables of
docs/default-settings.md:

    python examples/search_settings.py E123.zarr
    python examples/search_settings.py E123.zarr --model deep-chrome --seeds 2
"""

import argparse
import itertools
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

import attendome as ad

ATTENTIVE_CHROME: dict[str, dict[str, Any]] = {
    "counts, lr 2e-4 (preset paper)": {"preset": "paper"},
    "log1p, lr 2e-4": {"learning_rate": 2e-4},
    "log1p, lr 5e-4 (default)": {},
    "log1p, lr 1e-3": {"learning_rate": 1e-3},
    "log1p, lr 3e-3": {"learning_rate": 3e-3},
    "log1p, lr 1e-3, dropout .3": {"learning_rate": 1e-3, "dropout": 0.3},
    "log1p, lr 1e-3, batch 32": {"learning_rate": 1e-3, "batch_size": 32},
    "log1p, lr 1e-3, weight decay .01": {"learning_rate": 1e-3, "weight_decay": 0.01},
    "depth-normalised, lr 1e-3": {"learning_rate": 1e-3, "transform": "depth-normalised"},
}
OTHERS: dict[str, dict[str, Any]] = {
    f"log1p, lr {rate:g}, dropout {dropout:g}": {
        "transform": "log1p",
        "learning_rate": rate,
        "dropout": dropout,
        "epochs": 50,
    }
    for rate, dropout in itertools.product((3e-4, 1e-3, 3e-3), (0.0, 0.5))
}


def best_epoch(
    data: ad.ChromatinDataset, model: str, settings: dict[str, Any], seed: int
) -> pd.Series:
    """Train once; give the row of the history with the best validation AUROC."""
    with tempfile.TemporaryDirectory() as folder:
        run = ad.train(data, model, Path(folder) / "run", settings, seed=seed)
        history = pd.read_csv(run.path / "history.csv").set_index("epoch")
        return history.loc[run.training_summary()["best"]]


def main() -> None:
    """Read the options, train, and print a row per candidate."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="a dataset, such as E123.zarr")
    parser.add_argument("--model", default="attentive-chrome", help="see: attendome models")
    parser.add_argument("--seeds", type=int, default=3, help="trainings per candidate (default 3)")
    parser.add_argument("--epochs", type=int, help="most epochs, for a quick trial")
    options = parser.parse_args()
    data = ad.open_dataset(options.data)
    print("| setting | validation AUROC | validation loss |\n|---|---|---|")
    candidates = ATTENTIVE_CHROME if options.model == "attentive-chrome" else OTHERS
    for name, settings in candidates.items():
        values = settings | ({"epochs": options.epochs} if options.epochs else {})
        rows = [
            best_epoch(data, options.model, values, seed) for seed in range(1, options.seeds + 1)
        ]
        mean = pd.DataFrame(rows).mean()
        print(f"| {name} | {mean['valid_auroc']:.4f} | {mean['valid_loss']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
