"""Counts and means by hand: windows of 200 bp around the TSS, in four bins of 50."""

import hashlib
import warnings

import numpy as np
import pybigtools
import pytest

from attendome.config import validate
from attendome.data.building import build
from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.errors import DataError, SettingsError

SMALL = {"window": 200, "bin_size": 50, "split": "random"}
ZEROS = [0, 0, 0, 0]
# Flag, chromosome, start, CIGAR, mapping quality; the genes are A to F of ``six_genes``.
READS = [
    (0, 0, 960, "30M", 30),  # A, its second bin
    (0, 0, 990, "30M", 30),  # A, its second and third
    (1024, 0, 960, "30M", 30),  # the same, a duplicate
    (16, 0, 1900, "30M", 10),  # B, the first in genome order
    (16, 1, 3040, "30M", 30),  # D, the third and fourth in genome order
    (0, 1, 8000, "30M", 30),  # no gene
]
ABSENT = "on a chromosome that a signal file does not have"
BARE = "a bin that no signal file covers"


@pytest.fixture
def reads(write_bam):
    return write_bam(READS, name="reads.bam")


@pytest.fixture
def built(six_genes):
    """Give a function that builds a dataset of the six genes from the files of marks."""

    def make(signal, files=(), **settings):
        marks = {mark: [paths] if not isinstance(paths, list) else paths for mark, paths in signal}
        values = {"genes": six_genes, "signal": marks, "cell_type": "T"} | dict(files)
        chosen = validate(BuildSettings, SMALL | settings)
        return build(validate(ChromatinFiles, values), chosen)

    return make


def rows(data, mark=0):
    """Give the bins of each gene."""
    values = data.signal.to_numpy()[:, mark].tolist()
    return dict(zip(data.genes.index, values, strict=True))


def write_bed(path, places):
    path.write_text("".join(f"{c}\t{s}\t{e}\tN\t0\t{strand}\n" for c, s, e, strand in places))
    return path


TRACK = [("chr1", 0, 975, 2.0), ("chr2", 0, 10_000, 4.0)]


def write_track(path, places=TRACK, sizes=None):
    if path.suffix == ".bedGraph":
        path.write_text("".join("\t".join(map(str, row)) + "\n" for row in places))
        return path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        file = pybigtools.open(str(path), "w")
        file.write(sizes or {"chr1": 10_000, "chr2": 10_000}, iter(places))
    return path


def test_counts_by_hand(built, reads):
    found = rows(built([("M", reads)], oriented=False))
    assert found == {
        "A": [0, 2, 1, 0],
        "B": [1, 0, 0, 0],
        "C": ZEROS,
        "D": [0, 0, 1, 1],
        "E": ZEROS,
        "F": ZEROS,
    }


def test_genes_of_the_minus_strand_are_turned_around(built, reads):
    data = built([("M", reads)])
    found = rows(data)
    assert (found["A"], found["B"], found["D"]) == ([0, 2, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0])
    assert data.oriented
    assert data.xarray["bin_start"].to_numpy().tolist() == [-100, -50, 0, 50]


@pytest.mark.parametrize(
    ("rule", "a", "b", "d"),
    [
        ({"five_prime": True}, [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]),
        ({"extend": 100}, [0, 2, 2, 2], [1, 0, 0, 0], [0, 1, 1, 1]),
        ({"min_mapq": 20}, [0, 2, 1, 0], ZEROS, [0, 0, 1, 1]),
        ({"keep_duplicates": True}, [0, 3, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]),
    ],
)
def test_the_rule_reaches_the_counting(built, reads, rule, a, b, d):
    found = rows(built([("M", reads)], oriented=False, counting=rule))
    assert (found["A"], found["B"], found["D"]) == (a, b, d)


def test_window_and_bins(built, reads):
    data = built([("M", reads)], window=100, bin_size=25)
    assert (data.bins, data.bin_size) == (4, 25)
    assert rows(data)["A"] == [1, 2, 1, 0]


