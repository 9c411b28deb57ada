import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest

import attendome as ad
from attendome.errors import DataError, SettingsError
from genome.plain_coverage import MINUS, Record, write_bam

CAGE = "wgEncodeRikenCageA549CellPapAlnRep1.chr21.bam"
SECONDARY = 256
RECORDS = [
    *(Record(f"near{n}", 1500 + n % 5) for n in range(30)),
    *(Record(f"far{n}", 900, MINUS, chrom=1) for n in range(4)),
    *(Record("shared", start, SECONDARY * (start > 100)) for start in (100, 1502)),
    Record("duplicate", 5, 1024),
]


@pytest.fixture
def bam(tmp_path):
    return write_bam(tmp_path / "reads.bam", RECORDS)


def bases(path):
    with pybigtools.open(str(path)) as file:
        return {name: file.values(name, 0, n, fillna=None) for name, n in file.chroms().items()}


def test_a_track_holds_the_events_of_each_base(bam, tmp_path):
    made = ad.coverage(bam, tmp_path / "out.bw", {"multimap": "equal"})
    found = bases(tmp_path / "out.bw")
    expected = {"chr1": np.zeros(2000), "chr2": np.zeros(1000)}
    expected["chr1"][1500:1505] = 6
    expected["chr1"][[100, 1502]] += 0.5
    expected["chr2"][909] = 4
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in expected.items()
    }
    assert (made.files, made.total) == ([tmp_path / "out.bw"], [35.0])
    assert (made.records, made.unique, made.shared) == (37, 34, 1)
    assert made.left_out == {"duplicate": 1}


def test_reads_with_several_places_go_where_others_are(bam, tmp_path):
    made = ad.coverage(bam, tmp_path / "out.bw")
    found = bases(tmp_path / "out.bw")["chr1"]
    assert found[100] < 0.02
    assert found.sum() == pytest.approx(31, rel=1e-6)
    assert any("settled after 2 rounds" in note for note in made.notes)


def test_unique_leaves_them_out(bam, tmp_path):
    made = ad.coverage(bam, tmp_path / "out.bw", {"multimap": "unique"})
    assert bases(tmp_path / "out.bw")["chr1"].sum() == 30
    assert made.left_out == {"duplicate": 1, "several places": 2}


def test_strands_have_a_file_each(bam, tmp_path):
    made = ad.coverage(bam, tmp_path / "out.bw", {"strands": True})
    assert [file.name for file in made.files] == ["out.plus.bw", "out.minus.bw"]
    assert made.total == pytest.approx([31, 4])
    plus, minus = (bases(file) for file in made.files)
    assert plus["chr1"].sum() == pytest.approx(31)
    assert plus["chr2"].sum() == minus["chr1"].sum() == 0
    assert minus["chr2"][909] == 4
    assert not (tmp_path / "out.bw").exists()


def test_high_values_are_clipped(bam, tmp_path):
    made = ad.coverage(bam, tmp_path / "out.bw", {"multimap": "equal", "clip": 5})
    found = bases(tmp_path / "out.bw")["chr1"]
    assert found[1500:1505].tolist() == [5] * 5
    assert found[100] == 0.5
    assert made.total == [5 * 5 + 0.5 + 4]
    assert "5 bases were clipped to 5." in made.notes


def test_gc_correction_changes_values_and_is_said(tmp_path):
    generator = np.random.default_rng(0)
    share = np.repeat(generator.choice([0.3, 0.6], 200), 384)
    text = np.where(generator.random(len(share)) < share, "g", "T")
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">chr1\n{''.join(text.tolist())}\n")
    starts = np.flatnonzero(generator.random(len(share)) < 0.1 * (share > 0.5) + 0.02)[:-20]
    records = [Record(f"r{start}", int(start)) for start in starts]
    sizes = [("chr1", len(share)), ("chr2", 50)]
    path = write_bam(tmp_path / "a.bam", [*records, Record("other", 5, chrom=1)], sizes)
    made = ad.coverage(path, tmp_path / "out.bw", {"gc_correct": fasta})
    found = bases(tmp_path / "out.bw")["chr1"]
    assert (np.flatnonzero(found) == starts).all()
    assert found[starts][share[starts] < 0.5].mean() > 2 * found[starts][share[starts] > 0.5].mean()
    assert any("Not corrected, without a sequence: chr2." in note for note in made.notes)
    assert any("of the variance of log coverage" in note for note in made.notes)


