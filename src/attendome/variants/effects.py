"""How much an allele changes the predicted coverage, in numbers.

All are natural logarithms of a fold change, ln((alt + c) / (ref + c)) with the pseudo-count c:
of one allele over the genome's, 0 where nothing changes, above 0 where the allele has more.
"""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from attendome.config import Settings
from attendome.training.sequence.inference import Averaging
from attendome.variants.alleles import Bins, Change, on_reference

SCORES = ("site_sum", "site_max", "window_sum", "tss")
"""Names of the scores."""


class EffectSettings(Settings):
    """How the effects of variants are computed."""

    site: int = Field(default=2048, ge=2)
    """Width of the surroundings of a variant that count as its site, in bp: half on each side."""
    pseudocount: float = Field(default=1.0, gt=0)
    """Coverage that is added to that of both alleles before they are compared."""
    genes: Literal["nearest", "all"] = "nearest"
    """Which of the genes whose TSS is predicted: the nearest, or all of them."""
    step: int = Field(default=4096, ge=1)
    """Distance between the windows that are predicted, in bp; variants in one share a reference. At
    most a quarter of what is predicted counts."""
    averaging: Averaging = Averaging(reverse_complement=True)
    """What predictions are averaged over, before they are compared."""


class Effects(NamedTuple):
    """What one allele changes.

    Attributes:
        site_sum: of the coverage summed over the bins that the variant's site overlaps.
        site_max: of the largest of these bins, each allele's own.
        window_sum: of the coverage summed over all predicted bins.
        tss: of the bin of the TSS of each gene.
    """

    site_sum: Float[Tensor, "track"]
    site_max: Float[Tensor, "track"]
    window_sum: Float[Tensor, "track"]
    tss: Float[Tensor, "gene track"]


def effects(
    ref: Float[Tensor, "bin track"],
    alt: tuple[Float[Tensor, "bin track"], ...],
    change: Change,
    bins: Bins,
    tss: list[int],
    settings: EffectSettings,
) -> Effects:
    """Compare what is predicted for two alleles.

    Args:
        ref: predicted for the genome.
        alt: predicted for each of the windows of ``sequences``.
        change: the variant.
        bins: what the predictions are of.
        tss: of the genes to look at, 0-based, within the bins.
        settings: width of the site, pseudo-count.
    """
    left, right = alt[0], alt[-1]
    placed = left if len(alt) == 1 else on_reference(left, right, change, bins)
    start, end = change.start - settings.site // 2, change.end + settings.site // 2
    site = bins.overlapping(start, end)
    # Of the allele's own bins: one with an insertion put into it would be larger.
    near_left = left[bins.overlapping(start, change.start + max(len(change.alt), 1))]
    near_right = right[bins.overlapping(change.end - len(change.alt), end)]
    largest = torch.cat([near_left, near_right]).amax(0)
    at_tss = [(place - bins.start) // bins.size for place in tss]

    def fold(ref: Tensor, alt: Tensor) -> Tensor:
        return ((alt + settings.pseudocount) / (ref + settings.pseudocount)).log().float()

    def total(coverage: Tensor) -> Tensor:
        return coverage.sum(0, dtype=torch.float64)  # what is far away changes it but little

    return Effects(
        fold(total(ref[site]), total(placed[site])),
        fold(ref[site].amax(0), largest),
        fold(total(ref), total(placed)),
        fold(ref[at_tss], placed[at_tss]),
    )


class Genes:
    """Where genes start, to be found by place.

    Args:
        table: a row per gene, indexed by ``gene``, with ``chrom`` (as the genome names it) and
            ``tss`` (0-based), as ``read_genes`` gives them.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        ordered = table.sort_values("tss", kind="stable")
        self._places = {
            str(chrom): (rows["tss"].to_numpy(np.int64), rows.index.astype(str).to_numpy(object))
            for chrom, rows in ordered.groupby("chrom")
        }

    def within(
        self, chrom: str, start: int, end: int, near: int | None = None
    ) -> list[tuple[str, int]]:
        """Give the ID and the TSS of each gene whose TSS is in an interval, 0-based and half-open.

        Args:
            chrom: chromosome.
            start: of the interval.
            end: of the interval.
            near: give only the gene whose TSS is nearest to this place.
        """
        if chrom not in self._places:
            return []
        tss, names = self._places[chrom]
        first, behind = np.searchsorted(tss, [start, end])
        found = list(zip(names[first:behind].tolist(), tss[first:behind].tolist(), strict=True))
        if near is None or not found:
            return found
        return [min(found, key=lambda gene: abs(gene[1] - near))]
