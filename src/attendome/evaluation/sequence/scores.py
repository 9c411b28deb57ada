"""Scores of predicted coverage: per track, and their means with a bootstrap 95% interval."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from attendome.errors import DataError
from attendome.evaluation.paired_tests import interval
from attendome.evaluation.scores import Estimate
from attendome.evaluation.sequence.resampling import (
    ALL_TRACKS,
    METRICS,
    Metric,
    Resampled,
    draw_regions,
    mean_scores,
)
from attendome.training.sequence.sums import RegionSums


@dataclass(frozen=True)
class TrackMeans:
    """Means of a score over tracks.

    Attributes:
        overall: over all tracks.
        by_assay: over the tracks of each assay.
    """

    overall: Estimate
    by_assay: dict[str, Estimate]


@dataclass(frozen=True)
class SequenceScores:
    """Scores of predicted coverage in the regions of one split.

    Attributes:
        split: the split that was scored.
        data: the dataset that was scored.
        n: number of regions.
        tracks: number of tracks.
        left_out: how many of them are in no mean: their coverage is the same in all bins.
        constant: tracks whose prediction is the same in all bins; Pearson's r is not defined there
            and counts as 0, against the model.
        pearson: Pearson's r over all bins of all regions.
        r2: coefficient of determination, 1 − SS_res / SS_tot, which is not r²; below 0 where the
            track's mean would have been a better prediction.
    """

    split: str
    data: str
    n: int
    tracks: int
    left_out: int
    constant: int
    pearson: TrackMeans
    r2: TrackMeans

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as in metrics.json."""
        return asdict(self)


def score_tracks(sums: RegionSums, *, split: str, data: str, seed: int = 0) -> SequenceScores:
    """Score predictions by their sums.

    The intervals are percentiles 2.5 and 97.5 over 1,000 bootstrap resamples of the regions, the
    same for all scores. Tracks are not resampled: they are those that one is interested in, and
    they are not independent of each other.

    Args:
        sums: sums over the regions of a split.
        split: name of the split, for the record.
        data: name of the dataset, for the record.
        seed: seed of the bootstrap.

    Raises:
        DataError: the coverage or the predictions of a track are not all finite numbers.
    """
    check_finite(sums, data)
    regions = len(sums.regions)
    means = mean_scores(sums, draw_regions(sums.regions, seed))

    def of(metric: Metric) -> TrackMeans:
        estimates = {
            group: _estimate(scores[metric], regions, group) for group, scores in means.items()
        }
        return TrackMeans(estimates.pop(ALL_TRACKS), estimates)

    r = sums.pearson()
    return SequenceScores(
        split=split,
        data=data,
        n=regions,
        tracks=len(sums.tracks),
        left_out=int(r.isnan().sum()),
        constant=int((r == 0).sum()),
        pearson=of("pearson"),
        r2=of("r2"),
    )


def _estimate(mean: Resampled, regions: int, group: str) -> Estimate:
    if np.isnan(mean.value):
        tracks = group if group == ALL_TRACKS else f"all tracks of '{group}'"
        return Estimate(
            None, None, None, f"not defined: {tracks} have the same coverage in all bins"
        )
    if regions == 1:
        return Estimate(mean.value, None, None, "no interval: one region cannot be resampled")
    return Estimate(mean.value, *interval(mean.draws))


def check_finite(sums: RegionSums, data: str) -> None:
    """Check that scores can be computed.

    Args:
        sums: sums over regions.
        data: name of the dataset, for the message.

    Raises:
        DataError: the coverage or the predictions of a track are not all finite numbers.
    """
    for what, kinds, advice in (
        ("coverage", [1, 3], "bring its tracks to a smaller scale"),
        ("prediction", [2, 4], "the training has diverged: train with a lower learning rate"),
    ):
        bad = ~sums.moments[kinds].isfinite().all(dim=0).all(dim=0)
        if bad.any():
            first = sums.tracks[int(bad.int().argmax())]
            raise DataError(
                f"{data}: expected finite numbers, but the {what} of {int(bad.sum())} of "
                f"{len(bad)} tracks is not, such as that of '{first}'; {advice}."
            )


def track_table(sums: RegionSums, tracks: pd.DataFrame) -> pd.DataFrame:
    """Score each track.

    Args:
        sums: sums over the regions of a split.
        tracks: the same tracks, as ``SequenceDataset.tracks`` gives them.

    Returns:
        A row per track: track, assay, description, pearson and r2; both missing where the coverage
        is the same in all bins.
    """
    if tuple(tracks.index) != sums.tracks:
        raise ValueError("the sums are of other tracks")
    scores = {metric: getattr(sums, metric)().cpu().numpy() for metric in METRICS}
    return tracks[["assay", "description"]].assign(**scores).reset_index()
