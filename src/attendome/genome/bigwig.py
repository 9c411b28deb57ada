"""Sum up bigWig files in bins."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from attendome.errors import DataError
from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import reconcile
from attendome.genome.tracks import BinnedTrack, empty_sums


def bigwig_lengths(path: Path) -> dict[str, int]:
    """Read the chromosomes of a bigWig file and their lengths in bp.

    Raises:
        DataError: the file is damaged.
    """
    with open_bigwig(path) as file:
        return {str(name): int(size) for name, size in file.chroms().items()}


def bin_bigwig(
    path: Path,
    grid: BinGrid,
    chromosomes: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> BinnedTrack:
    """Sum up a bigWig file in bins; bases off a chromosome's end are not covered.

    Args:
        path: the file.
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        progress: called with the number of windows read since the last call.

    Raises:
        DataError: the file is damaged, or shares no chromosome with the grid.
    """
    lengths = bigwig_lengths(path)
    names = reconcile(lengths, chromosomes, str(path))
    theirs = {chromosomes.index(ours): name for name, ours in names.items()}
    total, covered, highest = empty_sums(grid)
    with open_bigwig(path) as file:
        for window in np.lexsort((grid.start, grid.chrom)):
            name, start = theirs.get(int(grid.chrom[window])), int(grid.start[window])
            progress(1)
            if name is None:
                continue
            first, behind = max(start, 0), min(start + grid.window, lengths[name])
            bases = np.full(grid.window, np.nan)
            if first < behind:
                bases[first - start : behind - start] = file.values(
                    name, first, behind, fillna=None
                )
            cells = bases.reshape(grid.bins, grid.bin_size)
            present = ~np.isnan(cells)
            covered[window] = present.sum(axis=1)
            total[window] = cells.sum(axis=1, where=present)
            highest[window] = cells.max(axis=1, where=present, initial=-np.inf)
    return BinnedTrack(total, covered, highest, names)


@contextmanager
def open_bigwig(path: Path) -> Iterator[Any]:
    """Open a bigWig file with pybigtools.

    Raises:
        DataError: the file is damaged, or what is done with it meets damage.
    """
    import pybigtools

    try:
        with pybigtools.open(str(path)) as file:
            yield file
    except (KeyboardInterrupt, SystemExit, DataError):
        raise
    except BaseException as error:  # a damaged file makes the library panic, which is no Exception
        raise DataError(
            f"{path}: is not a whole bigWig file ({error}); copy or download it again."
        ) from error
