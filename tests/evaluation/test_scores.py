import json

import numpy as np
import pytest
import torch
from sklearn import metrics

from attendome.evaluation import scores as module
from attendome.evaluation.scores import score


def make(n, seed=0):
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.4).astype(np.int8)
    probabilities = np.clip(0.5 + 0.3 * (labels - 0.5) + generator.normal(0, 0.2, n), 0.01, 0.99)
    return labels, probabilities.astype(np.float32)


@pytest.mark.usefixtures("few_resamples")
def test_values_are_those_of_the_definitions():
    y, p = make(300)
    called = p >= 0.5
    scores = score(y, p, split="test", data="here")
    positive, negative = p[y == 1], p[y == 0]
    pairs = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    tp, fp = (called & (y == 1)).sum(), (called & (y == 0)).sum()
    fn, tn = (~called & (y == 1)).sum(), (~called & (y == 0)).sum()
    mcc = (tp * tn - fp * fn) / np.sqrt(float((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))
    edges = np.minimum((p * 10).astype(int), 9)
    calibration = sum(
        (edges == b).mean() * abs(p[edges == b].mean() - y[edges == b].mean())
        for b in np.unique(edges)
    )
    assert scores.auroc.value == pytest.approx(pairs)
    assert scores.accuracy.value == pytest.approx((called == y).mean())
    assert scores.f1.value == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert scores.mcc.value == pytest.approx(mcc)
    assert scores.brier.value == pytest.approx(((p - y) ** 2).mean())
    assert scores.calibration_error.value == pytest.approx(calibration, abs=1e-5)
    assert scores.auprc.value == pytest.approx(metrics.average_precision_score(y, p))
    assert (scores.n, scores.on, scores.off) == (300, y.sum(), 300 - y.sum())


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_calling_all_genes_the_same_is_no_correlation(probability):
    y, p = make(30)
    scores = score(y, np.full_like(p, probability), split="test", data="here")
    assert (scores.mcc.value, scores.mcc.low, scores.mcc.high) == (0, 0, 0)
    assert scores.auroc.value == 0.5
    assert scores.f1.value == pytest.approx(metrics.f1_score(y, np.full_like(y, probability > 0.5)))


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    y, p = make(40, seed)
    p = np.round(p, 1)  # with ties
    scores, called = score(y, p, split="test", data="here"), p >= 0.5
    assert scores.auroc.value == pytest.approx(metrics.roc_auc_score(y, p))
    assert scores.auprc.value == pytest.approx(metrics.average_precision_score(y, p))
    assert scores.f1.value == pytest.approx(metrics.f1_score(y, called))
    assert scores.mcc.value == pytest.approx(metrics.matthews_corrcoef(y, called))
    assert scores.brier.value == pytest.approx(metrics.brier_score_loss(y, p))


@pytest.mark.usefixtures("hundreds")
def test_intervals_hold_the_value_and_shrink_with_more_genes():
    few, many = (score(*make(n), split="test", data="here") for n in (100, 1600))
    for name, estimate in many.estimates().items():
        assert estimate.low <= estimate.high, name
        if name != "calibration_error":  # the bootstrap of an absolute error is biased upwards
            assert estimate.low < estimate.value < estimate.high, name
    width = few.auroc.high - few.auroc.low
    assert 2 < width / (many.auroc.high - many.auroc.low) < 8  # 4, as 1 / √n says


@pytest.fixture
def hundreds(monkeypatch):
    """Take 200 resamples, which place the ends of an interval well enough."""
    monkeypatch.setattr(module, "RESAMPLES", 200)


@pytest.fixture
def only_auroc(monkeypatch):
    """Leave out the other scores, which take most of the time of the bootstrap."""
    metrics = {
        name: (metric if name == "auroc" else lambda *_: torch.zeros(()), needs_both)
        for name, (metric, needs_both) in module._METRICS.items()
    }
    monkeypatch.setattr(module, "_METRICS", metrics)


@pytest.mark.usefixtures("only_auroc", "hundreds")
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """The AUROC of two normals one standard deviation apart is Φ(1 / √2) = .7602."""
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(20):
        y = np.repeat([0, 1], 60).astype(np.int8)
        z = generator.normal(y, 1)
        p = (1 / (1 + np.exp(-z))).astype(np.float32)
        auroc = score(y, p, split="test", data="here").auroc
        hits += auroc.low <= 0.7602 <= auroc.high
    assert hits >= 16


@pytest.mark.parametrize(("label", "missing"), [(0, "on"), (1, "off")])
def test_a_missing_class_is_said_and_not_nan(label, missing):
    y = np.full(12, label, np.int8)
    scores = score(y, np.linspace(0.1, 0.9, 12, dtype=np.float32), split="test", data="here")
    for name in ("auroc", "auprc", "f1", "mcc"):
        estimate = getattr(scores, name)
        assert estimate.value is estimate.low is estimate.high is None
        assert f"none of the 12 genes in the split 'test' is {missing}" in estimate.note
    assert scores.brier.value == pytest.approx(((np.linspace(0.1, 0.9, 12) - label) ** 2).mean())
    assert "NaN" not in json.dumps(scores.to_dict(), allow_nan=False)


@pytest.mark.usefixtures("few_resamples")
def test_resamples_without_a_class_are_passed_over():
    y = np.array([1, 0, 0, 0], np.int8)
    p = np.array([0.9, 0.2, 0.3, 0.1], np.float32)
    assert score(y, p, split="test", data="here").auroc.low == 1.0


@pytest.mark.usefixtures("few_resamples")
def test_probabilities_before_calibration_are_scored_too():
    y, p = make(60)
    after, before = (
        score(y, p, p**2, split="test", data="here"),
        score(y, p**2, split="test", data="here"),
    )
    assert after.brier_uncalibrated == before.brier
    assert after.calibration_error_uncalibrated == before.calibration_error
    assert after.brier == score(y, p, split="test", data="here").brier != before.brier
    assert before.brier_uncalibrated == before.brier


@pytest.mark.usefixtures("hundreds")
def test_the_same_seed_gives_the_same_interval():
    first, again = (score(*make(50), split="test", data="here") for _ in range(2))
    assert first == again
