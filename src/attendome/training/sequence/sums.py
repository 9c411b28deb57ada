"""What is kept of predictions to score them: sums per region and track, in float64."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from attendome.data import SequenceDataset
from attendome.errors import RunError
from attendome.outputs import new_output

_NAMES = ("region", "track", "assay")
_TRACKS = 256  # scored at a time: what is computed on the way is not small
# What rounding leaves of the variance of equal numbers, as a share of their mean square: around
# zero, and around a point near their mean.
_ROUNDING, _ROUNDING_CENTRED = 1e-24, 1e-12


class Agreement(NamedTuple):
    """How predictions agree with coverage, over all bins of all regions.

    Attributes:
        pearson: Pearson's r; 0 where the prediction is the same everywhere, which counts against
            the model.
        r2: coefficient of determination, 1 − SS_res / SS_tot.
    """

    pearson: Float64[Tensor, "resample track"]
    r2: Float64[Tensor, "resample track"]


class RegionSums:
    """Sums over the bins of each region and track, from which Pearson's r and R² are computed.

    Kept are the number of bins with known coverage, the means of coverage and prediction over
    these bins, and the sums of squares and products of the deviations from the means. They lose no
    digits where the mean is large against the spread, as plain sums of squares would.

    Attributes:
        regions: names of the regions, such as ``chr1:0-131072``.
        tracks: names of the tracks.
        assays: assay of each track.
        moments: number of bins, mean coverage, mean prediction, sum of squares of coverage and of
            prediction, sum of products.
    """

    def __init__(
        self,
        regions: Sequence[str],
        tracks: Sequence[str],
        assays: Sequence[str],
        device: torch.device | str = "cpu",
    ) -> None:
        self.regions, self.tracks, self.assays = tuple(regions), tuple(tracks), tuple(assays)
        shape = (6, len(self.regions), len(self.tracks))
        self.moments: Float64[Tensor, "6 region track"]
        self.moments = torch.zeros(shape, dtype=torch.float64, device=device)
        self._times = torch.zeros(len(self.regions), dtype=torch.float64, device=device)

    @classmethod
    def of(cls, data: SequenceDataset, device: torch.device | str = "cpu") -> "RegionSums":
        """Make empty sums for all regions and tracks of a dataset."""
        places = data.regions[["chrom", "start", "end"]].itertuples(index=False)
        names = [f"{chrom}:{start}-{end}" for chrom, start, end in places]
        return cls(names, data.tracks.index.tolist(), data.tracks["assay"].tolist(), device)

    @torch.no_grad()
    def add(
        self,
        numbers: Int[Tensor, " batch"],
        observed: Float[Tensor, "batch bin track"],
        predicted: Float[Tensor, "batch bin track"],
    ) -> None:
        """Take in whole regions; one that is taken in again is replaced.

        Args:
            numbers: which of the regions they are.
            observed: coverage; bins of NaN are left out.
            predicted: predicted coverage. NaN or infinity makes the track's scores NaN.
        """
        y, p = (values.to(self.moments, copy=True) for values in (observed, predicted))
        known = ~y.isnan()
        count = known.sum(dim=1).to(y)
        means = []
        for values in (y, p):
            values.masked_fill_(~known, 0)
            means.append(values.sum(dim=1) / count.clamp(min=1))
            values.sub_(means[-1][:, None]).masked_fill_(~known, 0)
        products = [(a * b).sum(dim=1) for a, b in ((y, y), (p, p), (y, p))]
        self.moments[:, numbers] = torch.stack([count, *means, *products])
        self._times[numbers] = 1

    def reduce(self) -> None:
        """Bring together what the processes of a distributed training have each taken in."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(self.moments)
            torch.distributed.all_reduce(self._times)
            # Where regions do not divide evenly, some are taken in by two processes.
            self.moments /= self._times.clamp(min=1)[:, None]
            self._times.clamp_(max=1)

    def pearson(self) -> Float64[Tensor, " track"]:
        """Give Pearson's r of each track, as ``agreement`` with every region once."""
        return self._plain().pearson[0]

    def r2(self) -> Float64[Tensor, " track"]:
        """Give the coefficient of determination of each track, likewise."""
        return self._plain().r2[0]

    def _plain(self) -> Agreement:
        return self.agreement(self.moments.new_ones(1, len(self.regions)))

    def agreement(self, weights: Float64[Tensor, "resample region"]) -> Agreement:
        """Score the tracks, each region counted as often as its weight says.

        Args:
            weights: a row per resample.

        Returns:
            The scores; NaN where no coverage is known or it is the same everywhere.
        """
        parts = [_agreement(part, weights) for part in torch.split(self.moments, _TRACKS, dim=2)]
        return Agreement(*(torch.cat(scores, dim=1) for scores in zip(*parts, strict=True)))

    def save(self, path: Path) -> None:
        """Write the sums as a NumPy archive, replacing what stands there."""
        named = zip(_NAMES, (self.regions, self.tracks, self.assays), strict=True)
        names = {name: np.array(values, dtype=np.str_) for name, values in named}
        arrays: dict[str, Any] = {"moments": self.moments.cpu().numpy(), **names}
        with new_output(path, force=True) as made, made.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> "RegionSums":
        """Read what ``save`` has written.

        Raises:
            RunError: the file is missing or damaged.
        """
        try:
            # A file that NumPy opens itself stays open where it is damaged.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:
                sums = cls(*(saved[name].tolist() for name in _NAMES))
                moments = torch.from_numpy(saved["moments"].astype(np.float64, copy=False))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise _unreadable(path) from error
        if moments.shape != sums.moments.shape or len(sums.assays) != len(sums.tracks):
            raise _unreadable(path)
        sums.moments = moments
        return sums


def _agreement(
    moments: Float64[Tensor, "6 region track"], weights: Float64[Tensor, "resample region"]
) -> Agreement:
    n, y, p, yy, pp, yp = moments
    # Deviations from the track's mean instead of from zero: the same result, with less lost.
    around_y, around_p = ((n * mean).sum(0) / n.sum(0).clamp(min=1) for mean in (y, p))
    dy, dp = y - around_y, p - around_p
    ny, np_ = n * dy, n * dp
    parts = (n, ny, np_, yy + ny * dy, pp + np_ * dp, yp + ny * dp)
    # One product of matrices for all of them.
    n, ny, np_, yy, pp, yp = (weights @ torch.cat(parts, dim=1)).chunk(6, dim=1)
    dy, dp = ny / n, np_ / n
    ss_y = _spread(yy, ny * dy, n * around_y**2)
    ss_p = _spread(pp, np_ * dp, n * around_p**2)
    ss_yp = yp - ny * dp
    ss_y = torch.where(ss_y > 0, ss_y, torch.nan)
    r = ss_yp / (ss_y.sqrt() * torch.where(ss_p == 0, torch.inf, ss_p).sqrt())
    bias = dy + around_y - dp - around_p
    return Agreement(r, 1 - (ss_y + ss_p - 2 * ss_yp + n * bias**2) / ss_y)


def _spread(
    squares: Float64[Tensor, "resample track"],
    of_mean: Float64[Tensor, "resample track"],
    of_zero: Float64[Tensor, "resample track"],
) -> Float64[Tensor, "resample track"]:
    """Take the mean from sums of squares; 0 where no more than rounding is left."""
    spread = squares - of_mean
    nothing = spread <= _ROUNDING_CENTRED * squares + _ROUNDING * of_zero
    return spread.masked_fill(nothing, 0)


def _unreadable(path: Path) -> RunError:
    return RunError(
        f"{path}: missing or damaged; make it again with: attendome evaluate {path.parent}"
    )
