"""Bring the targets of a Basenji dataset into larger bins, or onto a linear scale.

A stored target is, as Basenji's programs make it: the bases' values times ``scale``; over the bases
of a bin their sum, mean or maximum; of ``sum_sqrt`` then √(1 + x) − 1; above ``clip_soft`` (c)
c − 1 + √(x − c + 1); and no more than ``clip``. Only what is linear can be added up, so the soft
clip and the square root are undone first. The hard clip cannot be undone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from attendome.data.sequence.targets import soft_clipped
from attendome.errors import DataError

_SUMMED, _AVERAGED = ("sum", "sum_sqrt"), ("mean", "avg")
_KNOWN = (*_SUMMED, *_AVERAGED, "max")


@dataclass(frozen=True)
class Rebinning:
    """How the targets of each track are brought into larger bins.

    Attributes:
        factor: how many bins become one.
        linear: whether the result stays on the linear scale; otherwise square root, soft clip and
            clip are applied again.
        summary: ``sum``, ``sum_sqrt``, ``mean``, ``avg`` or ``max``, per track.
        clip: the highest value, per track; infinite for none.
        clip_soft: above it values grow as the square root, per track; infinite for none.
    """

    factor: int
    linear: bool
    summary: np.ndarray[Any, np.dtype[np.object_]]
    clip: Float[np.ndarray, " track"]
    clip_soft: Float[np.ndarray, " track"]

    @classmethod
    def of_tracks(cls, tracks: pd.DataFrame, factor: int, *, linear: bool) -> "Rebinning":
        """Take the rules from a table of tracks.

        Raises:
            DataError: a track has no sum_stat, or one that cannot be undone.
        """
        summary = tracks.get("sum_stat", pd.Series("", index=tracks.index))
        unknown = summary[~summary.isin(_KNOWN)]
        if len(unknown):
            raise DataError(
                f"The track '{unknown.index[0]}' has the sum_stat '{unknown.iloc[0]}', for which "
                f"bins cannot be joined; that is known of {', '.join(_KNOWN)}. Import the bins as "
                "they are."
            )
        clip, soft = (
            tracks.get(name, pd.Series(np.inf, index=tracks.index)).to_numpy(np.float64)
            for name in ("clip", "clip_soft")
        )
        return cls(factor, linear, summary.to_numpy(object), clip, soft)

    def clipped(self, stored: Float[np.ndarray, "bin track"]) -> Bool[np.ndarray, "bin track"]:
        """Tell which targets were cut off by the hard clip, so that they cannot be undone."""
        with np.errstate(over="ignore"):  # a bound that float16 does not hold is none
            return stored >= self.clip.astype(stored.dtype)

    def apply(self, stored: Float[np.ndarray, "bin track"]) -> Float[np.ndarray, "wide track"]:
        """Give the targets of a region in larger bins."""
        values = self._undone(stored.astype(np.float64))
        wide = values.reshape(len(values) // self.factor, self.factor, -1)
        joined = wide.sum(axis=1)
        averaged = np.isin(self.summary, _AVERAGED)
        joined[:, averaged] /= self.factor
        highest = self.summary == "max"
        joined[:, highest] = wide[:, :, highest].max(axis=1)
        return joined if self.linear else self._done(joined)

    def _undone(self, values: Float[np.ndarray, "bin track"]) -> Float[np.ndarray, "bin track"]:
        excess = np.maximum(values - self.clip_soft, 0)  # none, where there is no soft clip
        values = np.where(excess > 0, self.clip_soft - 1 + (excess + 1) ** 2, values)
        return np.where(self._rooted, (1 + values) ** 2 - 1, values)

    def _done(self, values: Float[np.ndarray, "bin track"]) -> Float[np.ndarray, "bin track"]:
        values = np.where(self._rooted, np.sqrt(np.maximum(1 + values, 0)) - 1, values)
        return np.asarray(np.minimum(soft_clipped(values, self.clip_soft), self.clip))

    @property
    def _rooted(self) -> Bool[np.ndarray, " track"]:
        return np.asarray(self.summary == "sum_sqrt")
