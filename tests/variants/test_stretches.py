import pytest
import torch

from attendome.training.sequence.augmentation import reverse_complement
from attendome.variants.stretches import read_windows

PLACES = [("chr1", -100), ("chr1", 500), ("chr1", 1500), ("chr1", 2499), ("chr2", 2500)]


def test_windows_that_overlap_are_one_stretch(genome):
    found = read_windows(genome, PLACES, 1000)
    assert [len(stretch) for stretch in found.stretches] == [1600, 1999, 1000]
    expected = [genome.read(chrom, start, start + 1000) for chrom, start in PLACES]
    assert [window.tolist() for window in found.windows()] == [part.tolist() for part in expected]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_view_has_the_windows_of_the_other_strand(genome, reverse):
    found = read_windows(genome, PLACES, 1000)
    windows = found.view(0, reverse=reverse).windows()
    expected = found.windows()
    assert torch.equal(windows, reverse_complement(expected) if reverse else expected)


def test_a_stretch_is_not_longer_than_a_model_can_read(genome):
    found = read_windows(genome, [("chr1", 900 * number) for number in range(10)], 1000)
    assert [len(stretch) for stretch in found.stretches] == [3700, 3700, 1900]
    assert found.windows()[6].tolist() == genome.read("chr1", 5400, 6400).tolist()
