from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from attendome.errors import DataError, SettingsError
from attendome.evaluation.comparison import compare_models
from attendome.evaluation.predicted import Predicted


def names(cell):
    """Genes that no other cell type has."""
    return tuple(f"{cell}-{number}" for number in range(150))


STRENGTHS = {"good": 2.0, "fair[dropout=0.3]": 1.0, "poor": 0.5}


def simulate(strengths=STRENGTHS, cells=("E1", "E2", "E3"), seeds=2, metric="auroc", noise=1.0):
    """Give results and predictions of models that know the truth by their strengths."""
    generator = np.random.default_rng(0)
    rows, predictions = [], []
    for cell in cells:
        observed = generator.normal(size=150)
        if metric == "auroc":
            observed = (observed > 0).astype(np.int8)
        for model, strength in strengths.items():
            predicted = (strength * observed + noise * generator.normal(size=(seeds, 150))).astype(
                np.float32
            )
            score = roc_auc_score if metric == "auroc" else lambda y, p: np.corrcoef(y, p)[0, 1]
            for seed, row in enumerate(predicted):
                rows.append(
                    {"cell_type": cell, "model": model, "seed": seed, "status": "done"}
                    | {"error": "", "metric": metric, "value": score(observed, row)}
                    | {"seconds": 10.0 + seed, "parameters": None if model == "poor" else 100}
                )
            predictions.append(Predicted(cell, model, names(cell), observed, predicted))
    return pd.DataFrame(rows), predictions


def fail(results, predictions, model, cell, seed=None):
    """Let the runs of a model in a cell type fail, or one of them."""
    chosen = (results["model"] == model) & (results["cell_type"] == cell)
    if seed is not None:
        chosen &= results["seed"] == seed
    changes = {"status": "failed", "error": "nan", "value": np.nan, "seconds": np.nan}
    results = results.copy()
    results.loc[chosen, list(changes)] = list(changes.values())
    kept = []
    for entry in predictions:
        rows = entry.predicted
        if (entry.model, entry.cell_type) == (model, cell):
            rows = rows[[False] * len(rows) if seed is None else np.arange(len(rows)) != seed]
        if len(rows):
            kept.append(replace(entry, predicted=rows))
    return results, kept


@pytest.fixture(scope="module")
def simulated_results():
    return simulate()


@pytest.fixture(scope="module")
def compared(simulated_results):
    return compare_models(*simulated_results, baseline="fair[dropout=0.3]")


def test_the_summary(simulated_results, compared):
    summary = compared.summary.set_index("model")
    assert list(summary.index) == list(STRENGTHS)
    results = simulated_results[0]
    by_cell = results.groupby(["cell_type", "model"])["value"].mean().unstack()
    for name in ("mean", "median", "max", "min"):
        np.testing.assert_allclose(summary[name], by_cell.agg(name)[summary.index])
    assert (summary["low"] < summary["mean"]).all()
    assert (summary["mean"] < summary["high"]).all()
    assert summary["cell_types"].tolist() == [3, 3, 3]
    assert summary["better"].tolist() == [3, pd.NA, 0]
    assert summary["compared"].tolist() == [3, pd.NA, 3]
    sd = results.groupby(["model", "cell_type"])["value"].std().groupby("model").mean()
    np.testing.assert_allclose(summary["seed_sd"], sd[summary.index])
    assert summary["seconds"].tolist() == [10.5] * 3
    assert summary["parameters"].tolist() == [100, 100, pd.NA]
    assert compared.notes[0].startswith("No Wilcoxon test")


def test_the_tables_agree(compared):
    summary, by_cell = compared.summary.set_index("model"), compared.by_cell_type
    assert len(by_cell) == 9
    assert (by_cell["low"] < by_cell["value"]).all()
    assert (by_cell["value"] < by_cell["high"]).all()
    assert compared.values().loc["E2", "good"] == by_cell["value"][3]
    for _, pair in compared.differences.iterrows():
        expected = summary.loc[pair["model"], "mean"] - summary.loc[pair["other"], "mean"]
        assert pair["difference"] == pytest.approx(expected)
        assert pair["low"] < pair["difference"] < pair["high"]
    assert compared.ranks.mean.tolist() == [1, 2, 3]


