"""Where intervals of a file lie on the chromosomes that are wanted."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int

from attendome.errors import DataError
from attendome.genome.chromosomes import matching

_UNKNOWN = np.iinfo(np.int64).max


def numbers(
    names: Sequence[str], seen: Iterable[str], chromosomes: Sequence[str]
) -> Int[np.ndarray, " name"]:
    """Give the number of each of these names among the chromosomes, −1 where it is none of them.

    Args:
        names: names in a file.
        seen: all names that the file is known to have.
        chromosomes: the chromosomes that are wanted.
    """
    meant = matching(seen, chromosomes)
    known = {name: number for number, name in enumerate(chromosomes)}
    return np.array([known[meant[name]] if name in meant else -1 for name in names], np.int64)


def known_ends(
    chromosomes: Sequence[str], lengths: Mapping[str, int]
) -> Int[np.ndarray, " number"]:
    """Give the length of each chromosome, in bp; the farthest number where it is not known.

    The last entry, which the number −1 points to, stands for all other chromosomes.
    """
    return np.array([*(lengths.get(name, _UNKNOWN) for name in chromosomes), _UNKNOWN], np.int64)


def check_ends(
    path: Path,
    chromosomes: Sequence[str],
    ends: Int[np.ndarray, " number"],
    chrom: Int[np.ndarray, " interval"],
    start: Int[np.ndarray, " interval"],
    end: Int[np.ndarray, " interval"],
) -> None:
    """Check that intervals end before their chromosome does.

    Raises:
        DataError: one does not; it is named.
    """
    beyond = end > ends[chrom]
    if beyond.any():
        first = int(beyond.argmax())
        name, length = chromosomes[chrom[first]], ends[chrom[first]]
        raise DataError(
            f"{path}: {name}:{start[first]}-{end[first]} lies beyond the end of {name}, which is "
            f"{length:,} bp long. All files must be of one assembly."
        )
