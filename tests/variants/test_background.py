import numpy as np
import pandas as pd
import pytest

from attendome.errors import DataError
from attendome.genome.fasta import open_genome
from attendome.training.sequence.inference import Averaging
from attendome.variants.background import Background, random_variants
from attendome.variants.effects import SCORES, EffectSettings
from attendome.variants.scoring import ScoredVariants, Scorer

WINDOWS = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [1000, 0], "end": [1300, 100]})


def scored(values, tss=()):
    columns = np.array(values, dtype=np.float32)
    genes = np.array(tss, dtype=np.float32).reshape(-1, 2)
    return ScoredVariants((), ("A", "B"), columns, columns, columns, (), genes)


def test_random_variants_are_of_the_windows_and_the_genome(genome):
    found = random_variants(genome, WINDOWS, 400, seed=1)
    assert len(found) == 400
    assert [(v.chrom, v.position) for v in found] == sorted((v.chrom, v.position) for v in found)
    for variant in found:
        start, end = (1000, 1300) if variant.chrom == "chr1" else (0, 100)
        assert start <= variant.position < end
        there = genome.letters(variant.chrom, variant.position, variant.position + 1).decode()
        assert variant.ref == there != variant.alt
    assert 70 < sum(v.chrom == "chr2" for v in found) < 130  # a quarter of the bases
    assert {v.alt for v in found} == set("ACGT")
    assert found == random_variants(genome, WINDOWS, 400, seed=1)
    assert found != random_variants(genome, WINDOWS, 400, seed=2)


def test_random_variants_are_not_of_n(tmp_path):
    path = tmp_path / "n.fa"
    path.write_text(f">c\n{'N' * 50}ACGT{'N' * 50}\n>n\n{'N' * 50}\n")
    with open_genome(path) as genome:
        windows = pd.DataFrame({"chrom": ["c"], "start": [0], "end": [104]})
        found = random_variants(genome, windows, 20, seed=0)
        assert {v.position for v in found} <= {50, 51, 52, 53}
        with pytest.raises(DataError, match="hardly any base but N"):
            random_variants(genome, windows.assign(chrom="n", end=50), 2, seed=0)


def test_a_percentile_is_the_share_of_smaller_effects():
    background = Background.of([scored([[1, 0], [-2, 0]]), scored([[3, 0], [-4, 1]])])
    found = background.percentiles(scored([[0, 0], [-2.5, 0.5], [9, -9]]))
    assert found["site_sum"].tolist() == [[0, 0], [50, 75], [100, 100]]
    assert found["tss"].shape == (0, 2)
    assert np.isnan(background.percentiles(scored([[0, 0]], [[1, 1]]))["tss"]).all()


def test_a_background_is_what_was_saved(described, genome, tmp_path):
    made = described("standard")
    settings = EffectSettings(averaging=Averaging(), step=512)
    scorer = Scorer(made.model, made.description, genome, settings)
    background = Background.of(scorer.score(random_variants(genome, WINDOWS, 20, seed=0)))
    background.save(tmp_path / "background.npz")
    again = Background.load(tmp_path / "background.npz")
    assert again.tracks == background.tracks == ("A", "B", "C")
    for name in SCORES:
        np.testing.assert_array_equal(again.sizes[name], background.sizes[name])
    (variants,) = scorer.score(random_variants(genome, WINDOWS, 10, seed=1))
    ranks = again.percentiles(variants)["site_sum"]
    assert ranks.shape == (10, 3)
    assert 0 <= ranks.min() < ranks.max() <= 100


@pytest.mark.parametrize("content", [b"no", b"PK\x03\x04 cut short"])
def test_a_damaged_background_is_refused(tmp_path, content):
    (tmp_path / "background.npz").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as the effects of random variants"):
        Background.load(tmp_path / "background.npz")
