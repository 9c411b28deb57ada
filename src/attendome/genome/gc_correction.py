"""Correct coverage for the share of G and C around, which decides how well DNA is sequenced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from attendome.errors import DataError
from attendome.genome.chromosomes import check_lengths, reconcile
from attendome.genome.events import layer_of, position_of
from attendome.genome.fasta import Genome
from attendome.genome.multimapping import Shared, kernel

_SMOOTHING = 64.0  # bp, the standard deviation of the Gaussian
_HALF = 192  # bp, where it is cut off
_WINDOW = 2 * _HALF
_BACKGROUND = 0.01
_WINDOWS = 20_000
_FEWEST = 100
_WEIGHT = kernel(_SMOOTHING, _HALF)[:-1] / kernel(_SMOOTHING, _HALF)[:-1].sum()
_OTHER, _GC, _UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Correction:
    """How coverage is corrected for G and C.

    Attributes:
        factor: what the coverage of each site is multiplied with.
        windows: number of windows that the curve was fitted to.
        explained: share of the variance of log coverage between those that the curve explains.
        missing: chromosomes with reads that have no sequence; their factors are 1.
    """

    factor: Float[np.ndarray, " site"]
    windows: int
    explained: float
    missing: list[str]


@dataclass(frozen=True)
class _Windows:
    """Windows of 384 bp without unknown bases: averages, and bases with reads of several places."""

    gc: Float[np.ndarray, " window"]
    coverage: Float[np.ndarray, " window"]
    places: Int[np.ndarray, " window"]


def check_genome(genome: Genome, lengths: Mapping[str, int]) -> dict[str, str]:
    """Check that a genome is the one of the reads.

    Args:
        genome: the genome.
        lengths: length of each chromosome of the reads, in bp.

    Returns:
        The reads' name of each of the genome's chromosomes that is one of theirs.

    Raises:
        DataError: it has none of the chromosomes, or one of another length.
    """
    names = reconcile(genome.lengths, lengths, str(genome.path))
    theirs = {ours: genome.lengths[name] for name, ours in names.items()}
    check_lengths(theirs, lengths, str(genome.path))
    return names


def gc_correction(
    shared: Shared,
    lengths: dict[str, int],
    genome: Genome,
    *,
    as_published: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Correction:
    """Find by what to multiply coverage so that it does not depend on the share of G and C.

    Share of G and C and coverage (of reads with one place, and .01 at each base) are averaged with
    a Gaussian of 64 bp over windows of 384 bp without N. A cubic polynomial is fitted to the log
    coverage of 20,000 windows, those with the fewest places of reads with several first. Coverage
    is multiplied by exp(mean prediction of all windows − prediction at the base). Reads of both
    strands are taken together.

    Memory: about 4 bytes per base of the longest chromosome.

    Args:
        shared: the coverage.
        lengths: length of each chromosome, in bp, in the order of its number.
        genome: the genome.
        as_published: as in Basenji's bam_cov.py: the fit is to log2, its use with e; the window of
            the coverage lies 192 bp before that of the sequence; lower-case G and C do not count.
        progress: called with the number of bases read since the last call.

    Raises:
        DataError: the genome is another one, or there are too few windows.
    """
    chrom, base = layer_of(shared.site) % len(lengths), position_of(shared.site)
    numbers = {name: number for number, name in enumerate(lengths)}
    gc = np.full(len(shared.site), np.nan)
    windows, found = [], check_genome(genome, lengths)
    for name, ours in found.items():
        here = np.flatnonzero(chrom == numbers[ours])
        letters = genome.letters(name, 0, lengths[ours])
        code = _coded(letters, lower_case=not as_published)
        gc[here] = _around(code, base[here], _WEIGHT)
        several = shared.value[here] != shared.unique[here]
        ahead = _HALF if as_published else 0
        windows.append(_windows(code, base[here], shared.unique[here], several, ahead=ahead))
        progress(len(letters))
    fit = _fitted(genome, windows, in_twos=as_published)
    names = [list(lengths)[number] for number in np.unique(chrom)]
    return Correction(
        factor=np.where(np.isnan(gc), 1.0, np.exp(fit.baseline - fit.curve(gc))),
        windows=fit.windows,
        explained=fit.explained,
        missing=[name for name in names if name not in found.values()],
    )


@dataclass(frozen=True)
class _Fit:
    curve: np.polynomial.Polynomial
    baseline: float
    windows: int
    explained: float


def _fitted(genome: Genome, parts: list[_Windows], *, in_twos: bool) -> _Fit:
    from sklearn.linear_model import Ridge

    gc, coverage, places = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("gc", "coverage", "places")
    )
    if len(gc) < _FEWEST:
        raise DataError(
            f"{genome.path}: has {len(gc)} windows of {_WINDOW} bp without N on the chromosomes of "
            f"the reads; a correction for G and C needs {_FEWEST} or more."
        )
    mixed = np.random.default_rng(0).permutation(len(gc))
    chosen = mixed[np.argsort(places[mixed], kind="stable")[:_WINDOWS]]
    powers, log = gc[:, None] ** [1, 2, 3], np.log2 if in_twos else np.log
    target = log(coverage[chosen])
    model = Ridge().fit(powers[chosen], target)
    return _Fit(
        curve=np.polynomial.Polynomial([model.intercept_, *model.coef_]),
        baseline=float(model.predict(powers).mean()),
        windows=len(chosen),
        explained=float(model.score(powers[chosen], target)),
    )


def _coded(letters: bytes, *, lower_case: bool) -> UInt8[np.ndarray, " base"]:
    table = np.full(256, _UNKNOWN, np.uint8)
    for bases, code in (("AT", _OTHER), ("GC", _GC)):
        table[list(bases.encode())] = code
        table[list(bases.lower().encode())] = code if lower_case else _OTHER
    return table[np.frombuffer(letters, np.uint8)]


def _windows(
    code: UInt8[np.ndarray, " base"],
    base: Int[np.ndarray, " site"],
    coverage: Float[np.ndarray, " site"],
    several: Bool[np.ndarray, " site"],
    *,
    ahead: int,
) -> _Windows:
    """Average over the windows of a chromosome but its first, each next to the one before.

    Args:
        code: the sequence.
        base: bases with events.
        coverage: events at each.
        several: whether reads with several places are among them.
        ahead: how far the windows of the coverage lie before those of the sequence, in bp.
    """
    count = len(code) // _WINDOW
    cells = code[: count * _WINDOW].reshape(count, _WINDOW)
    whole = ~(cells == _UNKNOWN).any(axis=1)
    whole[:1] = False  # there is no coverage ahead of it
    window, place = np.divmod(base + ahead, _WINDOW)
    # Bases behind the last whole window fall into two more, which are not used.
    total = np.bincount(window, coverage * _WEIGHT[place], minlength=count + 2)
    places = np.bincount(base[several] // _WINDOW, minlength=count + 2)
    return _Windows(
        gc=_around(code, np.flatnonzero(whole) * _WINDOW + _HALF, _WEIGHT),
        coverage=total[:count][whole] + _BACKGROUND,
        places=places[:count][whole],
    )


@no_type_check  # compiled: it cannot be checked as it runs
@numba.njit(cache=True)
def _around(
    code: UInt8[np.ndarray, " base"],
    base: Int[np.ndarray, " site"],
    weight: Float[np.ndarray, " distance"],
) -> Float[np.ndarray, " site"]:
    """Average G and C around some bases, over known bases; NaN where there are none."""
    share = np.empty(len(base))
    half = len(weight) // 2
    for number, middle in enumerate(base):
        gc = known = 0.0
        for place in range(max(middle - half, 0), min(middle + half, len(code))):
            if code[place] != _UNKNOWN:
                known += weight[place - middle + half]
                gc += weight[place - middle + half] * code[place]
        share[number] = gc / known if known > 0 else np.nan
    return share
