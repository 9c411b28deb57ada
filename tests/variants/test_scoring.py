from itertools import chain

import numpy as np
import pandas as pd
import polars as pl
import pytest

from attendome.genome.vcf import Variant
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.training.sequence.inference import Averaging
from attendome.variants.effects import SCORES, EffectSettings, Genes
from attendome.variants.scoring import Scorer

GENES = Genes(
    pd.DataFrame(
        {"chrom": "chr1", "tss": [5500, 10_700, 10_100]}, index=["left", "right", "middle"]
    )
)


def scorer(made, genome, batch_size=16, genes="all", **settings):
    chosen = {"averaging": Averaging(), "step": 512, "site": 512, **settings}
    return Scorer(
        made.model,
        made.description,
        genome,
        EffectSettings(genes=genes, **chosen),
        GENES,
        batch_size=batch_size,
    )


def joined(scored):
    parts = list(scored)
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in SCORES}


@pytest.fixture(scope="module")
def some(at):
    """Variants near each other and far apart, of all kinds, and at the ends."""
    places = [10_000, 10_050, 10_900, 4000, 0, 29_999]
    return [
        *(at(place) for place in places),
        at(10_040, 3, "TTT"),
        at(10_020, 1, "ACGGATCGTAGTTCGAT"),
        at(10_080, 40, "G"),
        at(2990, 5, "", chrom="chr2"),
        at(200, 1, "", chrom="chr2"),
    ]


@pytest.mark.parametrize("name", sorted(SEQUENCE_MODELS))
def test_scores_together_are_scores_one_by_one(described, genome, some, name):
    made = described(name)
    views = Averaging(reverse_complement=True, shifts=(5,))
    together = joined(scorer(made, genome, averaging=views).score(some))
    alone = scorer(made, genome, batch_size=1, averaging=views)
    single = joined(chain.from_iterable(alone.score([variant]) for variant in some))
    for score in SCORES:
        np.testing.assert_allclose(together[score], single[score], rtol=1e-4, atol=1e-5)
    assert np.abs(together["site_sum"]).max() > 1e-3


@pytest.mark.parametrize("name", sorted(SEQUENCE_MODELS))
def test_an_allele_that_is_the_genomes_scores_zero(described, genome, at, name):
    same = at(10_000, 4, genome.letters("chr1", 10_000, 10_004).decode())
    views = Averaging(reverse_complement=True, shifts=(5,))
    found = joined(scorer(described(name), genome, averaging=views).score([same, at(10_100)]))
    assert all((found[score][:1] == 0).all() for score in SCORES)
    assert found["site_sum"][1].all()


@pytest.mark.parametrize("name", sorted(SEQUENCE_MODELS))
@pytest.mark.parametrize(("length", "alt"), [(1, None), (5, "CCATG")])
def test_swapped_alleles_have_the_opposite_score(
    described, genome, at, tmp_path, name, length, alt
):
    from attendome.genome.fasta import open_genome

    there = at(10_000, length, alt)
    text = genome.letters("chr1", 0, 30_000).decode()
    path = tmp_path / "other.fa"
    path.write_text(f">chr1\n{text[:10_000]}{there.alt}{text[10_000 + length :]}\n")
    back = Variant("chr1", 10_000, there.alt, there.ref)
    found = joined(scorer(described(name), genome).score([there]))
    with open_genome(path) as other:
        opposite = joined(scorer(described(name), other).score([back]))
    for score in SCORES:
        np.testing.assert_allclose(found[score], -opposite[score], rtol=1e-4, atol=1e-5)


def test_what_the_tower_does_not_reach_scores_exactly_zero(described, genome, at):
    variants = [at(10_000), at(10_040, 20, "GC"), at(10_000, 1, "AGGGCTA")]
    views = Averaging(reverse_complement=True, shifts=(-5, 0))
    found = [
        joined(scorer(described(name), genome, averaging=views).score(variants))["tss"]
        for name in ("standard", "attention")
    ]
    tss = [part.reshape(3, 2, 3) for part in found]  # middle and right of each variant
    assert (tss[0][:, 1] == 0).all()
    assert (tss[0][:, 0] != 0).all()
    assert (tss[1] != 0).all()


def test_the_table_has_a_row_per_variant_gene_and_track(described, genome, at):
    made = described("standard")
    variants = [at(10_000), at(20_000), at(5000)]
    (scored,) = scorer(made, genome).score(variants)
    table = scored.table()
    assert table["gene"].to_list() == [
        *(["middle"] * 3), *(["right"] * 3), *([None] * 3), *(["left"] * 3)
    ]  # fmt: skip
    assert table["tss_distance"].to_list()[::3] == [100, 700, None, 500]
    assert table["track"].to_list() == ["A", "B", "C"] * 4
    assert table["variant"][0] == variants[0].name
    assert (
        table.filter(pl.col("chrom") == "chr1", pl.col("position") == 20_000)["tss"].is_null().all()
    )
    near = table.filter(pl.col("gene") == "middle")
    np.testing.assert_allclose(near["tss"], scored.tss[0])
    np.testing.assert_allclose(near["site_max"], scored.site_max[0])
    (nearest,) = scorer(made, genome, genes="nearest").score(variants)
    assert nearest.table()["gene"].to_list()[::3] == ["middle", None, "left"]
    assert nearest.table().schema == table.schema


def test_some_tracks_are_as_they_are_among_all(described, genome, at):
    made = described("standard")
    (whole,) = scorer(made, genome).score([at(10_000)])
    few = Scorer(made.model, made.description, genome, scorer(made, genome).settings, tracks=(2, 0))
    (part,) = few.score([at(10_000)])
    assert part.tracks == ("C", "A")
    np.testing.assert_array_equal(part.site_sum, whole.site_sum[:, [2, 0]])
    assert part.genes == ((),)


def test_an_allele_that_no_window_holds_is_refused(described, genome, at):
    made = scorer(described("standard"), genome)
    assert made.windows.longest == 12 * 128 - 512
    with pytest.raises(ValueError, match="up to 1,024 bp, found 1,025 bp"):
        list(made.score([at(5000, 1025, "")]))
    (edge,) = made.score([at(5000, 1024, ""), at(5000, 1, "T" * 1024)])
    assert np.isfinite(edge.site_sum).all()


def test_variants_are_read_as_they_are_scored(described, genome, at):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield at(10_000 + len(taken))

    next(scorer(described("standard"), genome, batch_size=3).score(endless()))
    assert len(taken) == 3
