"""Write bigWig files as their content is computed: one piece of a chromosome after another."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import repeat
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from attendome.errors import DataError

Stretches = tuple[str, Int[np.ndarray, " _"], Int[np.ndarray, " _"], Float[np.ndarray, " _"]]
"""A chromosome, and the start, end (0-based, half-open, in bp) and value of stretches of it."""
_PIECE = 1 << 18


def write_stretches(path: Path, lengths: Mapping[str, int], pieces: Iterable[Stretches]) -> None:
    """Write a bigWig file.

    Args:
        path: the file to make.
        lengths: length of each of its chromosomes, in bp.
        pieces: what it holds, sorted by chromosome, by name, and by start; no two overlap.

    Raises:
        DataError: the file could not be written.
    """
    import pybigtools

    rows = _Rows(pieces)
    with closing(pybigtools.open(str(path), "w")) as file:
        file.write(dict(sorted(lengths.items())), rows)
    # The library prints what goes wrong, and raises nothing.
    if rows.fault:
        raise rows.fault
    try:
        with pybigtools.open(str(path)) as made:
            bases = made.info()["summary"]["basesCovered"]
    except pybigtools.BBIReadError:
        bases = None
    if not rows.taken or bases != rows.bases:
        raise DataError(f"{path.name}: could not be written whole; is the disk full?")


def filled(
    length: int, position: Int[np.ndarray, " base"], value: Float[np.ndarray, " base"]
) -> tuple[Int[np.ndarray, " stretch"], Int[np.ndarray, " stretch"], Float[np.ndarray, " stretch"]]:
    """Cover a chromosome with stretches: those of single bases, and 0 between them.

    A base that a bigWig file leaves out is one that was not measured, which is another thing.

    Args:
        length: length of the chromosome, in bp.
        position: bases, sorted, no two the same.
        value: the value of each.

    Returns:
        Start, end and value of each stretch, sorted; together they cover the chromosome once.

    >>> filled(5, np.array([0, 3]), np.array([1.0, 2.0]))
    (array([0, 1, 3, 4]), array([1, 3, 4, 5]), array([1., 0., 2., 0.]))
    """
    start = np.empty(2 * len(position) + 1, np.int64)
    start[0], start[1::2], start[2::2] = 0, position, position + 1
    values = np.zeros(len(start))
    values[1::2] = value
    end = np.append(start[1:], length)
    there = start < end
    return start[there], end[there], values[there]


class _Rows:
    """Rows for the library, and what happened while it took them."""

    def __init__(self, pieces: Iterable[Stretches]) -> None:
        self.bases = 0
        self.taken = False
        self.fault: BaseException | None = None
        self._pieces = pieces

    def __iter__(self) -> Iterator[tuple[str, int, int, float]]:
        try:
            for name, start, end, value in self._pieces:
                self.bases += int((end - start).sum())
                for first in range(0, len(start), _PIECE):
                    part = slice(first, first + _PIECE)
                    columns = (start[part].tolist(), end[part].tolist(), value[part].tolist())
                    yield from zip(repeat(name), *columns)
            self.taken = True
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - Ctrl-C too: raised once the library is left
            self.fault = error
