"""How well attention finds a planted truth."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from sklearn.metrics import roc_auc_score


@dataclass(frozen=True)
class MarkRecovery:
    """What attention says of one mark of a simulation.

    Attributes:
        mark: name of the mark.
        effect: its planted weight in log expression.
        planted: whether any of its bins drives expression.
        weight: highest mean α·β of its bins.
        found: share of the k bins with the highest mean α that are planted, where k bins are
            planted; None for a mark that is not planted.
        chance: the share that is expected of a random order; None likewise.
    """

    mark: str
    effect: float
    planted: bool
    weight: float
    found: float | None
    chance: float | None


@dataclass(frozen=True)
class Recovery:
    """How attention ranks the cells (mark × bin) of a simulation against the planted truth.

    The weight of a cell is its mean α·β over genes, the share it has in the gene's representation.
    β alone does not rank marks: the LSTM over marks carries what one mark says to its neighbours.

    Attributes:
        marks: a row per mark, the one with the highest weight first.
        cell_auroc: AUROC of planted against other cells, by weight.
        top_planted: how many of the ten cells with the highest weight are planted.
        marks_first: whether the planted marks come before all others.
    """

    marks: list[MarkRecovery]
    cell_auroc: float
    top_planted: int
    marks_first: bool


def attention_recovery(maps: xr.Dataset, truth: xr.Dataset) -> Recovery:
    """Hold mean attention over genes against the truth of a simulation.

    Args:
        maps: ``alpha[gene, mark, bin]`` and ``beta[gene, mark]``.
        truth: the simulated dataset, with ``planted[mark, bin]`` and ``effect[mark]``.
    """
    truth = truth.sel(mark=maps["mark"])
    planted = truth["planted"].to_numpy()
    alpha = maps["alpha"].mean("gene").to_numpy()
    weight = (maps["alpha"] * maps["beta"]).mean("gene").to_numpy()
    rows = [
        _mark(str(mark), float(truth["effect"][m]), planted[m], alpha[m], float(weight[m].max()))
        for m, mark in enumerate(maps["mark"].to_numpy())
    ]
    rows.sort(key=lambda row: -row.weight)
    order = [row.planted for row in rows]
    highest = np.argsort(-weight.ravel(), kind="stable")[:10]
    return Recovery(
        marks=rows,
        cell_auroc=float(roc_auc_score(planted.ravel(), weight.ravel())),
        top_planted=int(planted.ravel()[highest].sum()),
        marks_first=order == sorted(order, reverse=True),
    )


def _mark(
    mark: str,
    effect: float,
    planted: np.ndarray[tuple[int], np.dtype[np.bool_]],
    alpha: np.ndarray[tuple[int], np.dtype[np.float32]],
    weight: float,
) -> MarkRecovery:
    count = int(planted.sum())
    top = np.argsort(-alpha, kind="stable")[:count]
    return MarkRecovery(
        mark=mark,
        effect=effect,
        planted=count > 0,
        weight=weight,
        found=float(planted[top].mean()) if count else None,
        chance=float(planted.mean()) if count else None,
    )
