"""The command that scores variants: what it says, and how it goes on."""

import signal
import time

import numpy as np
import pytest

BASES = "".join(np.random.default_rng(0).choice(list("ACGT"), 4000))
NAMES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture(scope="module")
def sequence_run(succeed, small_sequences, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "standard"
    options = ["--set", "scale=small", "--set", "epochs=1", "--set", "batch_size=2"]
    succeed("train", small_sequences, "--model", "standard", "--out", out, *options)
    return out


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(f">chr1\n{BASES}\n")
    return path


@pytest.fixture
def vcf(tmp_path):
    """Give a function that writes so many variants, and two that cannot be scored."""

    def write(number):
        alleles = ["ACGT"["CGTA".index(base)] for base in BASES[:number]]
        rows = [f"1\t{n}\t.\t{BASES[n - 1]}\t{a}\t.\t.\t.\n" for n, a in enumerate(alleles, 1)]
        rows += ["1\t5000\t.\tA\tC\t.\t.\t.\n", f"1\t9\t.\t{BASES[8]}\t<DEL>\t.\t.\t.\n"]
        path = tmp_path / "variants.vcf"
        path.write_text("##fileformat=VCFv4.2\n" + NAMES + "".join(rows))
        return path

    return write


def test_what_is_said(succeed, sequence_run, vcf, genome, tmp_path):
    out, annotated, genes = (tmp_path / name for name in ("a.tsv", "a.vcf.gz", "genes.bed"))
    genes.write_text("chr1\t2\t3\tG\t0\t+\n")
    options = ["--annotated", annotated, "--genes", genes, "--tracks", "DNASE", "--shifts", "-1,1"]
    said = succeed(
        "variants", sequence_run, "--vcf", vcf(5), "--genome", genome, "--out", out,
        "--background", 10, *options,
    )  # fmt: skip
    assert said.splitlines() == [
        "Records out of order, which only costs time: 1.",
        "By genome.fa, chromosomes 1 are taken as chr1.",
        f"Left out 2 alleles, listed in {tmp_path / 'a.left-out.tsv'}: 1 position 0 or beyond the "
        "chromosome's end, 1 symbolic allele.",
        f"Wrote {out}: 5 variants × 1 tracks.",
        f"Wrote {annotated}: the variants with a summary of the scores.",
    ]
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0][0] == "variant"
    assert len(rows) == 6
    assert annotated.is_file()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tracks", "DNAS"], "did you mean 'DNASE'"),
        (["--shifts", "a"], "--shifts: expected whole numbers"),
        (["--set", "sites=1"], "did you mean 'site'"),
        (["--genes", "none.gtf"], "none.gtf: no such file"),
    ],
)
def test_bad_requests(fail, sequence_run, vcf, genome, tmp_path, options, said):
    file, out = vcf(5), tmp_path / "out"
    out.mkdir()
    request = ["--vcf", file, "--genome", genome, "--out", out / "a.tsv", *options]
    assert said in fail("variants", sequence_run, *request)
    assert not list(out.iterdir())


def test_a_run_of_histone_marks(fail, trained, vcf, genome, tmp_path):
    request = ["--vcf", vcf(5), "--genome", genome, "--out", tmp_path / "a.tsv"]
    assert "which reads histone marks" in fail("variants", trained, *request)


def test_workers_and_scheduler(invoke, sequence_run, vcf, genome, tmp_path):
    request = ["--vcf", vcf(5), "--genome", genome, "--out", tmp_path / "a.tsv"]
    result = invoke("variants", sequence_run, *request, "--workers", 2, "--scheduler", "tcp://a:1")
    assert result.exit_code == 2
    assert "do not go together" in result.stderr


def test_an_interrupted_command_goes_on(succeed, start, sequence_run, vcf, genome, tmp_path):
    file, out = vcf(600), tmp_path / "a.parquet"
    request = ["variants", sequence_run, "--vcf", file, "--genome", genome, "--background", 0]
    process = start(*request, "--out", out)
    parts = tmp_path / ".a.parquet.parts" / "variants"
    while process.poll() is None and not list(parts.glob("*.scores")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing is half written. The same command, given again, goes on." in said
    assert not out.exists()
    assert list(parts.glob("*.scores"))
    assert "600 variants × 3 tracks" in succeed(*request, "--out", out)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.left-out.tsv", "a.parquet", "variants.vcf"
    ]  # fmt: skip
