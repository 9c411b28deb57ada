"""Mean scores of the runs of a comparison, over the same resamples of the regions."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import torch

from attendome.errors import DataError
from attendome.evaluation.sequence.resampling import draw_regions, mean_scores
from attendome.evaluation.sequence.scores import check_finite
from attendome.training.sequence.sums import RegionSums

Load = Callable[[str], RegionSums]


def score_runs(done: pd.DataFrame, load: Load, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Score runs.

    Args:
        done: a row per run: dataset, model, seed, run.
        load: gives the sums of a run by its entry in the column ``run``; they are let go of before
            the next are asked for, but for those of the first run on a dataset.
        seed: seed of the bootstrap.

    Returns:
        A row per run, group of tracks and score that is defined: dataset, model, assay, metric,
        value and draws, an array. And what must be known to read it, a text each.

    Raises:
        DataError: the runs of a dataset were not scored on the same regions, bins and tracks,
            something is not a finite number, or no track can be scored.
    """
    rows, notes = list[dict[str, Any]](), list[str]()
    for dataset, runs in done.groupby("dataset", sort=False):
        first: RegionSums | None = None
        for run in runs.itertuples():
            name, sums = f"{run.model} on {dataset}, seed {run.seed}", load(str(run.run))
            check_finite(sums, name)
            if first is None:
                first, drawn = sums, draw_regions(sums.regions, seed)
                notes += _about(str(dataset), sums)
            _check_same(first, sums, name)
            rows += [
                {"dataset": dataset, "model": run.model, "assay": assay, "metric": metric}
                | mean._asdict()
                for assay, scores in mean_scores(sums, drawn).items()
                for metric, mean in scores.items()
            ]
            constant = int((sums.pearson() == 0).sum())
            if constant:
                notes.append(
                    f"{name}: the prediction of {constant} tracks is the same in all bins; "
                    "Pearson's r is not defined there and counts as 0."
                )
    table = pd.DataFrame(rows).dropna(subset="value")
    if table.empty:
        raise DataError(
            "There is nothing to compare: the coverage of each track is the same in all bins."
        )
    return table, notes


def _check_same(first: RegionSums, sums: RegionSums, name: str) -> None:
    if (sums.regions, sums.tracks, sums.assays) == (first.regions, first.tracks, first.assays):
        # Bins and mean coverage; processors may round them in different ways.
        found, expected = sums.moments[:2], first.moments[:2]
        if torch.allclose(found, expected, rtol=1e-6, atol=1e-9):
            return
    raise DataError(
        f"{name}: not scored on the same regions, bins and tracks as the other runs; run the "
        "comparison again in a new folder."
    )


def _about(dataset: str, sums: RegionSums) -> list[str]:
    tracks, left_out = len(sums.tracks), int(sums.pearson().isnan().sum())
    notes = [
        f"{dataset}: {tracks} tracks in {len(sums.regions)} regions. Intervals and tests are over "
        "the regions; the tracks are not independent of each other."
    ]
    if left_out:
        notes.append(
            f"{dataset}: {left_out} of {tracks} tracks have the same coverage in all bins scored "
            "and are in no mean."
        )
    if len(sums.regions) == 1:
        notes.append(f"{dataset}: no intervals and no tests, since one region cannot be resampled.")
    return notes
