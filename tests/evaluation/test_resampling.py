import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from attendome.evaluation import resampling
from attendome.evaluation.resampling import (
    draw_weights,
    resampled_scores,
    weighted_auroc,
    weighted_pearson,
)


def make(genes=60, seed=0, ties=False):
    generator = np.random.default_rng(seed)
    labels = (generator.random(genes) < 0.4).astype(np.int8)
    predicted = (labels + generator.normal(size=genes)).astype(np.float32)
    return labels, np.round(predicted) if ties else predicted


def draw(genes, resamples=7, seed=0):
    """Resamples as genes drawn, and as weights."""
    chosen = np.random.default_rng(seed).integers(genes, size=(resamples, genes))
    weights = np.stack([np.bincount(c, minlength=genes) for c in chosen], axis=1)
    return chosen, weights.astype(float)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_auroc_is_that_of_the_genes_repeated(seed, ties):
    labels, predicted = make(seed=seed, ties=ties)
    chosen, weights = draw(len(labels), seed=seed)
    expected = [roc_auc_score(labels[c], predicted[c]) for c in chosen]
    np.testing.assert_allclose(weighted_auroc(labels, predicted, weights), expected, rtol=1e-12)


def test_auroc_in_closed_form():
    labels, weights = np.array([0, 1, 0, 1]), np.ones((4, 1))
    assert weighted_auroc(labels, np.full(4, 0.3), weights) == 0.5
    assert weighted_auroc(labels, np.array([0.1, 0.9, 0.2, 0.8]), weights) == 1
    assert weighted_auroc(labels, np.array([0.9, 0.1, 0.8, 0.2]), weights) == 0
    weights = np.array([[3.0], [1], [1], [2]])  # of 4 × 3 pairs, 3 × 3 + 2 / 2 are in order
    assert weighted_auroc(labels, np.array([0.1, 0.2, 0.3, 0.3]), weights) == 10 / 12


@pytest.mark.parametrize("offset", [0, 1e4])
def test_pearson_is_that_of_the_genes_repeated(offset):
    generator = np.random.default_rng(2)
    observed = generator.normal(size=50)
    predicted = observed + generator.normal(size=50) + offset
    chosen, weights = draw(50)
    expected = [np.corrcoef(observed[c], predicted[c])[0, 1] for c in chosen]
    np.testing.assert_allclose(weighted_pearson(observed, predicted, weights), expected, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
def test_equal_predictions_are_no_correlation(value):
    _, weights = draw(50)
    observed = np.arange(50.0)
    assert not weighted_pearson(observed, np.full(50, value, np.float32), weights).any()


def test_predictions_are_scored_each_on_its_own():
    labels, first = make(seed=1)
    _, second = make(seed=2)
    drawn = draw_weights(len(labels), seed=0)
    both = resampled_scores(labels, np.stack([first, second]), "auroc", drawn)
    alone = resampled_scores(labels, second[None], "auroc", drawn)
    assert both.shape == (2, resampling.RESAMPLES)
    np.testing.assert_array_equal(both[1], alone[0])


def test_resamples_depend_on_the_seed():
    np.testing.assert_array_equal(draw_weights(60, seed=0), draw_weights(60, seed=0))
    assert (draw_weights(60, seed=0) != draw_weights(60, seed=1)).any()


def test_a_gene_counts_once_on_average():
    drawn = draw_weights(300, seed=0)
    assert drawn.shape == (300, resampling.RESAMPLES)
    assert drawn.mean() == pytest.approx(1, abs=0.01)
    assert drawn.astype(float).var() == pytest.approx(1, abs=0.02)


def test_few_resamples_are_held_at_a_time(monkeypatch):
    labels, predicted = make()
    drawn = draw_weights(len(labels), seed=0)
    whole = resampled_scores(labels, predicted[None], "auroc", drawn)
    monkeypatch.setattr(resampling, "_PIECE", 60 * 300)
    np.testing.assert_array_equal(resampled_scores(labels, predicted[None], "auroc", drawn), whole)


@pytest.mark.parametrize("metric", ["auroc", "pearson"])
def test_resamples_with_one_class_or_value_have_no_score(metric):
    observed, predicted = np.array([1.0, 0, 0]), np.array([[0.9, 0.1, 0.2]])
    drawn = np.array([[1, 0, 2], [1, 1, 0], [0, 2, 0]], np.uint8)
    scores = resampled_scores(observed, predicted, metric, drawn)[0]
    assert scores[0] == pytest.approx(1)
    assert np.isnan(scores[1:]).all()


def test_the_spread_is_that_of_the_plain_bootstrap():
    labels, predicted = make(300)
    ours = resampled_scores(labels, predicted[None], "auroc", draw_weights(300, seed=0))[0]
    chosen, _ = draw(300, resamples=400)
    plain = [roc_auc_score(labels[c], predicted[c]) for c in chosen]
    assert ours.mean() == pytest.approx(np.mean(plain), abs=0.005)
    assert ours.std() == pytest.approx(np.std(plain), rel=0.15)
