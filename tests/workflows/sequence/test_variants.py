"""Scores of variants, from VCF to files; the model reads 64 bp and predicts 6 bins of 8 bp."""

import gzip
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl
import pysam
import pytest
import torch

from attendome.errors import DataError, RunError, SettingsError
from attendome.genome.annotation import read_genes
from attendome.genome.fasta import open_genome
from attendome.genome.vcf import open_vcf
from attendome.variants.background import random_variants
from attendome.variants.effects import SCORES, EffectSettings, Genes
from attendome.variants.scoring import Scorer
from attendome.workflows import score_variants
from attendome.workflows.sequence import variant_files, variant_parts
from attendome.workflows.sequence.variant_work import Where

FEW = {"step": 8, "background": 20, "averaging": {"reverse_complement": True, "shifts": [0, 2]}}
NONE = FEW | {"background": 0}
COLUMNS = [
    "variant", "chrom", "position", "ref", "alt", "id", "record", "allele", "flipped", "track",
    "site_sum", "site_max", "window_sum", "gene", "tss_distance", "tss",
    "site_sum_percentile", "site_max_percentile", "window_sum_percentile", "tss_percentile",
]  # fmt: skip
HEADER = '##fileformat=VCFv4.2\n##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">\n'
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture(scope="module")
def bases():
    drawn = np.random.default_rng(1).choice(list("ACGT"), 700)
    return {"chr1": "".join(drawn[:500]), "chr2": "".join(drawn[500:])}


@pytest.fixture(scope="module")
def genome(bases, tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text("".join(f">{name}\n{letters}\n" for name, letters in bases.items()))
    return path


@pytest.fixture(scope="module")
def genes(tmp_path_factory):
    path = tmp_path_factory.mktemp("genes") / "genes.tsv"
    path.write_text(
        "gene\tchrom\tstrand\ttss\nA\t1\t+\t100\nB\t1\t-\t120\nC\t2\t+\t30\nD\t9\t+\t1\n"
    )
    return path


def other(base):
    return "ACGT"["CGTA".index(base)]


@pytest.fixture(scope="module")
def vcf(bases, tmp_path_factory):
    """Ten alleles that are scored, one of them only flipped, and some of each kind that is not."""
    one, two = bases["chr1"], bases["chr2"]
    rows = [("1", place + 1, one[place], other(one[place])) for place in (0, 99, 105, 112, 300)]
    rows += [
        ("1", 400, one[399:401], one[399] + "GAT"),
        ("1", 420, one[419:424], one[419]),
        ("1", 430, one[429], f"<DEL>,{other(one[429])},*"),
        ("2", 31, two[30], other(two[30])),
        ("2", 40, other(two[39]), f"{other(other(two[39]))},{two[39]}"),  # the latter is flipped
        ("2", 0, "A", "C"),
        ("3", 5, "A", "C"),
        ("1", 200, one[199:240], one[199]),
        ("1", 300, "N", other(one[299])),
    ]
    path = tmp_path_factory.mktemp("vcf") / "variants.vcf"
    lines = [f"{c}\t{p}\trs{n}\t{r}\t{a}\t.\t.\tAF=0.5\n" for n, (c, p, r, a) in enumerate(rows)]
    path.write_text(HEADER + NAMES + "".join(lines))
    return path


@pytest.fixture(scope="module")
def made(trained, vcf, genome, genes, tmp_path_factory):
    """All files, in three parts, that no test changes."""
    folder = tmp_path_factory.mktemp("scores")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variant_parts, "_VARIANTS", 4)
        options = {"annotated": folder / "a.vcf.gz", "genes": genes}
        return score_variants(
            trained, vcf, genome, folder / "a.parquet", FEW | {"flip": True}, **options
        )


@pytest.fixture
def in_fours(monkeypatch):
    monkeypatch.setattr(variant_parts, "_VARIANTS", 4)