def test_files_of_a_mark_add_up_and_marks_keep_their_order(built, reads, tmp_path):
    other = write_bed(tmp_path / "more.bed", [("chr1", 970, 980, "+"), ("chr2", 9, 99, "-")])
    data = built([("Z", [reads, other]), ("A", other)])
    assert data.marks == ["Z", "A"]
    assert rows(data, 0)["A"] == [0, 3, 1, 0]
    assert rows(data, 1)["A"] == [0, 1, 0, 0]


def test_the_control_is_scaled_to_the_depth_and_subtracted(built, reads, tmp_path):
    # 5 reads of the mark are used, and 10 of the control: each counts half.
    here = [("chr1", 1001, 1031, "+"), *[("chr1", 1900, 1930, "-")] * 5]
    control = write_bed(tmp_path / "control.bed", [*here, *[("chr2", 9000, 9030, "+")] * 4])
    few = write_bed(tmp_path / "few.bed", [here[0], ("chr2", 9000, 9030, "+")])
    data = built([("M", reads), ("N", few)], {"control": [control]}, oriented=False)
    assert rows(data, 0)["A"] == [0, 2, 0.5, 0]
    assert rows(data, 0)["B"] == ZEROS, "1 − 5/2 is clipped at 0"
    assert rows(data, 1)["A"] == pytest.approx([0, 0, 0.8, 0]), "1 − 2/10"
    assert data.xarray.attrs["sources"][-1]["role"] == "control"
    assert "The control is subtracted" in data.xarray.attrs["build"]["notes"][0]


@pytest.mark.parametrize("name", ["t.bw", "t.bedGraph"])
@pytest.mark.parametrize(
    ("missing", "a"),
    [("zero", [2, 1, 0, 0]), ("nan", [2, 2, np.nan, np.nan])],
)
def test_bases_that_a_track_does_not_cover(built, tmp_path, name, missing, a):
    found = rows(built([("M", write_track(tmp_path / name))], missing=missing))
    np.testing.assert_equal(found["A"], a)
    assert found["C"] == found["F"] == [4, 4, 4, 4]


@pytest.mark.parametrize("name", ["t.bw", "t.bedGraph"])
def test_genes_with_a_bin_that_a_track_does_not_cover_are_dropped(built, tmp_path, name):
    data = built([("M", write_track(tmp_path / name))], missing="drop")
    assert list(data.genes.index) == ["C", "D", "E", "F"]
    assert data.xarray.attrs["build"]["genes_left_out"] == {BARE: 2}


@pytest.mark.parametrize(("summary", "expected"), [("sum", [200] * 4), ("max", [4] * 4)])
def test_summaries(built, tmp_path, summary, expected):
    data = built([("M", write_track(tmp_path / "t.bw"))], summary=summary)
    assert rows(data)["C"] == expected


def test_tracks_of_a_mark_add_up_where_one_has_a_value(built, tmp_path):
    one = write_track(tmp_path / "one.bw")
    two = write_track(tmp_path / "two.bedGraph", [("chr1", 950, 1100, 3.0), ("chr2", 0, 99, 1.0)])
    found = rows(built([("M", [one, two])], missing="nan"))
    assert found["A"] == [2, 5, 3, 3]


def test_genes_on_chromosomes_that_a_file_lacks(built, reads, tmp_path):
    bed = write_bed(tmp_path / "chr2.bed", [("chr2", 960, 990, "+")])
    data = built([("M", reads), ("N", bed)])
    assert list(data.genes.index) == ["C", "D", "E", "F"]
    assert data.xarray.attrs["build"]["genes_left_out"] == {ABSENT: 2}