def test_another_genome_is_refused_before_the_reads_are_read(bam, tmp_path):
    fasta, told = tmp_path / "genome.fa", []
    fasta.write_text(">chr1\nACGT\n")
    with pytest.raises(DataError, match=r"genome\.fa: chr1 is 4 bp long there"):
        ad.coverage(
            bam,
            tmp_path / "out.bw",
            {"gc_correct": fasta},
            progress=lambda *what: told.append(what),
        )
    assert not told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"assay": "RNA"}, "'assay' cannot be 'RNA'"),
        ({"multimap": "best"}, "'multimap' cannot be 'best'"),
        ({"clip": 0}, "'clip' cannot be 0"),
        ({"as_published": True}, "give gc_correct too"),
        ({"shifts": 3}, "did you mean 'shift'"),
    ],
)
def test_settings_that_do_not_fit(settings, message, bam, tmp_path):
    with pytest.raises(SettingsError, match=message):
        ad.coverage(bam, tmp_path / "out.bw", settings)


@pytest.mark.parametrize("name", ["out.bam", "out", "out.bedgraph", "out.BW"])
def test_the_output_is_bigwig(name, bam, tmp_path):
    with pytest.raises(SettingsError, match=r"which ends in .bw"):
        ad.coverage(bam, tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "is empty"),
        (b"chr1\t0\t10\tN\t0\t+\n", "expected BAM, found BED"),
        (b"CRAM", "found CRAM"),
    ],
)
def test_another_file_than_bam_is_refused(content, message, tmp_path):
    path = tmp_path / "reads"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        ad.coverage(path, tmp_path / "out.bw")


def test_what_stands_there_is_kept(bam, tmp_path):
    (tmp_path / "out.minus.bw").write_text("mine")
    with pytest.raises(DataError, match=r"out.minus.bw exists already"):
        ad.coverage(bam, tmp_path / "out.bw", {"strands": True})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.minus.bw", "reads.bam"]
    ad.coverage(bam, tmp_path / "out.bw", {"strands": True}, force=True)
    assert (tmp_path / "out.minus.bw").read_bytes() != b"mine"


