"""Share out reads with several places, by the coverage around each: expectation maximisation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from attendome.genome.events import Events

_SMOOTHING = 16.0  # bp, the standard deviation of the Gaussian
_REACH = 48  # bp, where it is cut off
_BACKGROUND = 0.01  # of each base, so that a read without any other near counts too
_ENOUGH = 0.05
_ROUNDS = 50


@dataclass(frozen=True)
class Shared:
    """Coverage with all reads at their places.

    Attributes:
        site: the bases with any coverage, sorted; see ``Events``.
        value: the number of events at each.
        unique: the number of those from reads with one place.
        rounds: rounds of expectation maximisation; 0 where there was nothing to share out.
        change: what the last round moved, in reads per read with several places.
    """

    site: Int[np.ndarray, " site"]
    value: Float[np.ndarray, " site"]
    unique: Float[np.ndarray, " site"]
    rounds: int
    change: float

    @property
    def settled(self) -> bool:
        """Whether the rounds ended because the last moved little."""
        return self.rounds == 0 or self.change < _ENOUGH


def share_out(
    events: Events, *, equally: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Shared:
    """Add up events per base; a read with several places counts 1 over all of them.

    It starts with equal parts. In each round, coverage (of the reads with one place and the parts
    of the others, and .01 at each base) is smoothed along each chromosome by a Gaussian of 16 bp,
    cut off at 48 bp; beyond the ends of a chromosome there is .01. Then the parts of a read are
    made proportional to the smoothed coverage at its places. The rounds end when one moves less
    than .05 per read, or after 50.

    Memory: about 40 bytes per base with an event and 40 per place of a read with several; nothing
    per base of the genome.

    Args:
        events: the events.
        equally: leave the parts of a read equal.
        progress: called with 1 as each round begins.
    """
    site = np.sort(np.concatenate([events.site, events.place]))
    site = site[np.append(np.ones(min(len(site), 1), bool), site[1:] != site[:-1])]
    alone = np.searchsorted(site, np.sort(events.site))
    unique = np.bincount(alone, minlength=len(site)).astype(np.float64)
    at = np.searchsorted(site, events.place)
    asked = np.zeros(len(site), bool)
    asked[at] = True
    wanted, here = np.flatnonzero(asked), np.cumsum(asked)[at] - 1
    part = 1 / np.bincount(events.read)[events.read]
    rounds, change = 0, 0.0
    while not equally and len(part) and rounds < _ROUNDS and (not rounds or change >= _ENOUGH):
        rounds += 1
        progress(1)
        value = unique + np.bincount(at, part, minlength=len(site))
        smooth = _smoothed(site, value, wanted, kernel(_SMOOTHING, _REACH))[here] + _BACKGROUND
        new = smooth / np.bincount(events.read, smooth)[events.read]
        change = float(np.abs(new - part).sum()) / events.shared
        part = new
    value = unique + np.bincount(at, part, minlength=len(site))
    return Shared(site, value, unique, rounds, change)


def kernel(sd: float, reach: int) -> Float[np.ndarray, " distance"]:
    """Give the weights of a Gaussian at −reach, ..., reach, which add up to 1."""
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    return np.asarray(weight / weight.sum())


@no_type_check  # compiled: it cannot be checked as it runs
@numba.njit(cache=True)
def _smoothed(
    site: Int[np.ndarray, " site"],
    value: Float[np.ndarray, " site"],
    wanted: Int[np.ndarray, " wanted"],
    weight: Float[np.ndarray, " distance"],
) -> Float[np.ndarray, " wanted"]:
    """Smooth values that lie at sorted sites; give what that makes of some of them."""
    smooth = np.zeros(len(wanted))
    reach = len(weight) // 2
    first = 0
    for number, index in enumerate(wanted):
        while site[first] < site[index] - reach:
            first += 1
        near = first
        while near < len(site) and site[near] <= site[index] + reach:
            smooth[number] += value[near] * weight[site[near] - site[index] + reach]
            near += 1
    return smooth
