import shutil
import subprocess

import numpy as np
import polars as pl
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from attendome.errors import DataError, SettingsError
from attendome.genome.bins import BinGrid
from attendome.genome.counting import CountingRule, count_reads

CHROMOSOMES = ["chr1", "chr2"]
MULTICOV = CountingRule()


def make_grid():
    return BinGrid(np.array([0, 0, 1]), np.array([100, 150, -50]), 4, 25)


def write_bed(path, rows):
    path.write_text("".join(f"{c}\t{s}\t{e}\tN\t0\t{strand}\n" for c, s, e, strand in rows))
    return path


def counted(path, rule=MULTICOV, kind="BED", **options):
    return count_reads(path, kind, make_grid(), CHROMOSOMES, rule, **options)


@pytest.fixture(scope="module")
def golden(shared_data):
    return pl.read_csv(shared_data / "golden" / "K562_chr1_multicov.tsv.gz", separator="\t")


@pytest.fixture(scope="module")
def golden_grid(golden):
    start = golden["start"].to_numpy()[::100].astype(np.int64)
    return BinGrid(np.zeros(len(start), np.int64), start, 100, 100)


@pytest.mark.parametrize("mark", ["H3K4me3", "H3K36me3", "Input"])
@pytest.mark.parametrize("kind", ["BAM", "BED"])
def test_equals_bedtools_multicov_on_k562(mark, kind, golden, golden_grid, shared_data, tmp_path):
    bam = shared_data / "reads" / "K562_chr1" / f"K562_{mark}.bam"
    path = bam if kind == "BAM" else as_tag_align(bam, tmp_path / "reads.tagAlign")
    found = count_reads(path, kind, golden_grid, ["chr1"], MULTICOV)
    assert found.counts.reshape(-1).tolist() == golden[mark].to_list()


def as_tag_align(bam, path):
    """Write the reads that multicov counts; an unmapped one at its mate's place has one base."""
    with pysam.AlignmentFile(bam) as reads:
        rows = [
            (read.reference_name, read.reference_start, read.reference_end, "+-"[read.is_reverse])
            for read in reads
            if read.reference_id >= 0 and not (read.is_duplicate or read.is_qcfail)
        ]
    return write_bed(path, [(c, s, s + 1 if e is None else e, strand) for c, s, e, strand in rows])


@pytest.mark.skipif(shutil.which("bedtools") is None, reason="bedtools is not installed")
def test_equals_bedtools_multicov_on_every_kind_of_record(write_bam, tmp_path):
    generator = np.random.default_rng(0)
    cigars = ["36M", "10M30N26M", "4S32M", "20M2I14M", "20M5D16M", "18M18H", "36I", "20S16I"]
    flags = [0, 4, 16, 20, 256, 512, 1024, 2048, 99, 147]
    records = sorted(
        (int(chrom), int(start), int(generator.choice(flags)), str(generator.choice(cigars)))
        for chrom, start in zip(*generator.integers(0, [[2], [300]], (2, 400)), strict=True)
    )
    path = write_bam([(flag, chrom, start, cigar, 30) for chrom, start, flag, cigar in records])
    pysam.index(str(path))
    grid = BinGrid(np.array([0, 0, 1]), np.array([100, 150, 0]), 4, 25)
    bed = tmp_path / "bins.bed"
    bed.write_text(
        "".join(
            f"{CHROMOSOMES[chrom]}\t{start + 25 * b}\t{start + 25 * b + 25}\n"
            for chrom, start in zip(grid.chrom, grid.start, strict=True)
            for b in range(4)
        )
    )
    command = ["bedtools", "multicov", "-bams", path, "-bed", bed]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = count_reads(path, "BAM", grid, CHROMOSOMES, MULTICOV)
    assert found.counts.reshape(-1).tolist() == [float(line.split("\t")[-1]) for line in lines]


READS = st.lists(
    st.tuples(
        st.sampled_from(["chr1", "chr2", "chr3"]),
        st.integers(0, 400),
        st.integers(1, 90),
        st.sampled_from("+-"),
    ),
    min_size=1,
    max_size=30,
)
RULES = st.sampled_from(
    [MULTICOV, CountingRule(five_prime=True), CountingRule(extend=60), CountingRule(extend=5)]
)