def test_windows_beyond_a_chromosome_are_padded_and_counted(built, reads, tmp_path):
    places = (
        "L\tchr1\t+\t50\nM\tchr1\t+\t5000\nR\tchr1\t-\t9999\nS\tchr1\t+\t9900\nT\tchr1\t-\t100\n"
    )
    table = tmp_path / "edges.tsv"
    table.write_text(f"gene\tchrom\tstrand\ttss\n{places}")
    ends = write_bed(tmp_path / "ends.bed", [("chr1", 0, 10, "+"), ("chr1", 9990, 10_000, "-")])
    data = built([("N", ends), ("M", reads)], {"genes": table}, oriented=False)
    assert data.xarray.attrs["build"]["padded_windows"] == 2
    assert rows(data)["L"] == [0, 1, 0, 0], "its first bin lies before the chromosome"
    assert rows(data)["R"] == [0, 1, 1, 0], "its third bin lies half behind"
    assert rows(data)["S"] == [0, 0, 0, 1]


def test_names_are_reconciled_and_said(built, tmp_path):
    bed = write_bed(tmp_path / "plain.bed", [("1", 960, 990, "+"), ("2", 960, 990, "+")])
    data = built([("M", bed)])
    assert rows(data)["A"] == rows(data)["C"] == [0, 1, 0, 0]
    said, unknown = data.xarray.attrs["build"]["notes"]
    assert said == "plain.bed: chromosomes 1, 2 are taken as chr1, chr2."
    assert unknown.startswith("The lengths of some chromosomes are not known")


def test_the_assembly_is_found_by_lengths(built, reads, tmp_path):
    sizes = {"chr1": 249_250_621, "chr2": 243_199_373}
    assert built([("M", reads)]).xarray.attrs["assembly"] == "unknown"
    track = write_track(tmp_path / "hg19.bw", sizes=sizes)
    assert built([("M", track)]).xarray.attrs["assembly"] == "hg19"
    bed = write_bed(tmp_path / "r.bed", [("chr1", 9, 99, "+"), ("chr2", 9, 99, "+")])
    assert built([("M", bed)], assembly="hg38").xarray.attrs["assembly"] == "hg38"


def test_what_is_kept_of_the_files(built, reads, six_genes, tmp_path):
    track = write_track(tmp_path / "t.bw")
    genes, of_reads, of_track = built([("M", reads), ("N", track)]).xarray.attrs["sources"]
    assert of_reads == {
        "role": "signal",
        "mark": "M",
        "file": "reads.bam",
        "bytes": reads.stat().st_size,
        "sha256": hashlib.sha256(reads.read_bytes()).hexdigest(),
        "format": "BAM",
        "reads": 6,
        "used": 5,
        "left_out": {"duplicate": 1},
        "in_windows": 4,
    }
    assert (of_track["mark"], of_track["format"], of_track["summary"]) == ("N", "bigWig", "mean")
    assert of_track["covered"] == pytest.approx(18 / 24)
    assert (genes["role"], genes["file"], genes["genes"]) == ("genes", "genes.tsv", 6)
    assert genes["sha256"] == hashlib.sha256(six_genes.read_bytes()).hexdigest()


def test_labels_are_of_all_genes_with_an_expression(built, five_values, tmp_path):
    files = {"expression": five_values, "column": "one"}
    # Where the signal leaves genes out, the median stays.
    bed = write_bed(tmp_path / "r.bed", [("chr2", 9, 99, "+")])
    data = built([("M", bed)], files)
    assert data.genes["expression"].to_dict() == {"C": 7, "D": 1, "E": 2}
    assert data.genes["label"].to_dict() == {"C": 1, "D": 0, "E": 0}
    assert data.xarray.attrs["label_rule"] == "expression above the median, 2"
    left_out = {"no expression": 1, ABSENT: 2}
    assert data.xarray.attrs["build"]["genes_left_out"] == left_out


@pytest.mark.parametrize(("rule", "on"), [("zero", "ACDE"), ("threshold=4.5", "AC")])
def test_label_rules(built, reads, five_values, rule, on):
    files = {"expression": five_values, "column": "one"}
    label = built([("M", reads)], files, label_rule=rule).genes["label"]
    assert "".join(label.index[label == 1]) == on


