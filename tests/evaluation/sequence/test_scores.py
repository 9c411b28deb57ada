import json

import numpy as np
import pandas as pd
import pytest
import torch

from attendome.data.opening import open_dataset
from attendome.errors import DataError
from attendome.evaluation.sequence.scores import score_tracks, track_table
from attendome.training.sequence.sums import RegionSums


def scored(sums, **options):
    return score_tracks(sums, split="test", data="here.zarr", **options)


def test_means_are_over_tracks_and_over_those_of_each_assay(simulate_sums):
    sums = simulate_sums()
    scores = scored(sums)
    assert (scores.split, scores.data, scores.n, scores.tracks) == ("test", "here.zarr", 40, 4)
    assert (scores.left_out, scores.constant) == (0, 0)
    for metric in ("pearson", "r2"):
        values, means = getattr(sums, metric)(), getattr(scores, metric)
        assert means.overall.value == pytest.approx(values.mean().item())
        expected = {"CAGE": values[:2].mean(), "CHIP": values[3], "DNASE": values[2]}
        assert list(means.by_assay) == list(expected)
        for assay, value in expected.items():
            found = means.by_assay[assay]
            assert found.value == pytest.approx(value.item())
            assert found.low < found.value < found.high


def test_the_interval_is_that_of_a_bootstrap_of_regions(simulate_sums):
    """Predictions fail in some regions: what counts is how many of those are drawn."""

    def fail(_, predicted):
        predicted[::4] = 0

    sums = simulate_sums(strength=3, change=fail)
    generator = np.random.default_rng(5)
    draws = []
    for _ in range(400):
        chosen = torch.from_numpy(generator.integers(0, 40, 40))
        part = RegionSums([""] * 40, sums.tracks, sums.assays)
        part.moments = sums.moments[:, chosen]
        draws.append(part.pearson().mean())
    overall = scored(sums).pearson.overall
    low, high = np.percentile(draws, [2.5, 97.5])
    assert overall.low == pytest.approx(low, abs=0.2 * (high - low))
    assert overall.high == pytest.approx(high, abs=0.2 * (high - low))


def test_the_interval_covers_the_truth_about_as_often_as_it_says(simulate_sums):
    """Coverage and prediction of the same variance and correlation .5, regions as units."""
    hits = 0
    for seed in range(40):

        def correlate(observed, predicted, seed=seed):
            shared, own = torch.randn(
                (2, *observed.shape), generator=torch.Generator().manual_seed(seed)
            )
            level = torch.randn((40, 1, 4), generator=torch.Generator().manual_seed(1000 + seed))
            observed[:] = shared + level
            predicted[:] = 0.5 * (shared + level) + 0.75**0.5 * 2**0.5 * own

        pearson = scored(simulate_sums(change=correlate)).pearson.overall
        hits += pearson.low <= 0.5 <= pearson.high
    assert hits >= 33


def test_tracks_without_variance_are_counted_and_left_out(simulate_sums):
    def flatten(observed, _):
        observed[..., 2:] = 0.1

    sums = simulate_sums(change=flatten)
    scores = scored(sums)
    assert (scores.tracks, scores.left_out) == (4, 2)
    assert scores.pearson.overall.value == pytest.approx(sums.pearson()[:2].mean().item())
    assert scores.r2.overall == scores.r2.by_assay["CAGE"]
    dnase = scores.pearson.by_assay["DNASE"]
    assert dnase.value is dnase.low is dnase.high is None
    assert dnase.note == "not defined: all tracks of 'DNASE' have the same coverage in all bins"
    assert "NaN" not in json.dumps(scores.to_dict(), allow_nan=False)


def test_a_prediction_without_variance_counts_against_the_model(simulate_sums):
    def flatten(_, predicted):
        predicted[..., 0] = 2.5

    sums = simulate_sums(change=flatten)
    scores = scored(sums)
    assert (scores.left_out, scores.constant) == (0, 1)
    rest = sums.pearson()[1:]
    assert scores.pearson.overall.value == pytest.approx(rest.sum().item() / 4)
    assert scores.r2.by_assay["CAGE"].value < 0.5 * sums.r2()[1]


@pytest.mark.parametrize(
    ("kind", "message"),
    [(0, "the coverage of 2 of 4 tracks.*'T1'.*scale"), (1, "prediction of 2.*diverged")],
)
def test_what_is_not_finite_is_said(simulate_sums, kind, message):
    def spoil(*values):
        values[kind][3, 2, 1] = torch.inf
        values[kind][5, 2, 3] = -torch.inf

    with pytest.raises(DataError, match=f"here.zarr: expected finite numbers, but .*{message}"):
        scored(simulate_sums(change=spoil))


def test_missing_coverage_is_no_error(simulate_sums):
    def lose(observed, _):
        observed[3, :5, 1] = torch.nan
        observed[4] = torch.nan

    assert scored(simulate_sums(change=lose)).pearson.overall.low > 0


def test_one_region_has_no_interval(simulate_sums):
    overall = scored(simulate_sums(regions=1)).pearson.overall
    assert overall.value > 0
    assert overall.low is overall.high is None
    assert "one region" in overall.note


def test_the_seed_decides_the_resamples(simulate_sums):
    sums = simulate_sums()
    assert scored(sums) == scored(sums) != scored(sums, seed=1)


def test_the_table_of_tracks(small_sequences):
    data = open_dataset(small_sequences)
    sums = RegionSums.of(data)
    coverage = torch.stack([torch.from_numpy(data.read(n)[1]) for n in range(len(data))]).float()
    coverage[..., 2] = 1
    sums.add(torch.arange(len(data)), coverage, coverage + 1)
    table = track_table(sums, data.tracks)
    expected = pd.DataFrame(
        {
            "track": ["A+", "A-", "B"],
            "assay": ["CAGE", "CAGE", "DNASE"],
            "description": ["CAGE:K562", "CAGE:K562", "DNASE:K562"],
            "pearson": [1, 1, np.nan],
        }
    )
    pd.testing.assert_frame_equal(table.drop(columns="r2"), expected)
    assert (table["r2"][:2] < 1).all()
    with pytest.raises(ValueError, match="other tracks"):
        track_table(sums, data.tracks.iloc[::-1])
