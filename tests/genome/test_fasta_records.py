import gzip

import pytest

from attendome.errors import DataError
from attendome.genome.fasta_records import read_fasta

TEXT = ">chr1 of something > else\nACGTN\nacgtn\nRY\n>chr2\n\nAC\nG\n>chr3\n"
EXPECTED = [("chr1", b"ACGTNacgtnRY"), ("chr2", b"ACG"), ("chr3", b"")]


@pytest.fixture
def fasta(tmp_path):
    def write(content):
        path = tmp_path / "genome.fa"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("piece", [4, 1 << 20])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), f"\n{TEXT}", TEXT.rstrip()])
def test_records(text, compress, piece, fasta, monkeypatch):
    monkeypatch.setattr("attendome.genome.fasta_records._PIECE", piece)
    assert list(read_fasta(fasta(compress(text.encode())))) == EXPECTED


def test_a_real_chromosome(shared_data):
    path = shared_data / "sequence" / "hg38_1m.fa.gz"
    ((name, sequence),) = read_fasta(path)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert name == lines[0][1:].split()[0]
    assert sequence == "".join(lines[1:]).encode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected FASTA.* found none"),
        (b"ACGT\n>chr1\nACGT\n", "expected FASTA.* found 'ACGT'"),
        (b"chr1\t0\t100\n", "expected FASTA.* found 'chr1"),
        (b">chr1\nACGT\n1 2 3\n", "expected FASTA.* found '1 2 3'"),
        (gzip.compress(b">chr1\n" + b"ACGTTGCA" * 5000)[:-20], "damaged or cut short"),
    ],
)
def test_what_is_not_fasta_is_refused(content, message, fasta):
    with pytest.raises(DataError, match=message):
        list(read_fasta(fasta(content)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none.fa: no such file"):
        list(read_fasta(tmp_path / "none.fa"))