def test_a_row_per_variant_gene_and_track(made):
    table = pl.read_parquet(made.path)
    assert table.columns == COLUMNS
    assert (made.variants, made.tracks) == (10, 3)
    assert len(table) == 10 * 3
    assert table["track"].to_list() == ["A+", "A-", "B"] * 10
    assert table["variant"].str.starts_with("chr").all()
    dtypes = table.schema
    assert {dtypes[name] for name in COLUMNS if "sum" in name or "max" in name} == {pl.Float32}
    assert {dtypes[name] for name in ("position", "record", "tss_distance")} == {pl.Int64}
    assert table.filter(pl.col("id") == "rs1")["gene"].unique().to_list() == ["A"]
    assert table.filter(pl.col("id") == "rs3")["tss_distance"].unique().to_list() == [8]
    assert table.filter(pl.col("id") == "rs4")["tss"].null_count() == 3


def test_the_values_are_those_of_scoring_one_at_a_time(made, trained, vcf, genome, genes):
    table = pl.read_parquet(made.path)
    with open_genome(genome) as opened:
        placed = read_genes(genes).genes.replace({"chrom": {"1": "chr1", "2": "chr2"}})
        settings = EffectSettings(step=8, averaging=FEW["averaging"])
        ready = Scorer(trained.model, trained.description, opened, settings, Genes(placed))
        with open_vcf(vcf, opened, longest=ready.windows.longest, flip=True) as file:
            variants = [found for found in file if not hasattr(found, "reason")]
        alone = [replace(ready, batch_size=1).score([variant]) for variant in variants]
        expected = pl.concat([scored.table() for one in alone for scored in one])
        drawn = random_variants(opened, chromosomes(opened), 20, 0)
        background = np.concatenate([scored.site_max for scored in ready.score(drawn)])
    assert table.drop(*SCORES).select(expected.drop(*SCORES).columns).equals(expected.drop(*SCORES))
    for name in SCORES:
        np.testing.assert_allclose(
            table[name].fill_null(7), expected[name].fill_null(7), rtol=1e-3, atol=1e-6
        )
    assert table["site_sum"].abs().max() > 1e-5
    for row in table.iter_rows(named=True):
        sizes = np.abs(background[:, ["A+", "A-", "B"].index(row["track"])])
        smaller = (sizes < abs(row["site_max"])).mean()
        assert row["site_max_percentile"] == pytest.approx(100 * smaller, abs=5)


def chromosomes(genome):
    import pandas as pd

    ends = genome.lengths
    return pd.DataFrame({"chrom": list(ends), "start": 0, "end": list(ends.values())})


def test_what_is_left_out_is_listed(made):
    listed = pl.read_csv(made.listed, separator="\t")
    assert made.listed.name == "a.left-out.tsv"
    assert listed.columns == [*COLUMNS[:8], "reason"]
    counts = dict(listed["reason"].value_counts().iter_rows())
    assert counts == made.left_out == {
        "symbolic allele": 1,
        "allele * of a deletion elsewhere": 1,
        "reference differs from the genome": 2,
        "position 0 or beyond the chromosome's end": 1,
        "chromosome not in the genome": 1,
        "longer than the window": 1,
    }  # fmt: skip
    assert listed.filter(pl.col("position") == -1)["id"].to_list() == ["rs10"]


def test_notes(made):
    assert made.notes == [
        "Alleles that are the genome's, and were swapped with their reference: 1.",
        "Records out of order, which only costs time: 2.",
        "By genome.fa, chromosomes 1, 2 are taken as chr1, chr2.",
    ]


def test_the_table_is_written_part_by_part(made):
    import pyarrow.parquet as pq

    file = pq.ParquetFile(made.path)
    assert [file.metadata.row_group(n).num_rows for n in range(3)] == [12, 12, 6]
    assert b'"model": "dilated"' in file.schema_arrow.metadata[b"attendome"]
    assert not [path for path in made.path.parent.iterdir() if path.name.startswith(".")]