def test_differences_from_the_baseline_have_its_sign(compared):
    table = compared.against_baseline().set_index("model")
    pairs = compared.differences
    assert set(table.index) == {"good", "poor"}
    assert (table["low"] < table["difference"]).all()
    assert (table["difference"] < table["high"]).all()
    last = pairs[(pairs["model"] == "fair[dropout=0.3]") & (pairs["other"] == "poor")].iloc[0]
    assert table.loc["poor", ["difference", "low", "high"]].tolist() == [
        -last["difference"],
        -last["high"],
        -last["low"],
    ]


def test_the_interval_of_the_mean_shrinks_with_the_cell_types():
    few, many = (
        compare_models(*simulate(cells=[f"E{n}" for n in range(cells)]), baseline="good").summary
        for cells in (2, 8)
    )
    widths = [(table["high"] - table["low"]).mean() for table in (few, many)]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.2)


def test_a_paired_interval_is_narrower_than_that_of_each():
    results, predictions = simulate({"a": 1.0})
    generator = np.random.default_rng(1)
    for entry in list(predictions):
        other = entry.predicted + 0.05 * generator.normal(size=entry.predicted.shape)
        predictions.append(replace(entry, model="b", predicted=other))
    copied = results.assign(model="b", value=results["value"] - 0.001)
    compared = compare_models(pd.concat([results, copied]), predictions, baseline="a")
    pair = compared.differences.iloc[0]
    assert (
        pair["high"] - pair["low"] < 0.2 * (compared.summary["high"] - compared.summary["low"])[0]
    )


def test_identical_models():
    results, predictions = simulate({"a": 1.0})
    twins = [replace(entry, model="b") for entry in predictions]
    both = pd.concat([results, results.assign(model="b")], ignore_index=True)
    compared = compare_models(both, predictions + twins, baseline="a")
    pair = compared.differences.iloc[0]
    assert pair[["difference", "low", "high", "p_bootstrap"]].tolist() == [0, 0, 0, 1]
    assert compared.summary["better"].tolist() == [pd.NA, 0]
    assert compared.ranks is None


def test_the_same_seed_gives_the_same_comparison(simulated_results, compared):
    again = compare_models(*simulated_results, baseline="fair[dropout=0.3]")
    pd.testing.assert_frame_equal(again.summary, compared.summary)
    other = compare_models(*simulated_results, baseline="fair[dropout=0.3]", seed=1)
    assert (other.summary["low"] != compared.summary["low"]).all()


def test_the_order_of_rows_does_not_count(simulated_results, compared):
    results, predictions = simulated_results
    shuffled = results.sample(frac=1, random_state=1)
    again = compare_models(shuffled, predictions[::-1], baseline="fair[dropout=0.3]")
    pd.testing.assert_frame_equal(again.summary, compared.summary)


def test_regression():
    compared = compare_models(*simulate(metric="pearson"), baseline="poor")
    assert compared.metric == "pearson"
    assert compared.summary["model"].tolist() == list(STRENGTHS)
    assert (compared.summary["low"] < compared.summary["mean"]).all()
    assert (compared.summary["mean"] < compared.summary["high"]).all()


def test_a_model_without_a_cell_type(simulated_results):
    compared = compare_models(*fail(*simulated_results, "good", "E3"), baseline="poor")
    summary = compared.summary.set_index("model")
    assert summary.loc["good", ["cell_types", "better", "compared"]].tolist() == [2, 2, 2]
    assert "2 of 18 runs failed and count nowhere." in compared.notes
    assert any("fewer than all 3 cell types" in n and "good (2)." in n for n in compared.notes)
    pairs = compared.differences.set_index(["model", "other"])["cell_types"]
    assert pairs.to_dict() == {
        ("good", "fair[dropout=0.3]"): 2,
        ("good", "poor"): 2,
        ("fair[dropout=0.3]", "poor"): 3,
    }
    assert compared.ranks.cell_types == 2


