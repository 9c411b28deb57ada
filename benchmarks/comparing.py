"""Time the bootstrap of AUROC that models are compared by: ours and scikit-learn, side by side.

Simulated are the predictions of some models for the test genes of one cell type. scikit-learn
scores one resample of one prediction at a time, here only some of them; its time is scaled up to
all, in proportion. Both score the same resamples, and must agree.

Prints JSON: seconds of both, and the ratio.

    python benchmarks/comparing.py
"""

import argparse
import json
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from attendome.evaluation import resampling


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--genes", type=int, default=6600)
    parser.add_argument("--predictions", type=int, default=45)  # 15 models with 3 seeds
    parser.add_argument("--naive-resamples", type=int, default=20)
    parser.add_argument("--ties", action="store_true", help="round the predictions")
    given = parser.parse_args()
    generator = np.random.default_rng(0)
    labels = (generator.random(given.genes) < 0.5).astype(np.int8)
    noise = generator.normal(size=(given.predictions, given.genes))
    predicted = (labels + noise).astype(np.float32)
    if given.ties:
        predicted = predicted.round(1)

    begin = time.perf_counter()
    drawn = resampling.draw_weights(given.genes, seed=0)
    ours = resampling.resampled_scores(labels, predicted, "auroc", drawn)
    ours_seconds = time.perf_counter() - begin

    chosen = [
        np.repeat(np.arange(given.genes), column) for column in drawn.T[: given.naive_resamples]
    ]
    begin = time.perf_counter()
    naive = [[roc_auc_score(labels[c], row[c]) for c in chosen] for row in predicted]
    naive_seconds = (time.perf_counter() - begin) * resampling.RESAMPLES / len(chosen)
    np.testing.assert_allclose(ours[:, : len(chosen)], naive, rtol=1e-9)
    figures = {
        "genes": given.genes,
        "predictions": given.predictions,
        "resamples": resampling.RESAMPLES,
        "ours_seconds": ours_seconds,
        "naive_seconds": naive_seconds,
        "ratio": naive_seconds / ours_seconds,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
