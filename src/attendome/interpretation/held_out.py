"""Importance held against the signal of a mark that the model has never seen.

The paper's authors correlate the mean profile of α over genes predicted on with the mean signal of
H3K27ac (Singh, Lanchantin, Sekhon, Qi: Attend and Predict. NIPS 2017, arXiv 1708.00339, table 3).
Such a mean is high where the TSS is, whatever the model has learned; so the same is done gene by
gene, and beside profiles that know nothing of the model.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from attendome.interpretation.estimates import PerGene, Profiles, Resamples, pearson, ranked

Cells = Float[np.ndarray, "gene mark bin"]
ALL_MARKS = "all marks"
SIGNAL, DISTANCE = "raw signal", "distance to the TSS"
PERMUTED, UNTRAINED = "permuted genes", "untrained model"
_SHIFTS = 10
"""How many other genes the importance of a gene is exchanged for."""


@dataclass(frozen=True)
class HeldOut:
    """Genes predicted on, and what their importance is held against.

    Attributes:
        marks: the marks of the model.
        signal: what the model reads.
        target: the signal of the held-out mark.
        position: centre of each bin, in bp from the TSS.
    """

    marks: tuple[str, ...]
    signal: Cells
    target: Profiles
    position: Float[np.ndarray, " bin"]

    def rows(
        self, method: str, importance: Cells, untrained: Cells | None, seed: int = 0
    ) -> Iterator[dict[str, Any]]:
        """Hold a method against the mark, beside profiles that know nothing of what was learned.

        The size of the importance is what counts, |importance|; a signed one of a mark that
        represses would else be turned over.

        Args:
            method: its name.
            importance: of the model.
            untrained: of the same model with random weights; None where there is none.
            seed: seed of the resamples, and of the other genes.

        Returns:
            Rows of each mark's profile and of the sum over marks: the method's own (``null`` is
            empty), and one per null model with the method's difference to it. ``check`` is
            ``pearson`` or ``spearman``, means over genes of the correlation over bins, or ``mean
            profile``, Pearson's r of the two means over genes.
        """
        resamples, own = Resamples(len(self.target), seed), self._profiles(importance)
        nulls_of, others = self._nulls(untrained), self._shuffled(seed)
        for profile, values in own.items():
            nulls = {null: profiles[profile] for null, profiles in nulls_of.items()}
            about = {"method": method, "profile": profile}
            for check, transform in _PER_GENE.items():
                target, size = transform(self.target), transform(values)
                found = pearson(size, target)
                against = {n: pearson(transform(null), target) for n, null in nulls.items()}
                against[PERMUTED] = _mean_of([pearson(size[o], target) for o in others])
                yield about | {"check": check, "null": ""} | resamples.mean(found)
                for null, beside in against.items():
                    yield about | {"check": check, "null": null} | resamples.mean(found, beside)
            about["check"] = "mean profile"
            yield about | {"null": ""} | resamples.mean_profiles(values, self.target)
            for null, beside in nulls.items():
                compared = resamples.mean_profiles(values, self.target, beside)
                yield about | {"null": null} | compared

    def _profiles(self, importance: Cells) -> dict[str, Profiles]:
        size = np.abs(importance).astype(float)
        of_marks = {mark: size[:, number] for number, mark in enumerate(self.marks)}
        return of_marks | {ALL_MARKS: size.sum(axis=1)}

    def _nulls(self, untrained: Cells | None) -> dict[str, dict[str, Profiles]]:
        # Marks are on scales of their own: none is to drown the others.
        mean = self.signal.mean(axis=(0, 2), keepdims=True, dtype=float)
        distance = np.broadcast_to(-np.abs(self.position), self.target.shape)
        nulls = {
            SIGNAL: self._profiles(self.signal / np.where(mean == 0, 1, mean)),
            DISTANCE: dict.fromkeys((*self.marks, ALL_MARKS), distance),
        }
        return nulls if untrained is None else nulls | {UNTRAINED: self._profiles(untrained)}

    def _shuffled(self, seed: int) -> list[np.ndarray[Any, np.dtype[np.intp]]]:
        """Give each gene some other genes, in random order."""
        genes = len(self.target)
        order = np.random.default_rng(seed).permutation(genes)
        place = np.argsort(order)
        return [np.roll(order, shift)[place] for shift in range(1, min(_SHIFTS, genes - 1) + 1)]


_PER_GENE: Mapping[str, Callable[[Profiles], Profiles]] = {
    "pearson": lambda profiles: profiles,
    "spearman": ranked,
}


def _mean_of(correlations: list[PerGene]) -> PerGene:
    """Give the mean of those that have a value."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.asarray(np.nanmean(correlations, axis=0))