@pytest.mark.parametrize("task", ["Reading records", "Sharing out", "Writing chromosomes"])
def test_an_interruption_leaves_nothing(task, bam, tmp_path, capfd):
    def stop(name, _count):
        if name.startswith(task):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ad.coverage(bam, tmp_path / "out.bw", {"strands": True}, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["reads.bam"]
    assert capfd.readouterr() == ("", "")


def test_sorting_makes_no_difference(bam, tmp_path):
    pysam.sort("-o", str(tmp_path / "sorted.bam"), str(bam))
    ad.coverage(bam, tmp_path / "a.bw")
    ad.coverage(tmp_path / "sorted.bam", tmp_path / "b.bw")
    assert (tmp_path / "a.bw").read_bytes() == (tmp_path / "b.bw").read_bytes()


@pytest.fixture(scope="module")
def cage_folder(shared_data):
    return shared_data / "reads" / "A549_CAGE_chr21"


@pytest.fixture(scope="module")
def cage(cage_folder, tmp_path_factory):
    """The reads, with a header of their chromosome alone: to write the zeros of 24 others takes."""
    path = tmp_path_factory.mktemp("cage") / "chr21.bam"
    with pysam.AlignmentFile(cage_folder / CAGE) as file:
        header = {"SQ": [{"SN": "chr21", "LN": file.get_reference_length("chr21")}]}
        with pysam.AlignmentFile(path, "wb", header=header) as copy:
            for read in file:
                read.reference_id = 0
                copy.write(read)
    return path


def five_prime(read):
    return read.reference_end - 1 if read.is_reverse else read.reference_start


def events_of(path):
    """Give the bases of chr21 with coverage, and the coverage of each."""
    with pybigtools.open(str(path)) as file:
        rows = np.array([row for row in file.records("chr21") if row[2] > 0])
        assert file.info()["summary"]["basesCovered"] == sum(file.chroms().values())
    start, end, value = rows.T
    assert (end == start + 1).all()
    return start.astype(int), value


def test_real_cage_reads_are_all_there(cage, tmp_path):
    """Each of the 128,422 reads of A549 counts 1; 3,383 of them are of mapping quality 0."""
    every = ad.coverage(cage, tmp_path / "em.bw", {"assay": "CAGE", "strands": True})
    unique = ad.coverage(cage, tmp_path / "unique.bw", {"assay": "CAGE", "multimap": "unique"})
    with pysam.AlignmentFile(cage) as file:
        expected = [(read.is_reverse, five_prime(read)) for read in file]
    for strand, file in enumerate(every.files):
        bases, counts = np.unique([b for s, b in expected if s == strand], return_counts=True)
        found = events_of(file)
        assert (found[0] == bases).all()
        assert (found[1] == counts).all()
    assert sum(every.total) == len(expected) == 128_422
    assert unique.total == [125_039]
    assert unique.left_out == {"place not sure": 3383}


def with_second_places(path, out, share):
    """Copy a BAM file; give a share of its reads a second place, drawn at random from chr21.

    Returns:
        Strand and base of the 5' ends of these reads, where they lie and where they do not.
    """
    generator = np.random.default_rng(0)
    right, wrong = [], []
    with pysam.AlignmentFile(path) as file, pysam.AlignmentFile(out, "wb", template=file) as copy:
        for read in file:
            copy.write(read)
            if generator.random() < share:
                right.append((read.is_reverse, five_prime(read)))
                read.flag |= SECONDARY
                read.reference_start = int(generator.integers(10_000_000, 48_000_000))
                wrong.append((read.is_reverse, five_prime(read)))
                copy.write(read)
    return right, wrong


@pytest.mark.parametrize(("method", "low", "high"), [("em", 0, 0.06), ("equal", 0.49, 0.51)])
def test_real_cage_reads_go_back_to_their_place(method, low, high, cage, tmp_path):
    """A fifth of the reads get a wrong second place, which has half of each; EM leaves 6% there."""
    path = tmp_path / "several.bam"
    right, wrong = with_second_places(cage, path, 0.2)
    settings = {"assay": "CAGE", "strands": True, "multimap": method}
    made = ad.coverage(path, tmp_path / "out.bw", settings)
    found = [
        dict(zip(*map(np.ndarray.tolist, events_of(file)), strict=True)) for file in made.files
    ]
    assert made.shared == len(right) > 25_000
    assert sum(made.total) == pytest.approx(128_422, rel=1e-6)
    assert sum(sum(values.values()) for values in found) == pytest.approx(128_422, rel=1e-3)
    astray = sum(found[strand][base] for strand, base in set(wrong) - set(right)) / len(right)
    assert low <= astray < high


def test_real_cage_coverage_is_enriched_at_refseq_tss(cage, cage_folder, tmp_path):
    """Mean coverage within 50 bp of TSSs, on their strand, over the mean of the chromosome."""
    names = ["chrom", "start", "end", "name", "score", "strand"]
    genes = pd.read_csv(
        cage_folder / "chr21.refseq.hg19.bed", sep="\t", names=names, usecols=range(6)
    )
    tss = genes["start"].where(genes["strand"] == "+", genes["end"] - 1)
    made = ad.coverage(cage, tmp_path / "out.bw", {"assay": "CAGE", "strands": True})
    near = sense = other = 0
    for number, strand in enumerate("+-"):
        starts = tss[genes["strand"] == strand].to_numpy()
        bases = np.unique(starts[:, None] + np.arange(-50, 51))
        near += len(bases)
        base, value = events_of(made.files[number])
        sense += value[np.isin(base, bases)].sum()
        base, value = events_of(made.files[1 - number])
        other += value[np.isin(base, bases)].sum()
    mean = sum(made.total) / (2 * 48_129_895)
    assert sense / near / mean == pytest.approx(546, abs=1)
    assert other < sense / 10
