"""Train the published networks with several seeds, and print a Markdown table of their AUROCs.

The settings are chosen before: the test split has no part in them. For docs/default-settings.md:

    python examples/published_networks.py E123.zarr
"""

import argparse
import tempfile
from pathlib import Path

import attendome as ad
from attendome.models.registry import MODELS


def aurocs(data: ad.ChromatinDataset, model: str, preset: str, seed: int) -> list[float]:
    """Train once; give the AUROC on the validation and on the test split."""
    with tempfile.TemporaryDirectory() as folder:
        run = ad.train(data, model, Path(folder) / "run", {"preset": preset}, seed=seed)
        return [run.evaluate(data, split).auroc.value or 0 for split in ("valid", "test")]


def main() -> None:
    """Read the options, train, and print a row per model and preset."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", help="a dataset, such as E123.zarr")
    parser.add_argument("--models", default=",".join(MODELS), help="names, with commas between")
    parser.add_argument("--presets", default="default,paper", help="names, with commas between")
    parser.add_argument("--seeds", type=int, default=2, help="trainings per row (default 2)")
    options = parser.parse_args()
    data = ad.open_dataset(options.data)
    print("| model | preset | validation, of each seed | test, of each seed |\n|---|---|---|---|")
    for model in options.models.split(","):
        for preset in options.presets.split(","):
            seeds = range(1, options.seeds + 1)
            found = [aurocs(data, model, preset, seed) for seed in seeds]
            columns = [", ".join(f"{v:.4f}" for v in of) for of in zip(*found, strict=True)]
            print(f"| {model} | {preset} | {columns[0]} | {columns[1]} |", flush=True)


if __name__ == "__main__":
    main()
