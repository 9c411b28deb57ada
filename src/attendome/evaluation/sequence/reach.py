"""Accuracy against reach: how much of it comes from how far away."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from attendome.data import SequenceDataset
from attendome.data.sequence.tally import UNKNOWN_BASE
from attendome.errors import SettingsError
from attendome.evaluation.sequence.resampling import ALL_TRACKS
from attendome.evaluation.sequence.scores import SequenceScores, score_tracks
from attendome.training.sequence.losses import inner
from attendome.training.sequence.sums import RegionSums

Predict = Callable[[UInt8[Tensor, "batch position"]], Float[Tensor, "batch bin track"]]
"""Gives the expected coverage of sequences (A C G T N = 0..4, on the CPU), on any device."""

_BLOCKS = 16


def reach_blocks(data: SequenceDataset) -> int:
    """Give the usual size of a block, in bins: a sixteenth of a region's bins."""
    return max(1, data.bins // _BLOCKS)


def reach_distances(data: SequenceDataset, block: int) -> list[int]:
    """Give the usual distances, in bp: 0, the size of a block, doubled and doubled, everything."""
    distances, distance = [0], block * data.bin_size
    while distance < data.length:
        distances.append(distance)
        distance *= 2
    return [*distances, data.length]


def accuracy_against_reach(
    predict: Predict,
    data: SequenceDataset,
    distances: Sequence[int],
    *,
    block: int,
    margin: int = 0,
    batch_size: int = 4,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> pd.DataFrame:
    """Score predictions again, with all sequence masked that is farther than a distance.

    The bins are taken in blocks. For each block all bases farther than the distance from its edges
    become N, and of the prediction only the block is kept; so that its bins see the distance on
    each side, and besides what of their own block lies there. A region takes as many predictions
    as it has blocks, for each distance; one, where nothing is masked.

    Args:
        predict: the model.
        data: the regions to score.
        distances: in bp; from the length of a region on, nothing is masked.
        block: bins of a block; fewer are more exact and take longer.
        margin: bins at each end of a region that are not scored.
        batch_size: sequences at once.
        progress: told how many regions are done, of those of all distances.

    Returns:
        A row per distance and group of tracks: distance, assay (``all tracks``, then each assay),
        pearson, low, high, r2, r2_low, r2_high (means over the tracks with 95% intervals, as
        ``score_tracks`` gives them; the same resamples for all distances).

    Raises:
        SettingsError: a distance is below 0, or a block has no bin.
        DataError: coverage or predictions are not finite numbers.
    """
    if min(distances, default=0) < 0 or block < 1:
        raise SettingsError(
            f"Expected distances from 0 bp and blocks from 1 bin, found {list(distances)} and "
            f"{block}."
        )
    rows, done = list[dict[str, object]](), 0
    for distance in distances:
        sums = RegionSums.of(data)
        for number in range(len(data)):
            sequence, coverage = map(torch.from_numpy, data.read(number))
            parts = _predicted(predict, sequence, windows(data, block, distance), batch_size)
            predicted = torch.cat(list(parts))[None]
            scored = (inner(values, margin) for values in (coverage[None], predicted))
            sums.add(torch.tensor([number]), *scored)
            done += 1
            progress(done, len(distances) * len(data))
        rows += _rows(distance, score_tracks(sums, split="", data=data.name))
    return pd.DataFrame(rows)


def windows(data: SequenceDataset, block: int, distance: int) -> list[tuple[slice, slice]]:
    """Give the bins of each block, and the bases of the sequence that it sees."""
    found = []
    for first in range(0, data.bins, block):
        last = min(first + block, data.bins)
        start, end = (data.crop + edge * data.bin_size for edge in (first, last))
        seen = slice(max(0, start - distance), min(data.length, end + distance))
        found.append((slice(first, last), seen))
    return found


@torch.no_grad()
def _predicted(
    predict: Predict,
    sequence: UInt8[Tensor, " position"],
    blocks: list[tuple[slice, slice]],
    batch_size: int,
) -> Iterator[Float[Tensor, "bin track"]]:
    """Predict each block from what it sees; neighbours that see the same are predicted at once."""
    same = [list(group) for _, group in groupby(blocks, key=lambda pair: pair[1])]
    for start in range(0, len(same), batch_size):
        some = same[start : start + batch_size]
        masked = torch.full((len(some), len(sequence)), UNKNOWN_BASE, dtype=torch.uint8)
        for row, group in zip(masked, some, strict=True):
            row[group[0][1]] = sequence[group[0][1]]
        for predicted, group in zip(predict(masked).cpu(), some, strict=True):
            yield predicted[group[0][0].start : group[-1][0].stop]


def _rows(distance: int, scores: SequenceScores) -> Iterator[dict[str, object]]:
    for group in (ALL_TRACKS, *scores.pearson.by_assay):
        r, r2 = (
            means.overall if group == ALL_TRACKS else means.by_assay[group]
            for means in (scores.pearson, scores.r2)
        )
        yield {
            "distance": distance,
            "assay": group,
            "pearson": r.value,
            "low": r.low,
            "high": r.high,
            "r2": r2.value,
            "r2_low": r2.low,
            "r2_high": r2.high,
        }
