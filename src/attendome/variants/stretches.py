"""Windows of the genome that overlap, read and held once."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import UInt8
from torch import Tensor

from attendome.genome.fasta import Genome
from attendome.training.sequence.augmentation import reverse_complement, shifted

LONGEST = 4
"""Length of the longest stretch, in windows: a model reads it whole."""


class GenomeWindows(NamedTuple):
    """Windows of the genome, as parts of stretches of it.

    Attributes:
        stretches: codes of bases, A C G T N = 0..4.
        places: of each window, the number of its stretch and where it begins there, in whole bins,
            in bp.
        length: of a window, in bp.
    """

    stretches: tuple[UInt8[Tensor, "base"], ...]
    places: tuple[tuple[int, int], ...]
    length: int

    def windows(self) -> UInt8[Tensor, "window position"]:
        """Give each window."""
        return torch.stack(
            [self.stretches[n][start : start + self.length] for n, start in self.places]
        )

    def to(self, device: torch.device) -> "GenomeWindows":
        """Give the same on another device."""
        return self._replace(stretches=tuple(stretch.to(device) for stretch in self.stretches))

    def view(self, shift: int, *, reverse: bool) -> "GenomeWindows":
        """Give the same shifted, then on the other strand."""
        stretches = [shifted(stretch, shift) for stretch in self.stretches]
        if not reverse:
            return self._replace(stretches=tuple(stretches))
        return self._replace(
            stretches=tuple(map(reverse_complement, stretches)),
            places=tuple((n, len(stretches[n]) - start - self.length) for n, start in self.places),
        )


def read_windows(genome: Genome, places: Sequence[tuple[str, int]], length: int) -> GenomeWindows:
    """Read windows; those that overlap are one stretch, of up to ``LONGEST`` of them end to end.

    Args:
        genome: the genome.
        places: chromosome and first base of each window, 0-based, sorted.
        length: of a window, in bp.
    """
    stretches: list[tuple[str, int, int]] = []
    found = []
    for chrom, start in places:
        other, first, end = stretches[-1] if stretches else ("", 0, 0)
        if chrom == other and start < min(end, first + (LONGEST - 1) * length):
            stretches.pop()
        else:
            first = start
        stretches.append((chrom, first, start + length))
        found.append((len(stretches) - 1, start - first))
    read = [torch.from_numpy(genome.read(*stretch)) for stretch in stretches]
    return GenomeWindows(tuple(read), tuple(found), length)
