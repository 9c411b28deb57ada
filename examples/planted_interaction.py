"""Which models can learn that two marks act together? Print a Markdown table of test AUROCs.

Simulates genes whose expression depends on the product of the activities of two marks and on
nothing else, so that each mark alone says nothing. A model that adds up one term per mark, such as
lstm-alpha, cannot do better than chance, however long it is trained; one that joins the marks can:

    python examples/planted_interaction.py
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import attendome as ad
from attendome.data.simulation import SimulationSettings

CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "attentive-chrome, PyTorch's initialisation": (
        "attentive-chrome",
        {"initialisation": "pytorch"},
    ),
    "attentive-chrome, published initialisation": ("attentive-chrome", {}),
    "cnn-alpha-beta": ("cnn-alpha-beta", {}),
    "lstm-attention": ("lstm-attention", {}),
    "lstm": ("lstm", {}),
    "cnn-attention": ("cnn-attention", {}),
    "deep-chrome": ("deep-chrome", {}),
    "mlp": ("mlp", {}),
    "lstm-alpha": ("lstm-alpha", {}),
}
SIMULATION = {
    "bins": 20,
    "bin_size": 500,
    "marks": [
        {"name": "H3K4me3", "start": -0.2, "end": 0.4, "height": 10},
        {"name": "H3K27me3", "start": -0.5, "end": 0.5, "height": 10},
    ],
    "interaction": {"marks": ["H3K4me3", "H3K27me3"], "strength": 1},
}


def test_auroc(data: ad.ChromatinDataset, model: str, settings: dict[str, Any], seed: int) -> float:
    """Train once; give the AUROC on the test split."""
    with tempfile.TemporaryDirectory() as folder:
        run = ad.train(data, model, Path(folder) / "run", settings, seed=seed)
        return float(run.evaluate(data).auroc.value or 0)


def main() -> None:
    """Read the options, train, and print a row per model."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=2, help="trainings per model (default 2)")
    options = parser.parse_args()
    print("| model | test AUROC, mean | of each seed |\n|---|---|---|")
    training = {"learning_rate": 1e-3, "epochs": options.epochs, "patience": options.epochs}
    for name, (model, settings) in CANDIDATES.items():
        found = []
        for seed in range(1, options.seeds + 1):
            values = SIMULATION | {"genes": options.genes, "seed": seed}
            data = ad.simulate_chromatin(SimulationSettings.model_validate(values))
            found.append(test_auroc(data, model, settings | training, seed))
        each = ", ".join(f"{value:.3f}" for value in found)
        print(f"| {name} | {np.mean(found):.3f} | {each} |", flush=True)


if __name__ == "__main__":
    main()