def test_a_seed_that_failed(simulated_results):
    results, predictions = fail(*simulated_results, "good", "E3", seed=0)
    compared = compare_models(results, predictions, baseline="poor")
    row = compared.by_cell_type.set_index(["cell_type", "model"]).loc["E3", "good"]
    value = results.query("cell_type == 'E3' and model == 'good' and seed == 1")["value"].item()
    assert row["value"] == pytest.approx(value)
    assert row["seeds"] == 1
    assert np.isnan(row["seed_sd"])
    assert compared.summary["cell_types"].tolist() == [3, 3, 3]


def test_a_model_and_a_cell_type_of_which_nothing_is_left(simulated_results):
    results, predictions = simulated_results
    for cell in ("E1", "E2", "E3"):
        results, predictions = fail(results, predictions, "good", cell)
    for model in STRENGTHS:
        results, predictions = fail(results, predictions, model, "E1")
    compared = compare_models(results, predictions, baseline="good")
    last = compared.summary.iloc[-1]
    assert last[["model", "cell_types"]].tolist() == ["good", 0]
    assert last[["mean", "low", "high", "seconds"]].isna().all()
    assert compared.summary["compared"].tolist() == [0, 0, pd.NA]
    assert "No model has a score in E1." in compared.notes
    assert len(compared.against_baseline()) == 0


def test_a_run_without_a_score(simulated_results):
    results, predictions = simulated_results
    results = results.copy()
    results.loc[results.query("model == 'poor' and cell_type == 'E2'").index[0], "value"] = np.nan
    results.index = [0] * len(results)
    compared = compare_models(results, predictions, baseline="good")
    assert compared.summary["cell_types"].tolist() == [3, 3, 2]
    assert any("left out there: poor in E2." in note for note in compared.notes)


def test_an_unknown_baseline(simulated_results):
    with pytest.raises(SettingsError, match="Unknown baseline 'goood': did you mean 'good'"):
        compare_models(*simulated_results, baseline="goood")


def test_nothing_to_compare(simulated_results):
    results = simulated_results[0].assign(status="failed", value=np.nan)
    with pytest.raises(DataError, match="no run ended with a score"):
        compare_models(results, [], baseline="good")


def test_two_metrics(simulated_results):
    results = simulated_results[0].copy()
    results.loc[0, "metric"] = "pearson"
    with pytest.raises(DataError, match="one of auroc, pearson, found auroc, pearson"):
        compare_models(results, simulated_results[1], baseline="good")


def test_predictions_that_are_missing(simulated_results):
    with pytest.raises(DataError, match=r"good in E1: expected predictions of 2 .* found 0"):
        compare_models(simulated_results[0], simulated_results[1][1:], baseline="good")


def test_predictions_for_other_genes(simulated_results):
    results, predictions = simulated_results
    entry = predictions[1]
    others = replace(entry, genes=entry.genes[::-1]), replace(entry, observed=entry.observed[::-1])
    for changed in others:
        with pytest.raises(DataError, match=r"E1: fair.* and good were not tested on the same"):
            compare_models(results, [predictions[0], changed, *predictions[2:]], baseline="good")


def test_the_same_genes_in_more_cell_types_say_no_more():
    results, predictions = simulate({"a": 1.0}, cells=["E1"])
    copies = [replace(entry, cell_type="E2") for entry in predictions]
    both = pd.concat([results, results.assign(cell_type="E2")], ignore_index=True)
    one = compare_models(results, predictions, baseline="a").summary
    two = compare_models(both, predictions + copies, baseline="a").summary
    pd.testing.assert_frame_equal(one[["mean", "low", "high"]], two[["mean", "low", "high"]])
