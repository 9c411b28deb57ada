import numpy as np
import pandas as pd
import pytest
from scipy import stats

from attendome.interpretation.held_out import (
    ALL_MARKS,
    DISTANCE,
    PERMUTED,
    SIGNAL,
    UNTRAINED,
    HeldOut,
)

GENES, BINS = 30, 16


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.fixture
def held(generator):
    signal = generator.gamma(1, 1, (GENES, 2, BINS)).astype(np.float32)
    signal[:, 1] *= 100
    target = generator.gamma(1, 1, (GENES, BINS))
    return HeldOut(("A", "B"), signal, target, np.arange(BINS) * 100 - 750.0)


def table(held, importance, untrained=None):
    found = pd.DataFrame(held.rows("method", importance, untrained))
    return found.set_index(["profile", "check", "null"])


def test_correlations_are_means_over_genes(held, generator):
    importance = generator.normal(size=(GENES, 2, BINS))
    found = table(held, importance)
    size = np.abs(importance)
    for profile, values in {"A": size[:, 0], "B": size[:, 1], ALL_MARKS: size.sum(axis=1)}.items():
        pairs = list(zip(values, held.target, strict=True))
        r = np.mean([stats.pearsonr(*pair).statistic for pair in pairs])
        rho = np.mean([stats.spearmanr(*pair).statistic for pair in pairs])
        of_means = stats.pearsonr(values.mean(axis=0), held.target.mean(axis=0)).statistic
        assert found.loc[(profile, "pearson", ""), "value"] == pytest.approx(r)
        assert found.loc[(profile, "spearman", ""), "value"] == pytest.approx(rho)
        assert found.loc[(profile, "mean profile", ""), "value"] == pytest.approx(of_means)


def test_importance_that_is_the_held_out_mark_beats_all_nulls(held, generator):
    planted = np.stack([held.target, -held.target], axis=1)
    found = table(held, planted, generator.random(planted.shape))
    for check in ("pearson", "spearman"):
        assert found.loc[(ALL_MARKS, check, ""), "value"] == pytest.approx(1)
        for null in (SIGNAL, DISTANCE, PERMUTED, UNTRAINED):
            row = found.loc[(ALL_MARKS, check, null)]
            assert row["difference_low"] > 0.5
            assert row["value"] + row["difference"] == pytest.approx(1)


def test_the_nulls(held, generator):
    target = held.target
    found = table(held, generator.random((GENES, 2, BINS)))
    distance = [stats.pearsonr(-np.abs(held.position), row).statistic for row in target]
    assert found.loc[(ALL_MARKS, "pearson", DISTANCE), "value"] == pytest.approx(np.mean(distance))
    raw = [stats.pearsonr(*pair).statistic for pair in zip(held.signal[:, 1], target, strict=True)]
    assert found.loc[("B", "pearson", SIGNAL), "value"] == pytest.approx(np.mean(raw))
    assert (ALL_MARKS, "pearson", UNTRAINED) not in found.index


def test_the_raw_signal_of_all_marks_is_not_that_of_the_strongest(held, generator):
    even = held.signal / held.signal.mean(axis=(0, 2), keepdims=True)
    expected = [
        stats.pearsonr(*pair).statistic for pair in zip(even.sum(axis=1), held.target, strict=True)
    ]
    found = table(held, generator.random((GENES, 2, BINS)))
    assert found.loc[(ALL_MARKS, "pearson", SIGNAL), "value"] == pytest.approx(np.mean(expected))


def test_what_is_alike_in_all_genes_is_no_better_than_that_of_other_genes(held, generator):
    shared = np.repeat(generator.random((1, 2, BINS)), GENES, axis=0)
    row = table(held, shared).loc[(ALL_MARKS, "pearson", PERMUTED)]
    assert row["difference"] == pytest.approx(0, abs=1e-9)
    assert (ALL_MARKS, "mean profile", PERMUTED) not in table(held, shared).index


def test_no_gene_gets_its_own_importance_in_exchange(held):
    for other in held._shuffled(0):
        assert sorted(other) == list(range(GENES))
        assert (other != np.arange(GENES)).all()


def test_a_profile_that_is_the_same_in_all_bins_is_counted_and_left_out(held, generator):
    importance = generator.random((GENES, 2, BINS))
    importance[:4] = 0.2
    row = table(held, importance).loc[(ALL_MARKS, "pearson", "")]
    assert (row["n"], row["left_out"]) == (GENES - 4, 4)
    none = table(held, np.full((GENES, 2, BINS), 0.2))
    assert none.loc[(ALL_MARKS, "spearman", ""), "n"] == 0
    assert np.isnan(none.loc[(ALL_MARKS, "mean profile", ""), "value"])
