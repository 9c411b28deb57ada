"""The motifs of simulated promoters and enhancers."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

_MOTIFS = {"core": "TATAAAGGCGCAGT", "activator": "GGGCGTGACTCACC", "enhancer": "CAGATGACGTCATC"}
LEVELS = 3
"""So many bases from the consensus, a motif has no strength."""
_ACTIVATOR = 60
_CORE = 30
"""Bases from the beginning of the motif to the TSS."""


class Element(NamedTuple):
    """A promoter or an enhancer; see ``Simulated``."""

    region: int
    kind: str
    position: int
    strand: str
    strength: float


def write_motifs(
    sequence: UInt8[np.ndarray, " position"], element: Element, generator: np.random.Generator
) -> None:
    """Write the motifs of an element into the sequence of its region, A C G T as 0 to 3."""
    if element.kind == "promoter":
        _put(sequence, _motif("core"), element.position, _CORE, element.strand)
        changed = _weakened(_motif("activator"), element.strength, generator)
        _put(sequence, changed, element.position, _ACTIVATOR, element.strand)
    else:
        changed = _weakened(_motif("enhancer"), element.strength, generator)
        _put(sequence, changed, element.position, len(changed) // 2, element.strand)


def _motif(name: str) -> UInt8[np.ndarray, " base"]:
    return np.array(["ACGT".index(letter) for letter in _MOTIFS[name]], dtype=np.uint8)


def _weakened(
    motif: UInt8[np.ndarray, " base"], strength: float, generator: np.random.Generator
) -> UInt8[np.ndarray, " base"]:
    changed = motif.copy()
    places = generator.choice(len(motif), round((1 - strength) * LEVELS), replace=False)
    changed[places] = (changed[places] + generator.integers(1, 4, len(places))) % 4
    return changed


def _put(
    sequence: UInt8[np.ndarray, " position"],
    motif: UInt8[np.ndarray, " base"],
    position: int,
    upstream: int,
    strand: str,
) -> None:
    """Write a motif that begins so many bases upstream of a position, on a strand."""
    if strand == "+":
        start, written = position - upstream, motif
    else:
        start, written = position + upstream - len(motif) + 1, 3 - motif[::-1]
    sequence[start : start + len(motif)] = written
