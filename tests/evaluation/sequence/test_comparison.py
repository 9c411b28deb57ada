import numpy as np
import pandas as pd
import pytest
import torch

from attendome.errors import DataError, SettingsError
from attendome.evaluation.sequence.comparison import compare_sequence_models
from attendome.evaluation.sequence.scores import score_tracks

STRENGTHS = {"fair": 0.6, "good": 1.5, "attention[heads=5]": 0.8}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Statsmodels collects garbage in each correction, which takes most of a comparison."""
    monkeypatch.setattr("gc.collect", lambda: 0)


class Runs:
    """Runs of models that know the truth by their strengths, as ``compare`` finds them."""

    def __init__(self, simulate, strengths=STRENGTHS, datasets=("A",), seeds=2, **options):
        self.sums, rows = {}, []
        for dataset in datasets:
            for number, (model, strength) in enumerate(strengths.items()):
                for seed in range(1, seeds + 1):
                    run = f"runs/{dataset}/{model}/seed-{seed}"
                    self.sums[run] = simulate(
                        strength, seed=10 * seed + number, chromosome=dataset, **options
                    )
                    rows.append(
                        {"dataset": dataset, "model": model, "seed": seed, "status": "done"}
                        | {"run": run, "seconds": 10.0 * seed, "parameters": 100.0 + number}
                    )
        self.results = pd.DataFrame(rows)

    def fail(self, model, dataset="A"):
        chosen = (self.results["model"] == model) & (self.results["dataset"] == dataset)
        changes = {"status": "failed", "seconds": np.nan, "parameters": np.nan}
        self.results.loc[chosen, list(changes)] = list(changes.values())
        return self

    def compare(self, baseline="fair"):
        return compare_sequence_models(self.results, self.sums.__getitem__, baseline=baseline)


@pytest.fixture(scope="module")
def runs(simulate_sums):
    return Runs(simulate_sums)


@pytest.fixture(scope="module")
def compared(runs):
    return runs.compare()


def expected_values(runs, metric):
    """The mean over tracks, by model and seed."""
    values = [getattr(runs.sums[run], metric)().mean().item() for run in runs.results["run"]]
    return runs.results.assign(value=values).groupby("model")["value"]


def test_the_summary(runs, compared):
    summary = compared.summary.set_index("model")
    assert list(summary.index) == ["good", "attention[heads=5]", "fair"]
    for metric in ("pearson", "r2"):
        expected = expected_values(runs, metric)
        pd.testing.assert_series_equal(
            summary[metric], expected.mean()[summary.index], check_names=False
        )
        pd.testing.assert_series_equal(
            summary[f"{metric}_seed_sd"], expected.std()[summary.index], check_names=False
        )
        assert (summary[f"{metric}_low"] < summary[metric]).all()
        assert (summary[f"{metric}_high"] > summary[metric]).all()
    assert summary["datasets"].tolist() == [1, 1, 1]
    assert summary["seconds"].tolist() == [15, 15, 15]
    assert summary["parameters"].tolist() == [101, 102, 100]


def test_one_run_has_the_interval_of_its_evaluation(simulate_sums):
    runs = Runs(simulate_sums, {"fair": 0.6}, seeds=1)
    compared = runs.compare()
    scores = score_tracks(runs.sums["runs/A/fair/seed-1"], split="test", data="A")
    row = compared.summary.iloc[0]
    overall = scores.pearson.overall
    assert (row["pearson"], row["pearson_low"], row["pearson_high"]) == (
        overall.value,
        overall.low,
        overall.high,
    )
    assert np.isnan(row["pearson_seed_sd"])
    assert len(compared.differences) == 0


def test_values_by_assay(runs, compared):
    table = compared.by_assay
    assert table["model"].drop_duplicates().tolist() == compared.summary["model"].tolist()
    groups = ["all tracks", "CAGE", "CHIP", "DNASE"]
    assert table.loc[table["model"] == "good", "assay"].drop_duplicates().tolist() == groups
    chosen = (table["model"] == "good") & (table["assay"] == "CAGE") & (table["metric"] == "r2")
    sums = [runs.sums[f"runs/A/good/seed-{seed}"] for seed in (1, 2)]
    row = table[chosen].iloc[0]
    assert row["value"] == pytest.approx(np.mean([part.r2()[:2].mean() for part in sums]))
    assert row["low"] < row["value"] < row["high"]
    assert compared.by_dataset["seeds"].eq(2).all()
    assert "draws" not in table


def test_differences_of_every_pair(compared):
    table = compared.differences
    assert list(table) == [
        *("assay", "metric", "model", "other", "datasets", "difference", "low", "high"),
        *("p_bootstrap", "p_bootstrap_holm"),
    ]
    pairs = [("good", "attention[heads=5]"), ("good", "fair"), ("attention[heads=5]", "fair")]
    for (assay, metric), rows in table.groupby(["assay", "metric"]):
        assert list(zip(rows["model"], rows["other"], strict=True)) == pairs, (assay, metric)
        ordered = rows.sort_values("p_bootstrap")
        holm = np.maximum.accumulate(ordered["p_bootstrap"] * [3, 2, 1]).clip(upper=1)
        np.testing.assert_allclose(ordered["p_bootstrap_holm"], holm)
    overall = table[(table["assay"] == "all tracks") & (table["metric"] == "pearson")]
    summary = compared.summary.set_index("model")["pearson"]
    for row in overall.itertuples():
        assert row.difference == pytest.approx(summary[row.model] - summary[row.other])
        assert row.low < row.difference < row.high
        assert row.p_bootstrap < 0.001


def test_differences_are_paired(compared):
    """Models go up and down with the regions drawn together, so that they differ by less."""
    summary = compared.summary.set_index("model")
    widths = summary["r2_high"] - summary["r2_low"]
    row = compared.against_baseline("r2").set_index("model").loc["attention[heads=5]"]
    assert row["high"] - row["low"] < 0.8 * np.hypot(*widths[["attention[heads=5]", "fair"]])


def test_against_the_baseline(runs):
    table = runs.compare("attention[heads=5]").against_baseline("pearson", "CAGE")
    assert table["model"].tolist() == ["good", "fair"]
    signs = np.sign(table[["difference", "low", "high"]].to_numpy())
    assert signs.tolist() == [[1, 1, 1], [-1, -1, -1]]


def test_the_same_predictions_twice(simulate_sums):
    runs = Runs(simulate_sums, seeds=1)
    runs.sums["runs/A/good/seed-1"] = runs.sums["runs/A/fair/seed-1"]
    row = runs.compare().against_baseline().set_index("model").loc["good"]
    assert row[["difference", "low", "high", "p_bootstrap"]].tolist() == [0, 0, 0, 1]


def test_datasets_are_averaged(simulate_sums):
    runs = Runs(simulate_sums, datasets=("A", "B"))
    compared = runs.compare()
    by_dataset = compared.by_dataset.query("assay == 'all tracks' and metric == 'pearson'")
    expected = by_dataset.groupby("model")["value"].mean()
    summary = compared.summary.set_index("model")
    np.testing.assert_allclose(summary["pearson"], expected[summary.index])
    assert compared.differences["datasets"].eq(2).all()
    alone = Runs(simulate_sums).compare().summary.set_index("model")
    widths = [table["r2_high"] - table["r2_low"] for table in (summary, alone)]
    ratio = (widths[0] / widths[1]).mean()
    assert 0.5 < ratio < 0.95  # 1 / √2: other regions are drawn on their own


def test_the_same_regions_in_two_datasets_are_drawn_alike(simulate_sums):
    runs = Runs(simulate_sums, datasets=("A", "B"), seeds=1)
    for run in list(runs.sums):
        runs.sums[run] = runs.sums[run.replace("/B/", "/A/")]
    twice = runs.compare().summary
    once = Runs(simulate_sums, seeds=1).compare().summary
    columns = ["pearson", "pearson_low", "pearson_high"]
    np.testing.assert_allclose(twice[columns], once[columns])


def test_failed_runs_count_nowhere(simulate_sums):
    runs = Runs(simulate_sums, datasets=("A", "B")).fail("good", "B")
    compared = runs.compare()
    summary = compared.summary.set_index("model")
    assert summary.loc["good", "datasets"] == 1
    assert compared.against_baseline().set_index("model").loc["good", "datasets"] == 1
    assert any("2 of 12 runs failed" in note for note in compared.notes)
    assert any("fewer datasets" in note and "good (1)" in note for note in compared.notes)


def test_a_model_without_any_run_stays_in_the_summary(simulate_sums):
    compared = Runs(simulate_sums).fail("fair").compare()
    row = compared.summary.set_index("model").loc["fair"]
    assert pd.isna(row["pearson"])
    assert row["datasets"] == 0
    assert len(compared.against_baseline()) == 0
    assert "fair" not in set(compared.by_assay["model"])


def flatten(observed, predicted):
    observed[..., 2] = 1
    predicted[..., 0] = 1


def test_notes_say_what_is_counted_how(simulate_sums):
    notes = Runs(simulate_sums, {"good": 1.0}, seeds=1, change=flatten).compare("good").notes
    assert notes[0].startswith(
        "A: 4 tracks in 40 regions. Intervals and tests are over the regions"
    )
    assert notes[1].startswith("A: 1 of 4 tracks have the same coverage")
    assert notes[2].startswith("good on A, seed 1: the prediction of 1 tracks is the same")
    assert len(notes) == 3


def test_one_region_has_no_intervals(simulate_sums):
    compared = Runs(simulate_sums, regions=1).compare()
    assert compared.summary["pearson"].notna().all()
    assert compared.summary["pearson_low"].isna().all()
    assert len(compared.differences) == 0
    assert any("one region cannot be resampled" in note for note in compared.notes)


def other_regions(sums):
    sums.regions = (*sums.regions[:-1], "chr9:0-100")


def other_tracks(sums):
    sums.tracks = sums.tracks[::-1]


def other_margin(sums):
    sums.moments[0] -= 2


def other_coverage(sums):
    sums.moments[1, 3, 2] += 0.01


@pytest.mark.parametrize("change", [other_regions, other_tracks, other_margin, other_coverage])
def test_runs_that_were_scored_on_something_else_are_refused(simulate_sums, change):
    runs = Runs(simulate_sums)
    change(runs.sums["runs/A/good/seed-2"])
    with pytest.raises(DataError, match="good on A, seed 2: not scored on the same regions, bins"):
        runs.compare()


def test_rounding_of_the_coverage_is_no_difference(simulate_sums):
    runs = Runs(simulate_sums)
    runs.sums["runs/A/good/seed-2"].moments[1] *= 1 + 1e-12
    assert len(runs.compare().differences)


def test_what_cannot_be_compared_is_said(simulate_sums):
    runs = Runs(simulate_sums, {"good": 1.0})
    with pytest.raises(SettingsError, match=r"Unknown baseline 'godo': .*good"):
        runs.compare("godo")
    runs.sums["runs/A/good/seed-1"].moments[4, 0, 1] = torch.nan
    with pytest.raises(DataError, match=r"good on A, seed 1: .*prediction of 1 of 4 tracks"):
        runs.compare("good")
    with pytest.raises(DataError, match="no run ended with a score"):
        runs.fail("good").compare("good")


def test_coverage_that_never_varies_is_said(simulate_sums):
    def flatten_all(observed, _):
        observed[:] = 1

    with pytest.raises(DataError, match="the coverage of each track is the same in all bins"):
        Runs(simulate_sums, change=flatten_all).compare()