def test_annotated_vcf(made, vcf):
    table = pl.read_parquet(made.path)
    with pysam.VariantFile(str(made.path.with_name("a.vcf.gz"))) as file:
        fields = {name: file.header.info[name] for name in file.header.info}
        records = list(file)
    with pysam.VariantFile(str(vcf)) as file:
        assert [r.pos for r in file] == [r.pos for r in records]
    assert fields["ATTENDOME_TSS"].number == "A"
    assert fields["ATTENDOME_TSS_GENE"].type == "String"
    assert all(r.info["AF"][0] == 0.5 for r in records)
    for row in table.group_by("record", "allele").agg(pl.all()).iter_rows(named=True):
        record, allele = records[row["record"]], row["allele"] - 1
        most = int(np.argmax(np.abs(row["site_sum"])))
        assert record.info["ATTENDOME_SITE_SUM"][allele] == pytest.approx(
            row["site_sum"][most], rel=1e-5
        )
        assert record.info["ATTENDOME_SITE_SUM_TRACK"][allele] == row["track"][most]
        percentile = record.info["ATTENDOME_SITE_SUM_PERCENTILE"][allele]
        assert percentile == pytest.approx(row["site_sum_percentile"][most], rel=1e-5)
        assert record.info["ATTENDOME_FLIPPED"][allele] == row["flipped"][0]
    assert [r.info.get("ATTENDOME_TSS_GENE") for r in records[:5]] == [
        None, ("A",), ("A",), ("B",), None
    ]  # fmt: skip
    assert records[7].info["ATTENDOME_SITE_MAX"][::2] == (None, None)  # <DEL> and *
    assert not [name for r in records[10:] for name in r.info if name.startswith("ATTENDOME_")]


def test_annotating_again_replaces(made, trained, genome, tmp_path):
    before = made.path.with_name("a.vcf.gz")
    options = {"annotated": tmp_path / "again.vcf"}
    score_variants(trained, before, genome, tmp_path / "b.tsv", NONE, **options)
    lines = (tmp_path / "again.vcf").read_text().splitlines()
    assert sum(line.startswith("##INFO=<ID=ATTENDOME_SITE_SUM,") for line in lines) == 1
    assert all(line.count("ATTENDOME_SITE_SUM=") <= 1 for line in lines)
    assert "ATTENDOME_TSS=" not in "".join(lines)
    assert "PERCENTILE=" not in "".join(lines)


def test_samples_that_cannot_be_read(trained, bases, genome, tmp_path):
    base, path, out = bases["chr1"][0], tmp_path / "samples.vcf", tmp_path / "out"
    row = f"1\t1\t.\t{base}\t{other(base)}\t.\t.\t.\tGT\tx/y\n"
    path.write_text(HEADER + NAMES.strip() + "\tFORMAT\tone\n" + row)
    out.mkdir()
    with pytest.raises(DataError, match=r"samples.vcf: record 1 cannot be read"):
        score_variants(trained, path, genome, out / "a.tsv", NONE, annotated=out / "a.vcf")
    score_variants(trained, path, genome, out / "a.tsv", NONE)
    assert sorted(made.name for made in out.iterdir()) == ["a.left-out.tsv", "a.tsv"]


def test_names_of_tracks_in_vcf_keep_to_its_rules():
    assert variant_files._text("CAGE: a;b=c,100%") == "CAGE%3A%20a%3Bb%3Dc%2C100%25"


def test_without_background_and_genes_their_columns_are_empty(trained, vcf, genome, tmp_path):
    found = score_variants(trained, vcf, genome, tmp_path / "a.parquet", NONE | {"tracks": ["B"]})
    table = pl.read_parquet(found.path)
    assert table.columns == COLUMNS
    assert table["track"].unique().to_list() == ["B"]
    assert len(table) == found.variants == 9  # without flip
    for name in ("gene", "tss", "tss_distance", "site_sum_percentile", "tss_percentile"):
        assert table[name].null_count() == len(table)


@pytest.mark.usefixtures("in_fours")
def test_every_form_of_table_holds_the_same(trained, vcf, genome, tmp_path):
    paths = [tmp_path / f"a{ending}" for ending in (".tsv", ".tsv.gz", ".parquet")]
    for path in paths:
        score_variants(trained, vcf, genome, path, NONE, force=True)
    assert gzip.decompress(paths[1].read_bytes()) == paths[0].read_bytes()
    assert sum(line.startswith(b"variant\t") for line in paths[0].read_bytes().splitlines()) == 1
    table = pl.read_parquet(paths[2])
    text = pl.read_csv(paths[0], separator="\t", schema=table.schema)
    for name in COLUMNS:
        assert text[name].equals(table[name]), name


