"""Means of scores over tracks, and the same over bootstrap resamples of the regions.

The unit of replication is the region: tracks of one experiment, or of alike cell types, go up and
down together, so that thousands of tracks are not thousands of observations. A resample counts
whole regions, for all tracks alike.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from attendome.evaluation.resampling import RESAMPLES, Drawn
from attendome.training.sequence.sums import RegionSums

Metric = Literal["pearson", "r2"]
METRICS: tuple[Metric, ...] = ("pearson", "r2")
ALL_TRACKS = "all tracks"


class Resampled(NamedTuple):
    """A mean over tracks.

    Attributes:
        value: of the regions as they are; NaN where it is not defined.
        draws: of each resample of the regions, likewise; NaN where there is one region only.
    """

    value: float
    draws: Float64[np.ndarray, "resample"]


Means = dict[str, dict[Metric, Resampled]]
"""By the group of tracks (``all tracks``, or the name of an assay) and the score."""


def draw_regions(regions: Sequence[str], seed: int) -> Drawn:
    """Draw how often each region counts in each of 1,000 resamples.

    The counts are of Poisson's distribution with mean 1 (the Poisson bootstrap). They depend on the
    region's name and the seed alone, so that a region which is in several datasets is drawn alike
    in all of them.
    """
    counts = [
        np.random.default_rng([seed, crc32(region.encode())]).poisson(1, RESAMPLES)
        for region in regions
    ]
    return np.array(counts, dtype=np.uint8)


def mean_scores(sums: RegionSums, drawn: Drawn) -> Means:
    """Give the mean scores of all tracks, and of the tracks of each assay in alphabetical order.

    Tracks whose coverage is the same everywhere are left out, in each resample on its own.

    Args:
        sums: sums of the predictions.
        drawn: how often each region counts in each resample.
    """
    once = np.ones((len(drawn), 1), drawn.dtype)
    weights = torch.from_numpy(np.hstack([once, drawn]).T).to(sums.moments)
    scores = dict(zip(METRICS, sums.agreement(weights), strict=True))
    assays = np.array(sums.assays)
    groups = {ALL_TRACKS: np.full(len(assays), True)}
    groups |= {str(name): assays == name for name in np.unique(assays)}
    return {
        group: {metric: _mean(values[:, tracks], len(drawn)) for metric, values in scores.items()}
        for group, tracks in groups.items()
    }


def _mean(scores: Float64[Tensor, "resample track"], regions: int) -> Resampled:
    means = scores.nanmean(dim=1).cpu().numpy()
    return Resampled(float(means[0]), means[1:] if regions > 1 else np.full(len(means) - 1, np.nan))
