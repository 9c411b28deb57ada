"""How well maps of importance find a planted truth."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from sklearn.metrics import roc_auc_score


@dataclass(frozen=True)
class MarkRecovery:
    """What maps say of one mark of a simulation; sizes are means over genes, without sign.

    Attributes:
        mark: name of the mark.
        effect: its planted weight in log expression.
        planted: whether any of its bins drives expression.
        importance: size of the importance of the mark.
        weight: the largest size of the importance of its bins.
        found: share of its k most important bins that are planted, where k bins are planted; None
            for a mark that is not planted.
        chance: the share that is expected of a random order; None likewise.
    """

    mark: str
    effect: float
    planted: bool
    importance: float
    weight: float
    found: float | None
    chance: float | None


@dataclass(frozen=True)
class Recovery:
    """How maps rank the cells (mark × bin) of a simulation against the planted truth.

    By attention, the weight of a cell is the share it has in the gene's representation. β alone
    does not rank marks: the LSTM over marks carries what one mark says to its neighbours.

    Attributes:
        marks: a row per mark, the one with the highest weight first.
        cell_auroc: AUROC of planted against other cells, by the size of their importance.
        top_planted: how many of the ten most important cells are planted.
        marks_first: whether the planted marks come before all others, by weight.
    """

    marks: list[MarkRecovery]
    cell_auroc: float
    top_planted: int
    marks_first: bool

    def by_importance(self) -> list[str]:
        """Name the marks, the one with the highest importance of the whole mark first."""
        return [row.mark for row in sorted(self.marks, key=lambda row: -row.importance)]


def recovery(maps: xr.Dataset, truth: xr.Dataset) -> Recovery:
    """Hold the importance of cells and marks, over genes, against the truth of a simulation.

    Args:
        maps: ``importance[gene, mark, bin]`` and ``mark_importance[gene, mark]``.
        truth: the simulated dataset, with ``planted[mark, bin]`` and ``effect[mark]``.
    """
    truth = truth.sel(mark=maps["mark"])
    planted = truth["planted"].to_numpy()
    cells = abs(maps["importance"]).mean("gene").to_numpy()
    whole = abs(maps["mark_importance"]).mean("gene").to_numpy()
    rows = [
        _mark(str(mark), float(truth["effect"][m]), planted[m], cells[m], float(whole[m]))
        for m, mark in enumerate(maps["mark"].to_numpy())
    ]
    rows.sort(key=lambda row: -row.weight)
    order = [row.planted for row in rows]
    highest = np.argsort(-cells.ravel(), kind="stable")[:10]
    return Recovery(
        marks=rows,
        cell_auroc=float(roc_auc_score(planted.ravel(), cells.ravel())),
        top_planted=int(planted.ravel()[highest].sum()),
        marks_first=order == sorted(order, reverse=True),
    )


def _mark(
    mark: str,
    effect: float,
    planted: Bool[np.ndarray, " bin"],
    sizes: Float[np.ndarray, " bin"],
    importance: float,
) -> MarkRecovery:
    count = int(planted.sum())
    top = np.argsort(-sizes, kind="stable")[:count]
    return MarkRecovery(
        mark=mark,
        effect=effect,
        planted=count > 0,
        importance=importance,
        weight=float(sizes.max()),
        found=float(planted[top].mean()) if count else None,
        chance=float(planted.mean()) if count else None,
    )
