"""The sequences of a variant's two alleles as a model reads them, and back to the genome's bins.

A model reads windows of one length. Those of the genome start at multiples of a step, so that
variants near each other share one; a variant lies at most half a step off the centre of its window.

An allele of another length moves what lies on one side of it. It is read twice, in two windows of
the same length: in one, the bases to the left of the variant stand where the genome's window has
them, in the other those to the right; what is missing or too much is taken from, or cut off, the
far end. Bins to the left of the variant are then those of the first prediction and bins to its
right those of the second, exactly, whatever the difference in length. In the bins that the variant
touches, every base has its share (1 / bin size) of the coverage of the bin it was predicted in.
The share of bases of the new allele goes to the bases that they replace, in equal parts, or where
they replace none, to the bin that they are inserted into; deleted bases have none. So coverage is
neither lost nor made up. Alleles of one length need nothing of this.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from attendome.genome.fasta import Genome
from attendome.genome.vcf import Variant
from attendome.models.sequence.shape import SequenceShape

_CODES = {letter: code for code, letter in enumerate("ACGTN")}
Codes = UInt8[np.ndarray, " position"]


class Change(NamedTuple):
    """A variant without the bases that both of its alleles begin or end with.

    Attributes:
        start: of the bases that are replaced, 0-based.
        end: of the same, half-open; equal to ``start`` where bases are inserted.
        alt: what they are replaced with.
    """

    start: int
    end: int
    alt: str

    @property
    def growth(self) -> int:
        """Number of bases by which the new allele is longer."""
        return len(self.alt) - (self.end - self.start)


def change_of(variant: Variant) -> Change:
    """Take off the bases that both alleles end with, then those that both begin with.

    >>> change_of(Variant("chr1", 10, "CAA", "CA")), change_of(Variant("chr1", 10, "AC", "AT"))
    (Change(start=11, end=12, alt=''), Change(start=11, end=12, alt='T'))
    """
    ref, alt, start = variant.ref, variant.alt, variant.position
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, start = ref[1:], alt[1:], start + 1
    return Change(start, start + len(ref), alt)


class Bins(NamedTuple):
    """The bins that a window's prediction is of.

    Attributes:
        start: of the first, 0-based.
        size: length of each, in bp.
        number: of them.
    """

    start: int
    size: int
    number: int

    @property
    def end(self) -> int:
        """End of the last bin, half-open."""
        return self.start + self.size * self.number

    def overlapping(self, start: int, end: int) -> slice:
        """Give the bins that an interval overlaps, 0-based and half-open."""
        first = (start - self.start) // self.size
        behind = -((self.start - end) // self.size)
        return slice(*(min(max(place, 0), self.number) for place in (first, behind)))

    def shares(self, start: int, end: int) -> Float[Tensor, "bin"]:
        """Give the share of each bin that an interval covers."""
        edges = self.start + self.size * torch.arange(self.number + 1, dtype=torch.float64)
        return edges.clamp(start, end).diff().div(self.size).float()


class Windows:
    """Where a model reads the genome for a variant.

    Args:
        shape: what the model reads and predicts.
        step: distance between windows, in bp; taken in whole bins, at least one, and at most a
            quarter of what is predicted.

    Attributes:
        longest: bases of the longest allele that a window holds.
    """

    def __init__(self, shape: SequenceShape, step: int) -> None:
        self.shape = shape
        self._step = max(min(step // shape.bin_size, shape.bins // 4), 1) * shape.bin_size
        self.longest = max(shape.bins * shape.bin_size // 2 - self._step, 1)

    def start(self, change: Change) -> int:
        """Give the first base of the window of a variant; below 0 near a chromosome's start."""
        centre = (change.start + change.end) // 2
        nearest = (centre + self._step // 2) // self._step * self._step
        return nearest - self.shape.positions // 2 * self.shape.bin_size

    def bins(self, start: int) -> Bins:
        """Give the bins that are predicted for a window."""
        return Bins(start + self.shape.crop, self.shape.bin_size, self.shape.bins)


def sequences(
    genome: Genome, chrom: str, change: Change, window: Codes, start: int
) -> tuple[Codes, ...]:
    """Give a window with the new allele: one of it, or two where the length changes.

    Args:
        genome: where more bases are read from, where the new allele is shorter.
        chrom: chromosome.
        change: the variant.
        window: codes of the genome's window, A C G T N = 0..4.
        start: of the window, 0-based.

    Returns:
        The window in which bases left of the variant stand where the genome has them, and the one
        in which those to its right do; the same one, once, where both do.
    """
    alt = np.array([_CODES[letter] for letter in change.alt], dtype=np.uint8)
    end, growth = start + len(window), change.growth
    more = max(-growth, 0)
    left, right = window[: change.start - start], window[change.end - start :]
    anchored = np.concatenate([left, alt, right, genome.read(chrom, end, end + more)])
    if growth == 0:
        return (anchored,)
    other = np.concatenate([genome.read(chrom, start - more, start), left, alt, right])
    return anchored[: len(window)], other[-len(window) :]


def on_reference(
    left: Float[Tensor, "bin track"], right: Float[Tensor, "bin track"], change: Change, bins: Bins
) -> Float[Tensor, "bin track"]:
    """Put the coverage of an allele of another length on the genome's bins.

    Args:
        left: predicted for the window in which bases left of the variant are in their place.
        right: predicted for that in which bases to the right are.
        change: the variant.
        bins: what the predictions are of.
    """
    before = bins.shares(bins.start, change.start).to(left)[:, None]
    after = bins.shares(change.end, bins.end).to(left)[:, None]
    allele = bins.shares(change.start, change.start + len(change.alt)).to(left) @ left
    replaced = bins.shares(change.start, change.end).to(left)
    if change.start == change.end:
        replaced[(change.start - bins.start) // bins.size] = 1
    return before * left + after * right + (replaced / replaced.sum())[:, None] * allele
