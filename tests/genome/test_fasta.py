import gzip
import os
import stat

import numpy as np
import pysam
import pytest

from attendome.errors import DataError
from attendome.genome.fasta import open_genome

TEXT = ">chr1 the first\nACGTN\nacgtn\nRU\n>chr2\nTT\n"
CHR1 = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 4, 3]


@pytest.fixture(params=["plain", "gzip", "bgzip"])
def fasta(request, tmp_path):
    """The same two sequences in each form, in a folder where nothing can be written."""
    folder = tmp_path / "genome"
    folder.mkdir()
    plain = folder / "g.fa"
    plain.write_text(TEXT)
    if request.param == "gzip":
        plain = folder / "g.fa.gz"
        plain.write_bytes(gzip.compress(TEXT.encode()))
    elif request.param == "bgzip":
        plain = folder / "g.fa.gz"
        pysam.tabix_compress(str(folder / "g.fa"), str(plain))
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    yield plain
    folder.chmod(stat.S_IRWXU)


def test_bases_are_numbers_and_nothing_is_written_beside_the_file(fasta):
    before = sorted(fasta.parent.iterdir())
    with open_genome(fasta) as genome:
        assert genome.lengths == {"chr1": 12, "chr2": 2}
        assert genome.read("chr1", 0, 12).tolist() == CHR1
        assert genome.ambiguous == 1
        assert genome.read("chr1", 3, 6).tolist() == CHR1[3:6]
        assert genome.read("chr2", 0, 2).tolist() == [3, 3]
        assert genome.letters("chr1", 3, 99) == b"TNacgtnRU"
    assert sorted(fasta.parent.iterdir()) == before


def test_off_the_ends_is_n(fasta):
    with open_genome(fasta) as genome:
        assert genome.read("chr2", -2, 4).tolist() == [4, 4, 3, 3, 4, 4]
        assert genome.read("chr2", 9, 11).tolist() == [4, 4]


def test_an_index_of_an_earlier_version_is_not_used(tmp_path):
    path = tmp_path / "g.fa"
    path.write_text(">a\nAC\n")
    pysam.faidx(str(path))
    path.write_text(">b\nACGT\n")
    os.utime(tmp_path / "g.fa.fai", (0, 0))
    with open_genome(path) as genome:
        assert genome.lengths == {"b": 4}


def test_a_chromosome_that_is_not_there_is_named(fasta):
    with open_genome(fasta) as genome, pytest.raises(DataError, match="no chromosome 'chr3'"):
        genome.read("chr3", 0, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with '>'"),
        (b"ACGT\n", "begins with '>'"),
        (b">a\nAC\nACGT\nA\n", "all of one length"),
        (gzip.compress(TEXT.encode() * 999)[:-20], "damaged or cut short"),
    ],
)
def test_what_is_no_fasta_is_refused(tmp_path, content, message, capfd):
    path = tmp_path / "g.fa"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message), open_genome(path):
        pass
    assert capfd.readouterr() == ("", "")


def test_a_letter_that_is_none_of_dna_is_named(tmp_path):
    path = tmp_path / "protein.fa"
    path.write_text(">a\nACGTLA\n")
    with open_genome(path) as genome, pytest.raises(DataError, match=r"a:4 \(0-based\) is 'L'"):
        genome.read("a", 0, 6)


def test_real_sequence(shared_data):
    before = sorted((shared_data / "sequence").iterdir())
    with open_genome(shared_data / "sequence" / "hg38_1m.fa.gz") as genome:
        assert genome.lengths == {"chr1": 1_000_000}
        codes = genome.read("chr1", 0, 1_000_000)
    assert sorted((shared_data / "sequence").iterdir()) == before
    with gzip.open(shared_data / "sequence" / "hg38_1m.fa.gz", "rt") as file:
        next(file)
        letters = "".join(line.strip() for line in file).upper()
    plain = np.array(["ACGTN".index(letter) for letter in letters], dtype=np.uint8)
    np.testing.assert_array_equal(codes, plain)
    assert (codes[:10_000] == 4).all()
