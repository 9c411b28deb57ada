import pytest
import torch

from attendome.errors import SettingsError
from attendome.interpretation.baseline import BaselineSettings, baseline_of, completeness_error


def test_zero_and_mean(signal):
    assert (baseline_of(signal, BaselineSettings()) == torch.zeros(1, 3, 14)).all()
    mean = baseline_of(signal, BaselineSettings(baseline="mean"))
    assert mean.shape == (1, 3, 14)
    assert mean[0, 1, 5] == pytest.approx(sum(gene[1, 5].item() for gene in signal) / 6)


def test_the_mean_of_one_gene_is_refused(signal):
    with pytest.raises(SettingsError, match="one gene only; explain more genes, or choose"):
        baseline_of(signal[:1], BaselineSettings(baseline="mean"))


def test_completeness_by_hand():
    total, change = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1.0, -1.0, 1.0])
    assert completeness_error(total, change) == pytest.approx(1.5 / 3)
    assert completeness_error(change, change) == 0
    assert completeness_error(torch.zeros(2), torch.zeros(2)) == 0
