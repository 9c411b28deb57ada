import gzip
import hashlib
import os

import pytest

from attendome.errors import DataError
from attendome.genome.files import kind_of, sha256

BED = b"chr1\t0\t36\tN\t1000\t+\n"
BEDGRAPH = b"chr1\t0\t36\t1.5\n"


def write(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (BED, "BED"),
        (b"#chrom\tstart\n\n" + BED, "BED"),
        (b"chr1\t0\t36\tN\t1000\t+\t0\t36\t0\t1\t36\t0\n", "BED"),
        (BEDGRAPH, "bedGraph"),
        (b"track type=bedGraph\r\n" + BEDGRAPH, "bedGraph"),
    ],
)
def test_text_is_known_by_its_columns(content, kind, compress, tmp_path):
    assert kind_of(write(tmp_path / "misleading.bam", compress(content))) == kind


def test_bam_and_bigwig_are_known_by_their_first_bytes(write_bam, shared_data):
    assert kind_of(write_bam([]).rename(write_bam([]).parent / "reads.txt")) == "BAM"
    assert kind_of(next((shared_data / "tracks" / "E116").glob("*.bw"))) == "bigWig"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"# only\ntrack x\n", "no lines but headings"),
        (b"chr1\t0\t36\tN\t+\n", "5 columns between tabs"),
        (b"chr1 0 36 N 0 +\n", "1 columns between tabs"),
        (b"chr1\t0\t36\tpeak\t900\t.\t12.5\t3.1\t2.2\t18\n", "found peaks"),
        (b"@HD\tVN:1.6\n", "SAM, which samtools"),
        (b"CRAM\3\0", "CRAM, which samtools"),
        (bytes.fromhex("ebf28987"), "bigBed, which"),
        (b"track type=wiggle_0\nfixedStep chrom=chr1 start=1 step=1\n1\n", "wiggle, which"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a binary file"),
        (b"\x1f\x8b\x08nonsense", "is damaged or cut short"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    path = write(tmp_path / "file", content)
    with pytest.raises(DataError, match=f"{path.name}: .*{message}"):
        kind_of(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        kind_of(tmp_path / "none")
    with pytest.raises(DataError, match="Is a directory"):
        kind_of(tmp_path)


def test_sha256(tmp_path):
    path = write(tmp_path / "file", BED)
    assert sha256(path) == hashlib.sha256(BED).hexdigest()


def test_an_empty_part_may_come_first_in_a_gz_file(tmp_path):
    content = gzip.compress(b"") + gzip.compress(BED)
    assert kind_of(write(tmp_path / "file", content)) == "BED"


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is a pipe"):
        kind_of(tmp_path / "pipe")
