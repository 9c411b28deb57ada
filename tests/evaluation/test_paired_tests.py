import numpy as np
import pandas as pd
import pytest
from scikit_posthocs import posthoc_nemenyi_friedman
from scipy import stats

from attendome.evaluation.paired_tests import interval, pair_differences, rank_models

CELLS = [f"E{number}" for number in range(8)]


def make(offsets, cells=CELLS, noise=0.0, seed=0):
    """Values of models that are better by their offsets, and their draws, which all vary alike."""
    generator = np.random.default_rng(seed)
    base = 0.7 + 0.1 * generator.random(len(cells))
    values = pd.DataFrame(
        {m: base + o + noise * generator.normal(size=len(cells)) for m, o in offsets.items()},
        index=cells,
    )
    moves = {cell: 0.01 * generator.normal(size=1000) for cell in cells}
    draws = {(cell, m): values.loc[cell, m] + moves[cell] for m in values for cell in cells}
    return values, draws


def test_the_same_model_twice():
    values, draws = make({"a": 0.1, "b": 0.1})
    row = pair_differences(values, draws)[0].iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
    assert (row["p_bootstrap"], row["p_wilcoxon"]) == (1, 1)


def test_a_model_that_is_better_everywhere():
    values, draws = make({"a": 0.1, "b": 0.0})
    table, notes = pair_differences(values, draws)
    row = table.iloc[0]
    assert row[["model", "other", "cell_types"]].tolist() == ["a", "b", 8]
    np.testing.assert_allclose(row[["difference", "low", "high"]].astype(float), 0.1)
    assert row["p_bootstrap"] == pytest.approx(0)
    assert row["p_wilcoxon"] == pytest.approx(2 / 2**8)
    assert notes == []


def test_p_is_that_of_a_normal_distribution():
    """Independent draws of sd 1 % per cell type: the mean difference of 8 has sd √(2 / 8) %."""
    values, _ = make({"a": 0.01, "b": 0.0})
    generator = np.random.default_rng(3)
    draws = {
        (cell, m): values.loc[cell, m] + 0.01 * generator.normal(size=1000)
        for m in values
        for cell in CELLS
    }
    row = pair_differences(values, draws)[0].iloc[0]
    assert row["low"] == pytest.approx(0.01 - 1.96 * 0.005, abs=0.001)
    assert row["high"] == pytest.approx(0.01 + 1.96 * 0.005, abs=0.001)
    assert row["p_bootstrap"] == pytest.approx(2 * stats.norm.sf(2), rel=0.3)


def test_a_pair_is_compared_where_both_have_values():
    values, draws = make({"a": 0.2, "b": 0.1, "c": 0.0})
    values.loc[CELLS[2:], "b"] = np.nan
    values["c"] = np.nan
    table, notes = pair_differences(values, draws)
    assert table[["model", "other", "cell_types"]].to_numpy().tolist() == [["a", "b", 2]]
    assert table["difference"][0] == pytest.approx(0.1)
    assert np.isnan(table["p_wilcoxon"][0])
    assert np.isnan(table["p_wilcoxon_holm"][0])
    assert "fewer than 6 cell types: the smallest p it can have is 0.5 with 2." in notes[0]


def test_one_model_has_no_pairs():
    table, notes = pair_differences(*make({"a": 0.1}))
    assert len(table) == 0
    assert notes == []


def test_holm_over_the_pairs_that_have_the_test():
    values, draws = make(dict.fromkeys("abcd", 0.0), noise=0.01)
    values.loc[CELLS[3:], "d"] = np.nan
    table, _ = pair_differences(values, draws)
    for test, pairs in (("p_bootstrap", 6), ("p_wilcoxon", 3)):
        known = table.dropna(subset=test).sort_values(test)
        steps = known[test].to_numpy() * np.arange(pairs, 0, -1)
        expected = np.minimum(np.maximum.accumulate(steps), 1)
        np.testing.assert_allclose(known[f"{test}_holm"], expected)


def test_ties_in_some_cell_types():
    values, draws = make({"a": 0.1, "b": 0.0})
    values.loc[CELLS[:3], "b"] = values.loc[CELLS[:3], "a"]
    p = pair_differences(values, draws)[0]["p_wilcoxon"][0]
    assert p == pytest.approx(2 / 2**5)


def test_ranks_are_those_of_scikit_posthocs():
    values, _ = make({m: 0.01 * n for n, m in enumerate("abcd")}, noise=0.02)
    ranks, notes = rank_models(values)
    assert notes == []
    assert ranks.cell_types == 8
    assert ranks.mean.sum() == pytest.approx(10)
    assert ranks.mean.is_monotonic_increasing
    expected = posthoc_nemenyi_friedman(values).loc[ranks.mean.index, ranks.mean.index]
    np.testing.assert_allclose(ranks.p_nemenyi, expected, atol=1e-6)
    assert ranks.p_friedman == stats.friedmanchisquare(*values.to_numpy().T).pvalue
    # Demšar 2006, table 5: q at .05 is 2.569 for four models.
    assert ranks.critical_difference == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 8)), abs=1e-3)


def test_models_that_are_all_alike():
    ranks, _ = rank_models(make(dict.fromkeys("abc", 0.0))[0])
    assert ranks.mean.tolist() == [2, 2, 2]
    assert ranks.p_friedman == 1


def test_ranks_are_over_the_cell_types_that_all_have():
    values, _ = make({m: 0.01 * n for n, m in enumerate("abcd")})
    values.loc["E0", "a"] = np.nan
    values["d"] = np.nan
    ranks, _ = rank_models(values)
    assert ranks.cell_types == 7
    assert ranks.mean.to_dict() == {"c": 1, "b": 2, "a": 3}


@pytest.mark.parametrize(("models", "cells"), [("ab", CELLS), ("abc", CELLS[:1])])
def test_too_few_for_ranks(models, cells):
    ranks, notes = rank_models(make(dict.fromkeys(models, 0.0), cells)[0])
    assert ranks is None
    assert f"here {len(models)} models share {len(cells)}" in notes[0]


def test_interval():
    assert interval(np.arange(1001.0)) == (25, 975)