def test_bcf(trained, vcf, genome, tmp_path):
    path, text = tmp_path / "variants.bcf", vcf.read_text()
    header = "".join(f"##contig=<ID={name}>\n" for name in "123")
    header += '##INFO=<ID=END,Number=1,Type=Integer,Description="End">\n'  # pysam writes it
    plain = tmp_path / "plain.vcf"
    plain.write_text(text.replace(HEADER, HEADER + header))
    with (
        pysam.VariantFile(str(plain)) as file,
        pysam.VariantFile(str(path), "wb", header=file.header) as out,
    ):
        for record in file:
            out.write(record)
    outputs = [
        score_variants(trained, source, genome, tmp_path / f"{source.name}.tsv", NONE).path
        for source in (vcf, path)
    ]
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def interrupted_after(step, calls):
    @contextmanager
    def watch(name):
        count = iter(range(calls))

        def progress(_done, _all):
            if name == step and next(count, None) is None:
                raise KeyboardInterrupt

        yield progress

    return watch


@pytest.mark.usefixtures("in_fours")
@pytest.mark.parametrize(
    ("step", "calls"),
    [("Scoring random variants", 1), ("Scoring the variants", 2), ("Writing VCF", 1)],
)
def test_what_was_interrupted_goes_on_to_the_same_bytes(
    step, calls, made, trained, vcf, genome, genes, tmp_path
):
    arguments = (trained, vcf, genome, tmp_path / "a.parquet", FEW | {"flip": True})
    options = {"annotated": tmp_path / "a.vcf.gz", "genes": genes}
    with pytest.raises(KeyboardInterrupt) as caught:
        score_variants(*arguments, **options, watch=interrupted_after(step, calls))
    assert caught.value.__notes__ == ["The same command, given again, goes on."]
    assert [path.name for path in tmp_path.iterdir()] == [".a.parquet.parts"]
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.scores")}
    assert bool(kept) == (step != "Scoring random variants")
    told = []

    @contextmanager
    def watch(name):
        yield lambda done, total: told.append((name, done, total))

    score_variants(*arguments, **options, watch=watch)
    for name in ("a.parquet", "a.left-out.tsv", "a.vcf.gz"):
        assert (tmp_path / name).read_bytes() == made.path.with_name(name).read_bytes()
    begun = [done for name, done, _ in told if name == "Scoring the variants"][:1]
    assert begun == {"Scoring random variants": [0], "Scoring the variants": [4]}.get(step, [])


@pytest.mark.usefixtures("in_fours")
def test_parts_of_another_request_are_not_used(trained, vcf, genome, tmp_path):
    arguments = (trained, vcf, genome, tmp_path / "a.tsv")
    watch = interrupted_after("Scoring the variants", 2)
    with pytest.raises(KeyboardInterrupt):
        score_variants(*arguments, NONE, watch=watch)
    score_variants(*arguments, NONE | {"pseudocount": 9})
    fresh = score_variants(*arguments[:3], tmp_path / "b.tsv", NONE | {"pseudocount": 9})
    assert (tmp_path / "a.tsv").read_bytes() == fresh.path.read_bytes()


