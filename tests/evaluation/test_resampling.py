import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from attendome.evaluation import resampling
from attendome.evaluation.resampling import resampled_scores, weighted_auroc, weighted_pearson


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


def test_resamples_do_not_depend_on_the_prediction_or_its_company():
    labels, first = make(seed=1)
    _, second = make(seed=2)
    both = resampled_scores(labels, np.stack([first, second]), "auroc", name="E1", seed=0)
    alone = resampled_scores(labels, second[None], "auroc", name="E1", seed=0)
    assert both.shape == (2, resampling.RESAMPLES)
    np.testing.assert_array_equal(both[1], alone[0])


@pytest.mark.parametrize("other", [{"name": "E2", "seed": 0}, {"name": "E1", "seed": 1}])
def test_resamples_depend_on_the_cell_type_and_the_seed(other):
    labels, predicted = make()
    scores = resampled_scores(labels, predicted[None], "auroc", name="E1", seed=0)
    again = resampled_scores(labels, predicted[None], "auroc", name="E1", seed=0)
    np.testing.assert_array_equal(scores, again)
    assert (scores != resampled_scores(labels, predicted[None], "auroc", **other)).any()


def test_each_resample_has_as_many_genes_and_few_are_held_at_a_time(monkeypatch):
    monkeypatch.setattr(resampling, "_PIECE", 60 * 300)
    labels, _ = make()
    pieces = list(resampling.draw_weights(labels, "E1", 0))
    assert [piece.shape for piece in pieces] == [(60, 300)] * 3 + [(60, 100)]
    assert all((piece.sum(axis=0) == 60).all() for piece in pieces)
    mean = np.concatenate(pieces, axis=1).mean()
    assert mean == pytest.approx(1)


def test_resamples_with_one_class_are_drawn_again():
    labels, predicted = np.array([1, 0, 0]), np.array([[0.9, 0.1, 0.2]])
    scores = resampled_scores(labels, predicted, "auroc", name="E1", seed=0)
    assert (scores == 1).all()


def test_the_spread_is_that_of_the_plain_bootstrap():
    labels, predicted = make(300)
    ours = resampled_scores(labels, predicted[None], "auroc", name="E1", seed=0)[0]
    chosen, _ = draw(300, resamples=400)
    plain = [roc_auc_score(labels[c], predicted[c]) for c in chosen]
    assert ours.mean() == pytest.approx(np.mean(plain), abs=0.005)
    assert ours.std() == pytest.approx(np.std(plain), rel=0.15)
