import numpy as np
import pandas as pd
import pytest
import torch
from pydantic import ValidationError

from attendome.variants.alleles import Bins, Change
from attendome.variants.effects import EffectSettings, Genes, effects

BINS = Bins(1000, 10, 12)
SETTINGS = EffectSettings(site=30, pseudocount=0.5)
AT = Change(1055, 1056, "G")


def drawn(seed):
    return torch.rand(12, 2, generator=torch.Generator().manual_seed(seed))


def folds(ref, alt):
    return np.log((np.asarray(alt) + 0.5) / (np.asarray(ref) + 0.5))


def test_effects_of_a_single_base():
    ref, alt = drawn(0), drawn(1)
    found = effects(ref, (alt,), AT, BINS, [1000, 1119, 1055], SETTINGS)
    site = slice(4, 8)  # 1040 to 1071
    np.testing.assert_allclose(found.site_sum, folds(ref[site].sum(0), alt[site].sum(0)), 1e-4)
    np.testing.assert_allclose(found.site_max, folds(ref[site].amax(0), alt[site].amax(0)), 1e-4)
    np.testing.assert_allclose(found.window_sum, folds(ref.sum(0), alt.sum(0)), 1e-4)
    np.testing.assert_allclose(found.tss, folds(ref[[0, 11, 5]], alt[[0, 11, 5]]), 1e-4)


def test_swapped_alleles_have_the_opposite_effect():
    ref, alt = drawn(0), drawn(1)
    there = effects(ref, (alt,), AT, BINS, [1010], SETTINGS)
    back = effects(alt, (ref,), AT, BINS, [1010], SETTINGS)
    for a, b in zip(there, back, strict=True):
        torch.testing.assert_close(a, -b)


def test_an_allele_that_predicts_the_same_has_no_effect():
    found = effects(drawn(0), (drawn(0),), AT, BINS, [1010], SETTINGS)
    assert all((part == 0).all() for part in found)


def test_an_insertion_of_whole_bins_and_its_deletion_have_opposite_effects():
    longer = torch.rand(16, 2, generator=torch.Generator().manual_seed(0))
    shorter = torch.cat([longer[:5], longer[7:]])
    settings = EffectSettings(site=40)
    insertion, deletion = Change(1030, 1030, "A" * 20), Change(1030, 1050, "")
    there = effects(shorter[2:], (longer[2:14], longer[4:]), insertion, BINS, [], settings)
    back = effects(longer[2:14], (shorter[2:], shorter[:12]), deletion, BINS, [], settings)
    torch.testing.assert_close(there.site_sum, -back.site_sum)
    torch.testing.assert_close(there.site_max, -back.site_max)
    torch.testing.assert_close(there.site_sum, fold(shorter[3:7], longer[3:9]))


def fold(ref, alt):
    return ((alt.sum(0) + 1) / (ref.sum(0) + 1)).log()


def test_a_moved_peak_far_from_an_insertion_is_no_effect():
    """A gene's bin is read from the prediction in which it stands where the genome has it."""
    ref = torch.zeros(12, 1)
    ref[1], ref[10] = 5.0, 7.0
    left, right = ref.clone(), ref.clone()
    left[10], left[11], right[1], right[0] = 2.0, 5.0, 3.0, 2.0
    found = effects(ref, (left, right), Change(1053, 1053, "ACG"), BINS, [1015, 1104], SETTINGS)
    assert found.tss.ravel().tolist() == [0, 0]
    assert found.window_sum.item() == 0


def test_genes_are_found_by_place():
    table = pd.DataFrame(
        {"chrom": ["1", "1", "2", "1"], "tss": [500, 100, 100, 299]}, index=["a", "b", "c", "d"]
    )
    genes = Genes(table)
    assert genes.within("1", 100, 500) == [("b", 100), ("d", 299)]
    assert genes.within("1", 0, 1000, near=420) == [("a", 500)]
    assert genes.within("1", 0, 50, near=420) == []
    assert genes.within("3", 0, 1000) == []


@pytest.mark.parametrize("wrong", [{"site": 0}, {"pseudocount": 0}, {"step": 0}, {"genes": "few"}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValidationError):
        EffectSettings(**wrong)
