import numpy as np
import pandas as pd
import pytest
from scipy import stats

from attendome.interpretation.agreement import (
    LEAST,
    ORDER,
    SEEDS,
    agreement_rows,
    spearman,
)
from attendome.interpretation.held_out import UNTRAINED

SHAPE = (20, 3, 8)


@pytest.fixture
def maps():
    return [np.random.default_rng(seed).normal(size=SHAPE) for seed in range(5)]


def table(seeds, untrained=None, reversed_marks=None):
    rows = agreement_rows("m", seeds, untrained=untrained, reversed_marks=reversed_marks)
    return pd.DataFrame(rows).set_index(["check", "null"])


def test_agreement_is_of_the_sizes_over_the_cells_of_each_gene(maps):
    found = spearman(maps[0], maps[1])
    for gene in range(SHAPE[0]):
        a, b = (np.abs(one[gene]).ravel() for one in maps[:2])
        assert found[gene] == pytest.approx(stats.spearmanr(a, b).statistic)
    np.testing.assert_allclose(spearman(maps[0], -maps[0]), 1)


def test_all_pairs_of_seeds_count(maps):
    found = table(maps[:3])
    pairs = [spearman(maps[a], maps[b]).mean() for a, b in ((0, 1), (0, 2), (1, 2))]
    assert found.loc[(SEEDS, ""), "value"] == pytest.approx(np.mean(pairs))
    assert len(found) == 1


def test_order_and_untrained_stand_beside_the_seeds(maps):
    near = maps[0] + 0.1 * maps[1]
    found = table([maps[0], near], untrained=maps[2], reversed_marks=maps[3])
    between, untrained = found.loc[(SEEDS, ""), "value"], found.loc[(SEEDS, UNTRAINED)]
    assert between > 0.9
    assert untrained["value"] == pytest.approx(spearman(maps[0], maps[2]).mean())
    assert untrained["difference_low"] > 0.5
    beside = found.loc[(ORDER, LEAST)]
    assert beside["value"] == pytest.approx(between)
    assert beside["difference_high"] < -0.5


def test_the_order_of_marks_is_held_against_the_seeds_that_agree_least(maps):
    own, near, other = maps[0], maps[0] + 0.1 * maps[1], maps[2]
    found = table([own, near, other], reversed_marks=maps[0] + 3 * maps[3])
    pairs = [spearman(own, other).mean(), spearman(near, other).mean()]
    beside = found.loc[(ORDER, LEAST)]
    assert beside["value"] == pytest.approx(min(pairs))
    assert beside["value"] < found.loc[(ORDER, ""), "value"] < found.loc[(SEEDS, ""), "value"]
    assert beside["difference_high"] > 0


def test_maps_that_are_the_same_everywhere_have_no_order(maps):
    found = table([np.ones(SHAPE), maps[0]])
    assert found.loc[(SEEDS, ""), "n"] == 0
