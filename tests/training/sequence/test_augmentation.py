import numpy as np
import pytest
import torch

from attendome.training.sequence.augmentation import (
    View,
    drawn_view,
    on_other_strand,
    reverse_complement,
    shifted,
)
from attendome.training.sequence.settings import SequenceTrainingSettings

BASES = torch.tensor([[0, 1, 2, 3, 4, 4, 0, 2], [3, 3, 3, 0, 1, 2, 4, 1]], dtype=torch.uint8)


def test_the_other_strand():
    assert reverse_complement(BASES)[0].tolist() == [1, 3, 4, 4, 0, 1, 2, 3]
    assert torch.equal(reverse_complement(reverse_complement(BASES)), BASES)


def test_coverage_on_the_other_strand():
    coverage = torch.arange(12.0).reshape(1, 4, 3)
    found = on_other_strand(coverage, torch.tensor([1, 0, 2]))
    assert found[0, 0].tolist() == [10, 9, 11]
    assert found[0, 3].tolist() == [1, 0, 2]


@pytest.mark.parametrize("shift", [-3, 0, 3, 8, -8])
def test_shifts_move_bases_and_bring_in_n(shift):
    found = shifted(BASES, shift)
    for position in range(8):
        source = position - shift
        expected = BASES[:, source] if 0 <= source < 8 else torch.full((2,), 4)
        assert (found[:, position] == expected).all()


def test_a_shift_leaves_the_sequence_as_it_was():
    before = BASES.clone()
    shifted(BASES, 2)
    assert torch.equal(BASES, before)


def test_the_strand_and_the_shift_change_with_seed_epoch_and_region_only():
    settings = SequenceTrainingSettings(shift=2)
    views = [drawn_view(region, 5, settings) for region in range(1000)]
    assert views == [drawn_view(region, 5, settings) for region in range(1000)]
    assert views != [drawn_view(region, 6, settings) for region in range(1000)]
    other = SequenceTrainingSettings(shift=2, seed=1)
    assert views != [drawn_view(region, 5, other) for region in range(1000)]
    assert 400 < sum(view.reverse_complement for view in views) < 600
    shifts, times = np.unique([view.shift for view in views], return_counts=True)
    assert shifts.tolist() == [-2, -1, 0, 1, 2]
    assert times.min() > 140


def test_what_is_not_asked_for_is_not_drawn():
    settings = SequenceTrainingSettings(shift=0, reverse_complement=False)
    assert all(drawn_view(region, 0, settings) == View(region) for region in range(50))
