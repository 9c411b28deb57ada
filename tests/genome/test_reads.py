import gzip

import numpy as np
import pytest

from attendome.errors import DataError
from attendome.genome.bam import bam_lengths
from attendome.genome.reads import read_bam, read_bed


def only(batches):
    (batch,) = batches
    return batch


def rows(reads):
    names = [reads.names[number] for number in reads.chrom]
    return list(
        zip(names, reads.start.tolist(), reads.end.tolist(), reads.reverse.tolist(), strict=True)
    )


def test_bam(write_bam):
    path = write_bam(
        [
            (0, 0, 0, "36M", 60),
            (16, 1, 5, "10M100N26M", 60),
            (0, 0, 7, "4S32M", 60),
            (0, 0, 9, "10M2I10M3D10M", 60),
            (256, 0, 20, "36M", 0),
            (4, -1, -1, None, 0),
            (4, 0, 30, None, 0),
        ]
    )
    reads = only(read_bam(path))
    assert rows(reads) == [
        ("chr1", 0, 36, False),
        ("chr2", 5, 141, True),
        ("chr1", 7, 39, False),
        ("chr1", 9, 42, False),
        ("chr1", 20, 56, False),
        ("chr1", 30, 31, False),  # unmapped, at its mate's place
    ]
    assert reads.total == 7
    assert reads.left_out == {"unmapped": 1}


def test_reads_are_left_out_for_one_reason_each(write_bam):
    path = write_bam(
        [
            (1024, 0, 0, "36M", 60),
            (512, 0, 0, "36M", 60),
            (1024 + 512, 0, 0, "36M", 3),
            (0, 0, 0, "36M", 29),
            (0, 0, 0, "36M", 30),
        ]
    )
    reads = only(read_bam(path, min_mapq=30))
    assert reads.left_out == {
        "failed quality control": 2,
        "duplicate": 1,
        "mapping quality below 30": 1,
    }
    assert len(reads.chrom) == 1
    assert len(only(read_bam(path, min_mapq=30, keep_duplicates=True)).chrom) == 2


def test_bam_lengths(write_bam):
    assert bam_lengths(write_bam([], length=500)) == {"chr1": 500, "chr2": 500}


def test_a_bam_file_cut_between_blocks_is_refused(write_bam):
    path = write_bam([(0, 0, 0, "36M", 60)])
    path.write_bytes(path.read_bytes()[:-28])  # without the block that marks the end
    with pytest.raises(DataError, match="is cut short"):
        list(read_bam(path))


def test_a_bam_file_damaged_inside_is_refused(write_bam):
    path = write_bam([(0, 0, start, "36M", 60) for start in range(5000)])
    content = path.read_bytes()
    path.write_bytes(content[:2000] + content[-28:])
    with pytest.raises(DataError, match="not a whole BAM file"):
        list(read_bam(path))


def test_a_bam_file_without_chromosomes_is_refused(tmp_path):
    import pysam

    path = tmp_path / "none.bam"
    with pysam.AlignmentFile(path, "wb", text="@HD\tVN:1.6\n"):
        pass
    with pytest.raises(DataError, match="names no chromosome"):
        bam_lengths(path)


BED = "chr2\t10\t46\tN\t1000\t-\nchr1\t0\t36\tN\t1000\t+\nchr2\t5\t6\tN\t0\t.\n"
EXPECTED = [("chr2", 10, 46, True), ("chr1", 0, 36, False), ("chr2", 5, 6, False)]


@pytest.mark.parametrize(
    "text",
    [
        BED,
        BED.replace("\n", "\r\n"),
        f"\ufeff{BED}",
        BED.rstrip("\n"),
        f"# made by x\ntrack name=reads\nbrowser position chr1\n{BED}",
        BED.replace("chr1", "#middle\n\nchr1"),
        BED.replace("\n", "\t0\t0\t0\t2\t10,10\t0,26\n"),
    ],
    ids=["plain", "CRLF", "BOM", "no last line end", "headings", "heading in the middle", "BED12"],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gz"])
def test_bed(text, compress, tmp_path):
    path = tmp_path / "reads.bed"
    path.write_bytes(compress(text.encode()))
    assert rows(only(read_bed(path))) == EXPECTED


def test_pieces_are_cut_at_line_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("attendome.genome.text._PIECE", 50)
    path = tmp_path / "reads.bed"
    starts = np.arange(100) * 37
    path.write_text("".join(f"chr1\t{s}\t{s + 36}\tN\t0\t+\n" for s in starts))
    pieces = list(read_bed(path))
    assert len(pieces) > 10
    assert np.concatenate([piece.start for piece in pieces]).tolist() == starts.tolist()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5\t41\tN\t+", "expected 6 columns .* found 5"),
        ("chr1\t41\t5\tN\t0\t+", "start below the end, .* found 41 and 5"),
        ("chr1\t5\t5\tN\t0\t+", "start below the end"),
        ("chr1\t-5\t41\tN\t0\t+", "found -5 and 41"),
        ("chr1\tx\t41\tN\t0\t+", "found x and 41"),
        ("chr1\t5\t2147483648\tN\t0\t+", "no more than 2,147,483,647"),
        ("chr1\t5\t99999999999999999999\tN\t0\t+", "no more than 2,147,483,647"),
        ("chr1\t5\t41\tN\t0\tplus", "expected a strand .* found 'plus'"),
        ("chr1\t5\t41\tN\t0\t+-", "expected a strand .* found '[+]-'"),
        ("chr1\t5\t41\tN\t0\t", "expected a strand .* found ''"),
        ("chr1", "expected 6 columns .* found 1"),
    ],
)
@pytest.mark.parametrize("before", [0, 70])
def test_a_malformed_line_is_named(line, message, before, tmp_path, monkeypatch):
    monkeypatch.setattr("attendome.genome.text._PIECE", 1000)
    path = tmp_path / "reads.bed"
    good = "chr1\t0\t36\tN\t0\t+\n"
    path.write_text(f"# heading\n{good * before}{line}\n{good}")
    with pytest.raises(DataError, match=f"line {before + 2} is not BED.*{message}"):
        list(read_bed(path))


def test_a_strand_may_be_asked_for(tmp_path):
    path = tmp_path / "reads.bed"
    path.write_text(BED)
    with pytest.raises(DataError, match=r"line 3 .* expected a strand"):
        list(read_bed(path, stranded=True))


def test_a_truncated_gz_file_is_refused(tmp_path):
    path = tmp_path / "reads.bed.gz"
    lines = "".join(f"chr1\t{s}\t{s + 36}\tN\t0\t+\n" for s in range(20_000))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    with pytest.raises(DataError, match="damaged or cut short"):
        list(read_bed(path))


def test_a_damaged_gz_file_is_refused(tmp_path):
    path = tmp_path / "reads.bed.gz"
    lines = "".join(f"chr1\t{s}\t{s + 36}\tN\t0\t+\n" for s in range(200_000))
    content = bytearray(gzip.compress(lines.encode()))
    content[len(content) // 2 : len(content) // 2 + 500] = b"\xff" * 500
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged or cut short"):
        list(read_bed(path))


def test_a_file_without_line_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("attendome.genome.text._PIECE", 50)
    path = tmp_path / "reads.bed"
    path.write_text("x" * 1000)
    with pytest.raises(DataError, match="no line ends"):
        list(read_bed(path))
