import json

import numpy as np
import pytest
from scipy import stats

from attendome.evaluation.regression import score_regression


def make(n, seed=0):
    generator = np.random.default_rng(seed)
    observed = generator.gamma(2, 2, n)
    return observed.astype(np.float32), (observed + generator.normal(0, 2, n)).astype(np.float32)


def scored(observed, predicted, **options):
    where = {"split": "test", "data": "here", "unit": "log2(1 + expression)"}
    return score_regression(observed, predicted, **where, **options)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_the_definitions(seed):
    y, p = make(60, seed)
    y, p = np.round(y, 1), np.round(p, 1)  # with ties
    found = scored(y, p)
    assert found.pearson.value == pytest.approx(stats.pearsonr(y, p).statistic, rel=1e-5)
    assert found.spearman.value == pytest.approx(stats.spearmanr(y, p).statistic, rel=1e-5)
    residual, total = ((y - p) ** 2).sum(), ((y - y.mean()) ** 2).sum()
    assert found.r2.value == pytest.approx(1 - residual / total, rel=1e-4)
    assert (found.n, found.split, found.data) == (60, "test", "here")
    assert found.unit == "log2(1 + expression)"


def test_scale_and_shift_matter_to_r2_only():
    y, p = make(50)
    plain, moved = scored(y, p), scored(y, 3 * p + 10)
    assert moved.pearson.value == pytest.approx(plain.pearson.value, rel=1e-5)
    assert moved.spearman.value == plain.spearman.value
    assert moved.r2.value < 0 < plain.r2.value


def test_intervals_hold_the_value_and_shrink_with_more_genes():
    few, many = (scored(*make(n)) for n in (50, 800))
    for name, estimate in many.estimates().items():
        assert estimate.low < estimate.value < estimate.high, name
    width = few.pearson.high - few.pearson.low
    assert 2 < width / (many.pearson.high - many.pearson.low) < 8  # 4, as 1 / √n says


@pytest.mark.parametrize("which", ["observed", "predicted"])
def test_values_that_are_all_the_same_are_said_and_not_nan(which):
    y, p = make(12)
    given = {"observed": y, "predicted": p, which: np.full(12, 2.5, np.float32)}
    found = scored(**given)
    for estimate in found.estimates().values():
        assert estimate.value is estimate.low is estimate.high is None
        assert estimate.note == f"not defined: the {which} expression of all 12 genes is the same"
    assert "NaN" not in json.dumps(found.to_dict(), allow_nan=False)


def test_resamples_of_one_value_are_passed_over():
    found = scored(np.array([0.0, 0, 0, 1], np.float32), np.array([0.0, 0, 0, 2], np.float32))
    assert found.pearson.low == pytest.approx(1)


def test_the_same_seed_gives_the_same_interval():
    first, again, other = (scored(*make(30), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.pearson.low != other.pearson.low
