import gzip

import pysam
import pytest

from attendome.errors import DataError
from attendome.genome import vcf
from attendome.genome.fasta import open_genome
from attendome.genome.vcf import LeftOut, Variant, open_vcf

CHR1 = "ACGTACGTAC" * 10
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(f">chr1\n{CHR1[:50].lower()}{CHR1[50:]}\n>chr2\nNNNNNGGGGG\n")
    with open_genome(path) as found:
        yield found


@pytest.fixture
def write(tmp_path):
    def make(*lines, header=HEADER):
        path = tmp_path / "variants.vcf"
        rows = [line.split() for line in lines]
        path.write_text(header + "".join("\t".join([*row, ".", ".", "."]) + "\n" for row in rows))
        return path

    return make


def read(path, genome, **options):
    with open_vcf(path, genome, **options) as file:
        found = list(file)
    return found, file


def refused(path, genome, message, **options):
    with pytest.raises(DataError, match=message) as caught:
        read(path, genome, **options)
    assert str(path) in str(caught.value)


def test_each_allele_is_a_variant(write, genome):
    path = write("1 1 rs1 A g,TT", "1 50 . CAC C", "chr2 5 . NG NA")
    found, file = read(path, genome)
    assert found == [
        Variant("chr1", 0, "A", "G", "rs1", record=0, allele=1),
        Variant("chr1", 0, "A", "TT", "rs1", record=0, allele=2),
        Variant("chr1", 49, "CAC", "C", record=1),
        Variant("chr2", 4, "NG", "NA", record=2),
    ]
    assert found[1].name == "chr1:0:A>TT"
    assert file.names == {"1": "chr1", "chr2": "chr2"}
    assert not file.left_out


def test_what_cannot_be_scored_is_left_out_with_its_reason(write, genome):
    lines = {
        "chr1 1 . A <DEL>": vcf.SYMBOLIC,
        "chr1 1 . A A[chr1:9[": vcf.BREAKEND,
        "chr1 1 . A .C": vcf.BREAKEND,
        "chr1 1 . A *": vcf.STAR,
        "chr1 1 . A .": vcf.NO_ALLELE,
        "chr1 1 . A R": vcf.LETTERS,
        "chr9 1 . A C": vcf.UNKNOWN,
        "chr1 0 . A C": vcf.BEYOND,
        "chr1 101 . A C": vcf.BEYOND,
        "chr1 100 . CA C": vcf.BEYOND,
        "chr1 1 . A CCCCCC": vcf.LONG,
        "chr1 1 . ACGTAC A": vcf.LONG,
        "chr1 1 . C A": vcf.MISMATCH,
        "chr2 1 . A C": vcf.MISMATCH,
    }
    good = [f"chr1 {place} . {CHR1[place - 1]} N" for place in range(2, 9)]
    found, file = read(write(*lines, *good), genome, longest=5)
    left = [item for item in found if isinstance(item, LeftOut)]
    assert [item.reason for item in left] == list(lines.values())
    assert left[0].variant == Variant("chr1", 0, "A", "<DEL>")
    assert left[6].variant.chrom == "chr9"
    assert [item.variant.record for item in left] == list(range(14))
    assert file.left_out[vcf.BEYOND] == 3
    assert sum(file.left_out.values()) == 14
    assert len(found) == 21


def test_swapped_alleles_are_flipped_where_that_is_asked_for(write, genome):
    path = write("1 1 . C A", "1 2 rs G C", "1 3 . A T", "1 5 . ACG ATG", "1 9 . TG ACA", *GOOD)
    found, file = read(path, genome)
    assert file.left_out == {vcf.MISMATCH: 4}
    found, file = read(path, genome, flip=True)
    assert found[:2] == [
        Variant("chr1", 0, "A", "C", flipped=True),
        Variant("chr1", 1, "C", "G", "rs", record=1, flipped=True),
    ]
    assert found[2].reason == vcf.MISMATCH
    assert found[3] == Variant("chr1", 4, "ACG", "ATG", record=3)
    assert found[4].ref == "ACA"
    assert file.flipped == 3
    assert file.left_out == {vcf.MISMATCH: 1}


GOOD = [f"1 {place} . {CHR1[place - 1]} N" for place in range(11, 21)]


def test_order_does_not_matter_and_is_noted(write, genome):
    lines = ["1 9 . A C", "1 5 . A C", "2 6 . G C", "1 13 . G C", "1 13 . G T"]
    found, file = read(write(*lines), genome)
    assert [item.position for item in found] == [8, 4, 5, 12, 12]
    assert file.unsorted == 2


