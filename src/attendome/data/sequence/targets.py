"""From the values of a track's bases to the targets of a region, as Basenji prepares them.

1. Bases without a value (NaN) take the region's median; see ``fill``.
2. Blacklisted bases are at most that median.
3. Bins: the sum, mean or maximum over their bases; with ``sum_sqrt`` √(1 + sum) − 1.
4. Above ``clip_soft`` (c), values become c − 1 + √(x − c + 1).
5. Above ``clip``, they become that.
6. All are multiplied by ``scale``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

SUMMARIES = ("sum", "mean", "max", "sum_sqrt")
ORDER = "missing, blacklist, sum_stat, clip_soft, clip, scale"
"""What is done to a track, one after the other."""
FLOAT16_MAX = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class TargetRule:
    """How the values of a track's bases become targets.

    Attributes:
        sum_stat: one of ``SUMMARIES``.
        clip_soft: above it, values grow as the square root; infinite for no bound.
        clip: the highest value; infinite for no bound.
        scale: what all values are multiplied by.
    """

    sum_stat: str = "sum"
    clip_soft: float = np.inf
    clip: float = np.inf
    scale: float = 1.0


def median_of(bases: Float[np.ndarray, " base"]) -> float:
    """Give the median of the values that are there; 0 where fewer than half are.

    A file that leaves most bases out lists only those with reads: there nothing means 0.
    """
    known = bases[~np.isnan(bases)]
    return float(np.median(known)) if 2 * len(known) >= max(len(bases), 1) else 0.0


def fill(
    bases: Float[np.ndarray, " base"],
    blacklisted: Bool[np.ndarray, " base"],
    *,
    zero: bool = False,
) -> Float[np.ndarray, " base"]:
    """Fill bases without a value, and hold blacklisted ones down to the median.

    Args:
        bases: the values of a region's input; NaN where there is none.
        blacklisted: which bases are not to be trusted.
        zero: whether missing values are 0, which then counts for the median too.
    """
    if zero:
        bases = np.nan_to_num(bases, nan=0.0)
    median = median_of(bases)
    filled = np.where(np.isnan(bases), median, bases)
    return np.where(blacklisted, np.minimum(filled, median), filled)


def pool(
    bases: Float[np.ndarray, " base"], bin_size: int, rule: TargetRule
) -> Float[np.ndarray, " bin"]:
    """Sum up bases in bins, and clip and scale as the rule says.

    Args:
        bases: values of 0 or more, of whole bins.
        bin_size: length of a bin, in bp.
        rule: how.

    >>> pool(np.array([1.0, 2.0, 9.0, 9.0]), 2, TargetRule("sum_sqrt", clip=3.0)).tolist()
    [1.0, 3.0]
    """
    cells = bases.reshape(-1, bin_size)
    if rule.sum_stat == "max":
        values: np.ndarray[Any, np.dtype[np.float64]] = cells.max(axis=1)
    elif rule.sum_stat == "mean":
        values = cells.mean(axis=1)
    else:
        values = cells.sum(axis=1)
    if rule.sum_stat == "sum_sqrt":
        values = np.sqrt(1 + values) - 1
    return np.asarray(np.minimum(soft_clipped(values, rule.clip_soft), rule.clip) * rule.scale)


def soft_clipped(
    values: Float[np.ndarray, "..."], bound: float | Float[np.ndarray, " track"]
) -> Float[np.ndarray, "..."]:
    """Let values above a bound grow as the square root; an infinite bound changes none."""
    excess = np.maximum(values - bound, 0)
    return np.asarray(np.where(excess > 0, bound - 1 + np.sqrt(excess + 1), values))


def stored(values: Float[np.ndarray, " bin"], dtype: str) -> tuple[Float[np.ndarray, " bin"], int]:
    """Round values to the type they are stored in; count those that are too large for float16.

    These become its largest number, 65,504, since infinity would spoil a training.
    """
    if dtype != "float16":
        return values.astype(np.float32), 0
    # What is nearer to it than to the next number there would be is not too large.
    excess = int((values >= FLOAT16_MAX + 16).sum())
    return np.minimum(values, FLOAT16_MAX).astype(np.float16), excess
