import numpy as np
import pytest
from scipy import stats

from attendome.interpretation.estimates import Resamples, pearson, ranked


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(1, 2, 100)


def test_a_mean_and_its_interval(values):
    found = Resamples(100).mean(values)
    assert found["value"] == pytest.approx(values.mean())
    assert (found["n"], found["left_out"]) == (100, 0)
    error = values.std() / 10
    assert found["low"] == pytest.approx(values.mean() - 1.96 * error, abs=0.1)
    assert found["high"] == pytest.approx(values.mean() + 1.96 * error, abs=0.1)


def test_genes_without_a_value_are_left_out(values):
    values[:40] = np.nan
    found = Resamples(100).mean(values)
    assert found["value"] == pytest.approx(values[40:].mean())
    assert (found["n"], found["left_out"]) == (60, 40)
    assert found["low"] < found["value"] < found["high"]


def test_of_no_gene_nothing_is_known():
    found = Resamples(5).mean(np.full(5, np.nan))
    assert found["n"] == 0
    assert np.isnan([found["value"], found["low"], found["high"]]).all()


def test_a_difference_is_of_the_same_resamples(values):
    found = Resamples(100).mean(values + 0.5, values)
    assert found["value"] == pytest.approx(values.mean())
    for name in ("difference", "difference_low", "difference_high"):
        assert found[name] == pytest.approx(0.5)


def test_a_difference_is_of_the_genes_that_have_both(values):
    other = np.where(np.arange(100) < 30, np.nan, values - 1)
    values[90:] = np.nan
    found = Resamples(100).mean(values, other)
    assert found["difference"] == pytest.approx(1)
    assert found["n"] == 70


def test_correlation_of_mean_profiles():
    generator = np.random.default_rng(1)
    profiles, target = generator.random((50, 12)), generator.random((50, 12))
    other = target + 0.01 * generator.random((50, 12))
    found = Resamples(50).mean_profiles(profiles, target)
    expected = stats.pearsonr(profiles.mean(axis=0), target.mean(axis=0)).statistic
    assert found["value"] == pytest.approx(expected)
    assert found["low"] <= expected <= found["high"]
    against = Resamples(50).mean_profiles(profiles, target, other)
    assert against["value"] > 0.99
    assert against["difference"] == pytest.approx(expected - against["value"])
    assert against["difference_high"] < 0


def test_correlations_are_those_of_scipy_row_by_row():
    generator = np.random.default_rng(2)
    ours, theirs = generator.random((6, 9)).round(1), generator.random((6, 9)).astype(np.float32)
    for row in range(6):
        r = stats.pearsonr(ours[row], theirs[row]).statistic
        rho = stats.spearmanr(ours[row], theirs[row]).statistic
        assert pearson(ours, theirs)[row] == pytest.approx(r)
        assert pearson(ranked(ours), ranked(theirs))[row] == pytest.approx(rho)


def test_what_is_constant_but_for_rounding_has_no_correlation():
    profiles = np.array([[1, 1, 1.0], [1 / 3, 1 / 3, 1 / 3 + 1e-9], [0, 0, 0], [1, 2, 3]])
    found = pearson(profiles, np.array([[1.0, 2, 4]] * 4))
    assert np.isnan(found).tolist() == [True, True, True, False]