@pytest.mark.parametrize("form", ["vcf.gz", "bcf"])
def test_other_forms_of_the_file(write, genome, tmp_path, form):
    header = HEADER.replace("#CHROM", "##contig=<ID=1>\n#CHROM")
    plain, path = write(*GOOD, header=header), tmp_path / f"other.{form}"
    mode = "wb" if form == "bcf" else "wz"
    with pysam.VariantFile(plain) as file, pysam.VariantFile(path, mode, header=file.header) as out:
        for record in file:
            out.write(record)
    assert read(path, genome)[0] == read(plain, genome)[0]


def test_plain_gzip_is_refused_with_the_way_out(write, genome, tmp_path):
    path = tmp_path / "plain.vcf.gz"
    path.write_bytes(gzip.compress(write(*GOOD).read_bytes()))
    refused(path, genome, "gunzip -c .* bgzip")


def test_samples_are_passed_over(write, genome):
    header = HEADER.replace("INFO", "INFO\tFORMAT\tsample")
    path = write("1 1 . A C", header=header)
    path.write_text(path.read_text().replace(".\n", ".\tGT\t0/1\n"))
    assert len(read(path, genome)[0]) == 1


def test_a_genome_of_another_assembly_is_noticed_before_any_variant(write, genome):
    wrong = [f"1 {place} . {CHR1[place]} N" for place in range(1, 60)]
    path = write(*GOOD, *wrong)
    with open_vcf(path, genome) as file, pytest.raises(DataError, match="another assembly"):
        next(iter(file))
    refused(path, genome, "reference of 59 of 69 alleles is not what")
    assert len(read(write(*GOOD, *wrong[:10]), genome)[0]) == 20


def test_a_genome_of_another_assembly_is_noticed_at_the_end(write, genome, monkeypatch):
    monkeypatch.setattr(vcf, "LOOKED_AT", 10)
    wrong = [f"1 {place} . {CHR1[place]} N" for place in range(1, 60)]
    with open_vcf(write(*GOOD, *wrong), genome) as file:
        alleles = iter(file)
        assert next(alleles) == Variant("chr1", 10, "A", "N")
        with pytest.raises(DataError, match="59 of 69"):
            list(alleles)


def test_flipping_does_not_hide_another_assembly(write, genome):
    """By chance, of four bases, one reference in four is right, and as many alleles."""
    lines = [f"1 {place} . {'ACGT'[place % 4]} {'CGTA'[place % 4]}" for place in range(1, 81)]
    shifted = [line for line in lines if line.split()[3] != CHR1[int(line.split()[1]) - 1]]
    assert len(shifted) > 40
    refused(write(*shifted), genome, "another assembly", flip=True)


def test_nothing_but_other_chromosomes_is_refused(write, genome):
    refused(write("7 1 . A C", "8 1 . A C"), genome, "none of its chromosomes is one of chr1, chr2")


def test_two_names_of_one_chromosome_are_refused(write, genome):
    refused(write("1 1 . A C", "chr1 2 . C A"), genome, "1 and chr1 are both names of chr1")


@pytest.mark.parametrize("content", ["", "chr1\t1\t.\tA\tC\t.\t.\t.\n", ">chr1\nACGT\n"])
def test_a_file_without_a_header_is_refused(genome, tmp_path, content):
    path = tmp_path / "other.vcf"
    path.write_text(content)
    refused(path, genome, "expected a header, which begins with ##fileformat=VCF")


def test_a_missing_file_and_one_without_records_are_refused(write, genome, tmp_path):
    refused(tmp_path / "missing.vcf", genome, "no such file")
    refused(write(), genome, "found a header and no records")


@pytest.mark.parametrize("wrong", ["1 x . A C", "1 5"])
def test_a_malformed_record_is_named(genome, tmp_path, wrong):
    path = tmp_path / "variants.vcf"
    row = "\t".join([*wrong.split(), ".", ".", "."][: 3 if wrong == "1 5" else None])
    path.write_text(f"{HEADER}1\t1\t.\tA\tC\t.\t.\t.\n{row}\n1\t3\t.\tG\tC\t.\t.\t.\n")
    refused(path, genome, "record 2 cannot be read")


def test_a_file_that_is_cut_short_is_refused(write, genome, tmp_path):
    path = tmp_path / "cut.vcf.gz"
    lines = [f"1 {1 + place % 100} id{place * 7919} {CHR1[place % 100]} N" for place in range(5000)]
    pysam.tabix_compress(str(write(*lines)), str(path), force=True)
    path.write_bytes(path.read_bytes()[:-4000])
    refused(path, genome, "cut short")
