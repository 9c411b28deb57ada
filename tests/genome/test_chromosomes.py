import pytest

from attendome.errors import DataError, SettingsError
from attendome.genome.chromosomes import (
    assembly_of,
    check_lengths,
    lengths,
    matching,
    reconcile,
    renamed,
)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("1", "chr1"),
        ("chr1", "1"),
        ("NC_000001.11", "chr1"),
        ("NC_000023.10", "X"),
        ("CM000663.2", "1"),
        ("MT", "chrM"),
        ("chrM", "MT"),
        ("NC_000067.7", "chr1"),  # of the mouse
        ("chrUn_gl000220", "chrUn_gl000220"),
    ],
)
def test_names_of_one_chromosome_are_reconciled(name, wanted):
    assert reconcile([name], [wanted, "chr22"], "file") == {name: wanted}


def test_a_file_with_both_spellings_keeps_its_own():
    assert matching(["1", "chr1", "2"], ["chr1", "chr2"]) == {"chr1": "chr1", "2": "chr2"}


def test_other_chromosomes_are_left_out():
    assert matching(["chr1", "chr1_alt", "HLA"], ["chr1"]) == {"chr1": "chr1"}


def test_no_shared_chromosome_shows_both_lists():
    with pytest.raises(DataError, match=r"a\.bam: .* one of chr1, chr2\. It has I, II"):
        reconcile(["I", "II"], ["chr1", "chr2"], "a.bam")


def test_two_names_of_one_chromosome_are_refused():
    with pytest.raises(DataError, match=r"NC_000001\.10 and NC_000067\.6 are both names of chr1"):
        reconcile(["NC_000001.10", "NC_000067.6"], ["chr1"], "a.bed")


def test_long_lists_are_cut():
    with pytest.raises(DataError, match="s0, s1, s2, s3, s4, s5 and 94 more"):
        reconcile([f"s{n}" for n in range(100)], ["chr1"], "a.bam")


def test_agreeing_names_need_no_words():
    assert renamed({"chr1": "chr1"}) == ""


def test_lengths_of_known_assemblies():
    assert lengths("hg19")["chr1"] == 249_250_621
    assert lengths("hg38")["chr1"] == 248_956_422
    assert lengths("unknown") == {}
    with pytest.raises(SettingsError, match="did you mean 'hg38'"):
        lengths("gh38")


@pytest.mark.parametrize("assembly", ["hg19", "hg38", "mm10", "mm39", "dm6"])
def test_an_assembly_is_known_by_its_lengths(assembly):
    assert assembly_of(lengths(assembly)) == assembly


def test_other_lengths_are_of_no_assembly():
    assert assembly_of({"chr1": 1000}) == "unknown"
    assert assembly_of({}) == "unknown"


def test_another_assembly_is_refused():
    check_lengths({"chr1": 248_956_422, "chr9": 5}, {"chr1": 248_956_422}, "a.bw")
    with pytest.raises(DataError, match=r"a\.bw: chr1 is 248,956,422 .*hg38.* 249,250,621 .*hg19"):
        check_lengths({"chr1": 248_956_422}, {"chr1": 249_250_621}, "a.bw")