def test_without_expression_there_are_no_labels(built, reads):
    data = built([("M", reads)])
    assert "label" not in data.xarray
    assert "expression" not in data.xarray
    assert data.xarray.attrs["label_rule"] == "none"


def test_the_split_rule(built, reads):
    split = built([("M", reads)], split="thirds").genes["split"]
    assert split.to_list() == ["train", "train", "valid", "valid", "test", "test"]


def test_a_table_of_splits_may_lack_the_genes_that_are_left_out(built, tmp_path):
    table = tmp_path / "splits.tsv"
    table.write_text("gene\tsplit\nC\ttrain\nD\tvalid\nE\ttest\nF\ttrain\n")
    bed = write_bed(tmp_path / "r.bed", [("chr2", 9, 99, "+")])
    data = built([("M", bed)], split=f"column:file={table}")
    assert data.genes["split"].to_list() == ["train", "valid", "test", "train"]


def test_progress_tells_of_each_record(six_genes, reads, tmp_path):
    track, seen = write_track(tmp_path / "t.bw"), []
    files = ChromatinFiles(genes=six_genes, signal={"M": (reads,), "N": (track,)})
    build(files, BuildSettings(**SMALL), lambda path, count: seen.append((path, count)))
    totals = {path: sum(n for p, n in seen if p == path) for path in (reads, track)}
    assert totals == {reads: 6, track: 6}, "reads of the one, windows of the other"


def test_no_gene_is_left(built, tmp_path):
    track = write_track(tmp_path / "t.bedGraph", [("chr1", 0, 9, 2.0), ("chr2", 0, 9, 2.0)])
    with pytest.raises(DataError, match=f"No gene is left. Left out: 6 genes, {BARE}"):
        built([("M", track)], missing="drop")


def test_too_few_genes_are_left_to_split(built, tmp_path):
    bed = write_bed(tmp_path / "r.bed", [("chr1", 9, 99, "+")])
    message = f"no gene in the split 'train'. There are 2 genes. Left out: 4 genes, {ABSENT}"
    with pytest.raises(DataError, match=message):
        built([("M", bed)])


def test_genes_beyond_their_chromosome(built, reads, tmp_path):
    table = tmp_path / "far.tsv"
    table.write_text("gene\tchrom\tstrand\ttss\nG\tchr1\t+\t9999\nH\tchr2\t-\t10000\n")
    with pytest.raises(DataError, match=r"far.tsv: 1 genes lie beyond .* H at chr2:10000"):
        built([("M", reads)], {"genes": table})


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"split": "thrids"}, SettingsError, "did you mean 'thirds'"),
        ({"split": "random:sed=1"}, SettingsError, "did you mean 'seed'"),
        ({"split": "random:valid=x"}, SettingsError, "expects numbers"),
        ({"split": "column"}, SettingsError, "needs a table"),
        ({"split": "column:file=nowhere.tsv"}, DataError, "no such file"),
        ({"split": "chromosome"}, DataError, "three chromosomes or more; found chr1, chr2"),
        ({"label_rule": "meadian"}, SettingsError, "did you mean 'median'"),
        ({"assembly": "hg99"}, SettingsError, "did you mean 'hg19'"),
        ({"assembly": "hg38"}, DataError, "reads.bam: chr1 is 10,000 bp .* 248,956,422 bp"),
        ({"gene_type": "lincRNA"}, SettingsError, "names no gene types"),
    ],
)
def test_wrong_settings_are_found_before_the_reading(
    built, reads, five_values, monkeypatch, settings, error, message
):
    monkeypatch.setattr("attendome.data.building.measure", lambda *_: pytest.fail("it was read"))
    with pytest.raises(error, match=message):
        built([("M", reads)], {"expression": five_values, "column": "one"}, **settings)
