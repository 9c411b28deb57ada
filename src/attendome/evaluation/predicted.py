"""Predictions of the runs of a comparison, and their scores over bootstrap resamples."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Num

from attendome.errors import DataError
from attendome.evaluation.paired_tests import Draws
from attendome.evaluation.resampling import Metric, draw_weights, resampled_scores


@dataclass(frozen=True)
class Predicted:
    """Predictions of one model for the test genes of one cell type, by all its seeds.

    Attributes:
        cell_type: name of the cell type.
        model: the model, as the user named it.
        genes: IDs of the genes, each once.
        observed: label (0 or 1), or log expression, per gene.
        predicted: probability or log odds of on, or log expression; a row per seed.
    """

    cell_type: str
    model: str
    genes: tuple[str, ...]
    observed: Num[np.ndarray, "gene"]
    predicted: Float[np.ndarray, "seed gene"]


def draw_scores(
    scored: pd.DataFrame, predictions: Sequence[Predicted], metric: Metric, seed: int
) -> Draws:
    """Give the bootstrap distribution of each model's value in each cell type."""
    given = {(entry.cell_type, entry.model): entry for entry in predictions}
    genes = pd.Index(sorted({gene for entry in predictions for gene in entry.genes}))
    drawn = draw_weights(len(genes), seed)
    draws: Draws = {}
    for cell_type in scored["cell_type"].unique():
        counts = Counter(scored.loc[scored["cell_type"] == cell_type, "model"])
        entries = [
            _fitting(given.get((cell_type, model)), f"{model} in {cell_type}", count)
            for model, count in counts.items()
        ]
        first = entries[0]
        for entry in entries:
            same = entry.genes == first.genes and np.array_equal(entry.observed, first.observed)
            if not same:
                raise DataError(
                    f"{cell_type}: {entry.model} and {first.model} were not tested on the "
                    "same genes; run the comparison again in a new folder."
                )
        rows = np.concatenate([entry.predicted for entry in entries])
        of_cell_type = drawn[genes.get_indexer(pd.Index(first.genes))]
        scores = resampled_scores(first.observed, rows, metric, of_cell_type)
        parts = np.split(scores, np.cumsum(list(counts.values()))[:-1])
        for entry, part in zip(entries, parts, strict=True):
            draws[entry.cell_type, entry.model] = part.mean(axis=0)
    return draws


def _fitting(entry: Predicted | None, what: str, count: int) -> Predicted:
    found = 0 if entry is None else len(entry.predicted)
    if entry is None or found != count:
        raise DataError(
            f"{what}: expected predictions of {count} finished runs, found {found}; run the "
            "comparison again."
        )
    return entry