@pytest.mark.usefixtures("in_fours")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # dask's sockets
def test_on_a_cluster(made, trained, vcf, genome, genes, tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        where = Where(scheduler=cluster.scheduler_address)
        options = {"annotated": tmp_path / "a.vcf.gz", "genes": genes, "where": where}
        out = tmp_path / "a.parquet"
        score_variants(trained, vcf, genome, out, FEW | {"flip": True}, **options)
    for name in ("a.parquet", "a.left-out.tsv", "a.vcf.gz"):
        assert (tmp_path / name).read_bytes() == made.path.with_name(name).read_bytes()


def test_no_scheduler(trained, vcf, genome, tmp_path, monkeypatch):
    monkeypatch.setattr("attendome.workflows.scheduling._PATIENCE", 1)
    out = tmp_path / "out"
    out.mkdir()
    options = {"where": Where(scheduler="tcp://127.0.0.1:1")}
    with pytest.raises(SettingsError, match="No dask scheduler answers"):
        score_variants(trained, vcf, genome, out / "a.tsv", NONE, **options)
    assert not list(out.iterdir())


def test_variants_are_not_all_in_memory(trained, bases, genome, tmp_path, monkeypatch):
    monkeypatch.setattr(variant_parts, "_VARIANTS", 8)
    seen, score = [], Scorer.score

    def counted(self, variants):
        seen.append(len(variants))
        return score(self, variants)

    monkeypatch.setattr(Scorer, "score", counted)
    path, one = tmp_path / "many.vcf", bases["chr1"]
    rows = [f"chr1\t{n + 1}\t.\t{one[n]}\t{other(one[n])}\t.\t.\t.\n" for n in range(60)]
    path.write_text(HEADER + NAMES + "".join(rows))
    found = score_variants(trained, path, genome, tmp_path / "a.tsv", NONE)
    assert found.variants == 60
    assert seen == [8] * 7 + [4]


def bad(name):
    """Give what is wrong with each bad request: arguments, options, the error, what it says."""
    return {
        "ending": ({"out": "a.csv"}, SettingsError, "ends in .tsv, .tsv.gz or .parquet"),
        "annotated": ({"annotated": "a.bcf"}, SettingsError, "ends in .vcf or .vcf.gz"),
        "setting": ({"settings": {"stepp": 1}}, SettingsError, "did you mean 'step'"),
        "shift": ({"settings": {"averaging": {"shifts": [64]}}}, SettingsError, "64 bp"),
        "track": ({"settings": {"tracks": ["DNAS"]}}, SettingsError, "did you mean 'DNASE'"),
        "no vcf": ({"vcf": "none.vcf"}, DataError, "none.vcf: no such file"),
        "no genome": ({"genome": "none.fa"}, DataError, "none.fa: no such file"),
        "no genes": ({"genes": "none.gtf"}, DataError, "none.gtf: no such file"),
        "folder": ({"out": "none/a.tsv"}, DataError, "create it first"),
        "header": ({"vcf": b"chr1\t1\t.\tA\tC\n"}, DataError, "cannot be read as VCF or BCF"),
        "empty": ({"vcf": (HEADER + NAMES).encode()}, DataError, "a header and no records"),
        "nothing": (
            {"vcf": (HEADER + NAMES + "1\t5\t.\tA\t<DEL>\t.\t.\t.\n").encode()},
            DataError,
            "no variant can be scored: 1 symbolic allele",
        ),
        "malformed": ({"vcf": (HEADER + NAMES + "1\tx\n").encode()}, DataError, "record"),
        "other genes": (
            {"genes": b"gene\tchrom\tstrand\ttss\nA\tchr7\t+\t1\n"}, DataError, "chr7"
        ),
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "ending", "annotated", "setting", "shift", "track", "no vcf", "no genome", "no genes",
        "folder", "header", "empty", "nothing", "malformed", "other genes",
    ],
)  # fmt: skip
def test_bad_requests(name, trained, vcf, genome, tmp_path):
    changes, error, said = bad(name)
    given = {"vcf": vcf, "genome": genome, "out": "a.tsv", "settings": {"step": 8}} | changes
    place = tmp_path / "out"
    place.mkdir()
    for key, value in given.items():
        if isinstance(value, bytes):
            given[key] = tmp_path / key
            given[key].write_bytes(value)
    for key in ("out", "annotated"):
        if key in given:
            given[key] = place / given[key]
    with pytest.raises(error, match=said):
        score_variants(trained, **given)
    assert not list(place.iterdir())


def test_a_genome_of_another_assembly(trained, bases, vcf, tmp_path):
    path = tmp_path / "other.fa"
    path.write_text("".join(f">{c}\n{''.join(map(other, s))}\n" for c, s in bases.items()))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(DataError, match="FASTA of another assembly"):
        score_variants(trained, vcf, path, out / "a.tsv", NONE)
    assert not list(out.iterdir())


def test_what_exists_is_kept(trained, vcf, genome, tmp_path):
    for name in ("a.tsv", "a.left-out.tsv", "a.vcf"):
        (tmp_path / name).write_text("mine")
        options = {"annotated": tmp_path / "a.vcf"}
        with pytest.raises(DataError, match=f"{name} exists already"):
            score_variants(trained, vcf, genome, tmp_path / "a.tsv", NONE, **options)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()


def test_a_model_that_predicts_nonsense(run, vcf, genome, tmp_path):
    with torch.no_grad():
        run.model.output.weight.fill_(torch.nan)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(RunError, match="not finite"):
        score_variants(run, vcf, genome, out / "a.tsv", NONE)
    assert not list(out.iterdir())
