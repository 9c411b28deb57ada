import numpy as np
import pytest
import torch

from attendome.models.features import Features, FeatureSettings


def make(features, *, marks=2, bins=5, pool=2, transform="counts"):
    return Features(marks, bins, FeatureSettings(features=features, pool=pool, transform=transform))


SIGNAL = torch.tensor([[[1.0, 2, 3, 4, 5], [0, 0, 0, 6, 8]]])


def test_all_bins():
    assert make("all")(SIGNAL).tolist() == [[1, 2, 3, 4, 5, 0, 0, 0, 6, 8]]


def test_groups_of_bins_the_last_one_smaller():
    assert make("pool")(SIGNAL).tolist() == [[1.5, 3.5, 5, 0, 3, 8]]


def test_the_transform_comes_first():
    found = make("pool", transform="log1p")(SIGNAL)[0, 0]
    assert found.item() == pytest.approx((np.log(2) + np.log(3)) / 2)


def test_the_best_bin_is_the_most_correlated_with_the_target():
    generator = torch.Generator().manual_seed(0)
    signal = torch.rand((50, 2, 5), generator=generator)
    target = 3 * signal[:, 0, 4] - 2 * signal[:, 1, 1]
    features = make("best-bin")
    features.fit(signal, target)
    correlations = [
        [abs(np.corrcoef(signal[:, mark, bin_], target)[0, 1]) for bin_ in range(5)]
        for mark in range(2)
    ]
    assert features.best_bin.tolist() == np.argmax(correlations, axis=1).tolist() == [4, 1]
    assert torch.equal(features(signal), torch.stack([signal[:, 0, 4], signal[:, 1, 1]], dim=1))


def test_a_bin_without_variance_is_never_the_best():
    signal = torch.zeros((10, 1, 3))
    signal[:, 0, 2] = torch.arange(10.0)
    features = make("best-bin", marks=1, bins=3)
    features.fit(signal, torch.arange(10.0))
    assert features.best_bin.tolist() == [2]


def test_names():
    marks = ("A", "B")
    assert make("all").names(marks, 100)[:2] == ["A [-250, -150)", "A [-150, -50)"]
    assert make("pool").names(marks, 100) == [
        *("A [-250, -50)", "A [-50, +150)", "A [+150, +250)"),
        *("B [-250, -50)", "B [-50, +150)", "B [+150, +250)"),
    ]
    best = make("best-bin")
    best.best_bin.copy_(torch.tensor([4, 0]))
    assert best.names(marks, 100) == ["A [+150, +250)", "B [-250, -150)"]


@pytest.mark.parametrize("features", ["all", "pool", "best-bin"])
def test_names_and_features_are_as_many(features):
    made = make(features, bins=7, pool=3)
    names = made.names(("A", "B"), bin_size=10)
    assert len(names) == made(torch.zeros((1, 2, 7))).shape[1]


def test_another_number_of_bins_is_refused():
    with pytest.raises(ValueError, match="expected 5 bins"):
        make("all")(torch.zeros((1, 2, 4)))
