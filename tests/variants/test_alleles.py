import numpy as np
import pytest
import torch

from attendome.genome.fasta import open_genome
from attendome.genome.vcf import Variant
from attendome.models.sequence.shape import SequenceShape
from attendome.variants.alleles import (
    Bins,
    Change,
    Windows,
    change_of,
    on_reference,
    sequences,
)

SHAPE = SequenceShape(length=1024, bin_size=32, tracks=2, crop=128)


@pytest.mark.parametrize(
    ("ref", "alt", "expected"),
    [
        ("A", "G", (100, 101, "G")),
        ("A", "A", (101, 101, "")),
        ("ACG", "ATG", (101, 102, "T")),
        ("A", "AGG", (101, 101, "GG")),
        ("AGG", "A", (101, 103, "")),
        ("GAA", "GA", (101, 102, "")),  # which A is gone cannot be told: the first
        ("AC", "GTT", (100, 102, "GTT")),
    ],
)
def test_change_is_what_differs(ref, alt, expected):
    change = change_of(Variant("chr1", 100, ref, alt))
    assert change == expected or (ref == alt and change.growth == 0 and not change.alt)


@pytest.mark.parametrize("step", [1, 32, 200, 4096])
def test_a_window_holds_its_variant_near_the_centre(step):
    windows = Windows(SHAPE, step)
    apart = {1: 32, 32: 32, 200: 192, 4096: 192}[step]
    for place in range(5000, 5000 + 2 * apart, 7):
        start = windows.start(Change(place, place + 1, "A"))
        assert start % 32 == 0
        assert abs(start + 512 - place) <= apart / 2
    assert windows.bins(0) == (128, 32, 24)


def test_variants_of_a_step_share_a_window():
    windows = Windows(SHAPE, 160)
    starts = [windows.start(Change(place, place + 1, "A")) for place in range(1000, 4000)]
    assert len(set(starts)) == 3000 // 160 + 2
    assert windows.longest == 384 - 160


def read(genome, start, end):
    return genome.letters("chr1", start, end).decode()


def codes(text):
    return np.array(["ACGTN".index(letter) for letter in text])


@pytest.mark.parametrize("alt", ["G", "TT", "ACGTACGTA", ""])
@pytest.mark.parametrize("deleted", [0, 1, 2, 70])
def test_windows_of_an_allele_keep_their_length_on_either_side(genome, alt, deleted):
    start, place = 5000, 5600
    change = Change(place, place + deleted, alt)
    window = genome.read("chr1", start, start + 1024)
    found = sequences(genome, "chr1", change, window, start)
    growth = len(alt) - deleted
    assert len(found) == (1 if growth == 0 else 2)
    whole = read(genome, 4000, place) + alt + read(genome, place + deleted, 8000)
    assert (found[0] == codes(whole[1000 : 1000 + 1024])).all()
    assert (found[-1] == codes(whole[1000 + growth :][:1024])).all()


def test_windows_are_padded_with_n_at_the_ends_of_a_chromosome(genome):
    window = genome.read("chr2", -512, 512)
    left, right = sequences(genome, "chr2", Change(5, 15, ""), window, -512)
    assert (left[:512] == 4).all()
    assert (left[512:517] == genome.read("chr2", 0, 5)).all()
    assert (left[517:] == genome.read("chr2", 15, 522)).all()
    assert (right[:522] == 4).all()
    assert (right[527:] == genome.read("chr2", 15, 512)).all()


def test_an_insertion_and_the_equal_deletion_restore_the_sequence(genome, tmp_path):
    start, place, added = 5000, 5500, "ACGTTGCA" * 5
    window = genome.read("chr1", start, start + 1024)
    left, _ = sequences(genome, "chr1", Change(place, place, added), window, start)
    path = tmp_path / "inserted.fa"
    path.write_text(f">chr1\n{read(genome, 0, place)}{added}{read(genome, place, 9000)}\n")
    with open_genome(path) as inserted:
        assert (inserted.read("chr1", start, start + 1024) == left).all()
        back = Change(place, place + len(added), "")
        restored, _ = sequences(inserted, "chr1", back, left, start)
    assert (restored == window).all()


BINS = Bins(1000, 10, 12)


def profile(seed):
    drawn = torch.rand(2, 12, 3, generator=torch.Generator().manual_seed(seed))
    return drawn[0], drawn[1]


@pytest.mark.parametrize("growth", [10, 30, -10, -30, 7, -7])
def test_bins_beside_a_variant_are_the_predicted_ones_exactly(growth):
    left, right = profile(0)
    change = Change(1050, 1050 + max(-growth, 0), "A" * max(growth, 0))
    found = on_reference(left, right, change, BINS)
    assert torch.equal(found[:5], left[:5])
    behind = 6 if growth > 0 else 5 + -(growth // 10)
    assert torch.equal(found[behind:], right[behind:])


@pytest.mark.parametrize("bases", [10, 20])
def test_an_allele_moved_by_whole_bins_is_put_back_exactly(bases):
    """Both predictions are of one profile, which moves by the insertion at the edge of a bin."""
    whole = torch.rand(20, 3, dtype=torch.float64).float()
    moved = bases // 10
    left, right = whole[moved : moved + 12], whole[2 * moved : 2 * moved + 12]
    found = on_reference(left, right, Change(1050, 1050, "A" * bases), BINS)
    assert torch.equal(found[:5], left[:5])
    assert torch.equal(found[6:], left[6 + moved :].new_tensor(right[6:].tolist()))
    torch.testing.assert_close(found[5], right[5] + left[5 : 5 + moved].sum(0))


@pytest.mark.parametrize(
    "change", [Change(1053, 1053, "A" * 14), Change(1053, 1060, "A" * 3), Change(1041, 1078, "A")]
)
def test_no_coverage_is_lost_or_made_up(change):
    """Of one coverage per base, every base that the window holds counts once."""
    left = right = torch.full((12, 1), 5.0)
    found = on_reference(left, right, change, BINS)
    assert found.sum().item() == pytest.approx(0.5 * (120 + change.growth))


def test_deleted_bases_have_no_coverage():
    left, right = profile(1)
    found = on_reference(left, right, Change(1042, 1077, ""), BINS)
    torch.testing.assert_close(found[4], 0.2 * left[4])
    assert (found[5:7] == 0).all()
    torch.testing.assert_close(found[7], 0.3 * right[7])


def test_bins_of_an_interval():
    assert BINS.overlapping(1009, 1010) == slice(0, 1)
    assert BINS.overlapping(1010, 1021) == slice(1, 3)
    assert BINS.overlapping(0, 5000) == slice(0, 12)
    torch.testing.assert_close(BINS.shares(1005, 1022)[:4], torch.tensor([0.5, 1, 0.2, 0]))