def naively(reads, rule, length):
    grid = make_grid()
    counts = np.zeros((3, 4))
    for chrom, place, size, strand in reads:
        start, end = place, place + size
        if rule.stranded:
            bases = 1 if rule.five_prime else rule.extend
            start, end = (start, start + bases) if strand == "+" else (end - bases, end)
            end = min(end, length)
        for window in range(3):
            for bin_ in range(4):
                first = grid.start[window] + 25 * bin_
                same = chrom == CHROMOSOMES[grid.chrom[window]]
                counts[window, bin_] += same and max(start, 0) < first + 25 and end > first
    return counts


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@given(reads=READS, rule=RULES)
def test_equals_a_triple_loop(reads, rule, tmp_path):
    reads = [("chr1", 0, 1, "+"), *reads]
    path = write_bed(tmp_path / "r.bed", [(c, s, s + n, strand) for c, s, n, strand in reads])
    found = counted(path, rule, lengths={"chr1": 500, "chr2": 500})
    assert found.counts.tolist() == naively(reads, rule, 500).tolist()
    assert found.reads == found.used == len(reads)


def test_order_and_pieces_do_not_matter(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    rows = [("chr1", int(s), int(s) + 36, "+") for s in generator.integers(0, 400, 500)]
    expected = counted(write_bed(tmp_path / "sorted.bed", sorted(rows)))
    monkeypatch.setattr("attendome.genome.text._PIECE", 300)
    found = counted(write_bed(tmp_path / "unsorted.bed", rows))
    assert found.counts.tolist() == expected.counts.tolist()
    assert found.in_windows == expected.in_windows


def test_what_is_kept_of_a_file(write_bam):
    path = write_bam(
        [(0, 0, 120, "36M", 60), (0, 0, 5000, "36M", 60), (1024, 0, 120, "36M", 60)],
        name="x.bam",
    )
    seen = []
    found = counted(path, kind="BAM", progress=seen.append)
    assert (found.reads, found.used, found.in_windows) == (3, 2, 1)
    assert found.left_out == {"duplicate": 1}
    assert sum(seen) == 3


def test_names_are_reconciled(tmp_path):
    path = write_bed(tmp_path / "r.bed", [("1", 120, 140, "+"), ("MT", 1, 5, "+")])
    found = counted(path)
    assert found.names == {"1": "chr1"}
    assert found.counts[0].tolist() == [1, 1, 0, 0]


def test_no_shared_chromosome_is_an_error(tmp_path):
    path = write_bed(tmp_path / "r.bed", [("scaffold7", 120, 140, "+")])
    with pytest.raises(DataError, match=r"one of chr1, chr2\. It has scaffold7"):
        counted(path)


def test_a_read_beyond_its_chromosome_is_named(tmp_path):
    path = write_bed(tmp_path / "r.bed", [("1", 0, 9, "+"), ("1", 490, 501, "+")])
    with pytest.raises(DataError, match=r"chr1:490-501 lies beyond the end of chr1, .* 500 bp"):
        counted(path, lengths={"chr1": 500})


def test_an_unmapped_read_over_the_end_of_its_chromosome_is_no_error(write_bam):
    """BWA marks such a read as unmapped, and leaves it its place and CIGAR."""
    path = write_bam([(4, 0, 9990, "36M", 0), (0, 0, 120, "36M", 60)], length=10_000)
    found = counted(path, kind="BAM", lengths={"chr1": 10_000})
    assert found.counts[0].tolist() == [1, 1, 1, 0]


def test_a_read_without_aligned_bases_is_left_out(write_bam):
    path = write_bam([(0, 0, 120, "36I", 60), (0, 0, 120, "36M", 60)])
    assert counted(path, kind="BAM").left_out == {"no aligned base": 1}


def test_a_file_without_reads_is_refused(write_bam):
    with pytest.raises(DataError, match="holds no reads"):
        counted(write_bam([]), kind="BAM")


def test_bed_has_no_mapping_quality(tmp_path):
    path = write_bed(tmp_path / "r.bed", [("chr1", 0, 9, "+")])
    with pytest.raises(SettingsError, match="no mapping quality"):
        counted(path, CountingRule(min_mapq=30))


def test_a_read_is_its_end_or_extended():
    with pytest.raises(ValidationError, match="give one of the two"):
        CountingRule(five_prime=True, extend=200)
