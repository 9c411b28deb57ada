"""Does the prediction hang on what a map ranks first?

Cells (mark × bin) are removed from a gene's signal, or added to an empty one, in the order of their
importance. Petsiuk, Das, Saenko: RISE. BMVC 2018, arXiv 1806.07421; Samek et al.: Evaluating the
visualization of what a deep neural network has learned. IEEE TNNLS 2017, arXiv 1509.06321.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.integrate import trapezoid

from attendome.interpretation.estimates import PerGene, Resamples
from attendome.interpretation.held_out import ALL_MARKS, Cells
from attendome.interpretation.marks import OnMarks, Signal

SHARES = np.linspace(0, 1, 21)
"""Shares of the cells that are removed, or added."""
RANDOM = "random order"
_RANDOM_ORDERS = 5

Curves = dict[str, Float[np.ndarray, "gene share"]]
"""``deletion`` and ``insertion``."""


class Faithfulness:
    """Curves of the order that a method gives, beside those of random order.

    Args:
        model: the model.
        signal: the genes to try it on.
        towards: 1 for genes predicted on (or high), −1 for others.
        seed: seed of the random orders, of ties and of the resamples.
    """

    def __init__(
        self, model: OnMarks, signal: Signal, towards: Int[np.ndarray, " gene"], seed: int = 0
    ) -> None:
        self.model, self.signal, self.towards = model, signal, towards
        self._generator = np.random.default_rng(seed)
        self._resamples = Resamples(len(signal), seed)
        same = np.zeros(tuple(signal.shape))
        orders = [self._curves(same) for _ in range(_RANDOM_ORDERS)]
        self.random = {name: np.mean([c[name] for c in orders], axis=0) for name in orders[0]}

    def curves(self, importance: Cells, *, signed: bool) -> Curves:
        """Follow the prediction while cells go, or come, the most important first.

        Args:
            importance: of the genes.
            signed: whether importance above 0 speaks for on; that towards the class predicted then
                comes first. Otherwise the highest does.

        Returns:
            ``deletion``: how far the prediction has fallen, in the direction of the class
            predicted, when a share of the cells is removed; ``insertion``: how far it has risen
            from that of an empty signal when a share is there. In log odds, or log2 expression; for
            both, more is more faithful, and all orders end at the same value.
        """
        return self._curves(importance * self.towards[:, None, None] if signed else importance)

    def rows(self, method: str, curves: Curves) -> Iterator[dict[str, Any]]:
        """Give the mean area under each curve, and that of random order with the difference."""
        for check, values in curves.items():
            about = {"method": method, "profile": ALL_MARKS, "check": check}
            area, by_chance = _area(values), _area(self.random[check])
            yield about | {"null": ""} | self._resamples.mean(area)
            yield about | {"null": RANDOM} | self._resamples.mean(area, by_chance)

    def _curves(self, first: Cells) -> Curves:
        place = torch.from_numpy(self._places(first))
        cells = place[0].numel()
        left, added = [], []
        for count in np.rint(SHARES * cells).astype(int):
            chosen = place < count
            left.append(self._predict(self.signal.masked_fill(chosen, 0)))
            added.append(self._predict(self.signal.masked_fill(~chosen, 0)))
        return {
            "deletion": np.stack([left[0] - value for value in left], axis=1),
            "insertion": np.stack([value - added[0] for value in added], axis=1),
        }

    def _places(self, first: Cells) -> Int[np.ndarray, "gene mark bin"]:
        """Give the place of each cell in the order of its gene; ties are in random order."""
        flat = first.reshape(len(first), -1)
        order = np.lexsort((self._generator.random(flat.shape), -flat), axis=1)
        return np.argsort(order, axis=1).reshape(first.shape)

    def _predict(self, signal: Signal) -> PerGene:
        return np.asarray(self.model.predict(signal).double().numpy() * self.towards)


def _area(curve: Float[np.ndarray, "gene share"]) -> PerGene:
    return np.asarray(trapezoid(curve, SHARES, axis=1))
