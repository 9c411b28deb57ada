import array
import gzip
import struct
from contextlib import suppress

import numpy as np
import pysam
import pytest

from attendome.errors import DataError
from attendome.genome.bam import read_alignments
from attendome.genome.named_reads import read_named

from .plain_coverage import Record, write_bam

CIGARS = ["36M", "10M30N26M", "4S32M", "20M2I14M", "20M5D16M", "18M18H"]


def only(path):
    (reads,) = read_named(path)
    return reads


def test_fields_equal_those_of_pysam(tmp_path):
    generator = np.random.default_rng(0)
    records = [
        Record(
            name=f"read.{generator.integers(100)}",
            start=int(generator.integers(900)),
            flag=int(generator.choice([0, 16, 256, 1024, 99, 147])),
            chrom=int(generator.integers(2)),
            cigar=str(generator.choice(CIGARS)),
            mapq=int(generator.integers(60)),
            template=int(generator.integers(-300, 300)),
            tags={"MD": "36", "NH": int(generator.integers(1, 70_000))},
        )
        for _ in range(200)
    ]
    path = write_bam(tmp_path / "a.bam", records)
    reads = only(path)
    with pysam.AlignmentFile(path) as file:
        expected = list(file.fetch(until_eof=True))
    assert reads.start.tolist() == [read.reference_start for read in expected]
    assert reads.end.tolist() == [read.reference_start + read.reference_length for read in expected]
    assert reads.flag.tolist() == [read.flag for read in expected]
    assert reads.mapq.tolist() == [read.mapping_quality for read in expected]
    assert reads.hits.tolist() == [read.get_tag("NH") for read in expected]
    assert reads.template.tolist() == [abs(read.template_length) for read in expected]


def test_places_equal_those_of_the_other_reader_on_k562(shared_data):
    path = shared_data / "reads" / "K562_chr1" / "K562_H3K4me3.bam"
    reads, (expected,) = only(path), read_alignments(path)
    mapped = reads.flag & 4 == 0
    for name in ("chrom", "start", "end", "flag", "mapq"):
        assert (getattr(reads, name) == getattr(expected, name))[mapped].all(), name


def test_a_key_is_that_of_a_name_and_a_mate(tmp_path):
    names = [f"HWI:7:117:{n}" for n in range(5000)]
    records = [Record(name, flag=flag) for name in names for flag in (0, 65, 129)]
    reads = only(write_bam(tmp_path / "a.bam", records * 2))
    assert len(np.unique(reads.key)) == 15_000
    assert (reads.key[:15_000] == reads.key[15_000:]).all()


@pytest.mark.parametrize("strand", [0, 16, 256, 1024])
def test_the_key_does_not_depend_on_other_flags(strand, tmp_path):
    reads = only(write_bam(tmp_path / "a.bam", [Record("a"), Record("a", flag=strand)]))
    assert reads.key[0] == reads.key[1]


@pytest.mark.parametrize(
    "tags",
    [
        [("NH", 3)],
        [("NM", 1), ("MD", "5A4"), ("NH", 3)],
        [("ZB", array.array("i", [78, 72, 67])), ("XA", "c"), ("NH", 3), ("XF", 1.5)],
        [("NH", 3, "C")],
        [("NH", 3, "S")],
        [("NH", 3, "I")],
        [("XZ", ""), ("NH", 3)],
    ],
)
def test_the_tag_of_the_number_of_places_is_found(tags, tmp_path):
    path = tmp_path / "a.bam"
    with pysam.AlignmentFile(path, "wb", header={"SQ": [{"SN": "c", "LN": 100}]}) as file:
        read = pysam.AlignedSegment(file.header)
        read.query_name, read.reference_id, read.cigarstring = "a", 0, "5M"
        read.set_tags(tags)
        file.write(read)
    assert only(path).hits.tolist() == [3]


def test_without_the_tag_the_number_is_0(tmp_path):
    records = [Record("a", tags={"XN": "NHC", "CC": "NH"}), Record("b")]
    assert only(write_bam(tmp_path / "a.bam", records)).hits.tolist() == [0, 0]


def test_a_list_of_less_than_nothing_is_passed_over(tmp_path):
    """Walking back by its size would never end."""
    path = write_bam(tmp_path / "a.bam", [Record("a", tags={"XB": array.array("b", [1] * 8)})])
    content = gzip.decompress(path.read_bytes())
    size = struct.pack("<i", 8)
    assert content.count(b"XBBc" + size) == 1
    path.write_bytes(
        gzip.compress(content.replace(b"XBBc" + size, b"XBBc" + struct.pack("<i", -8)))
    )
    assert only(path).hits.tolist() == [0]


def test_pieces_are_cut_at_records(tmp_path, monkeypatch):
    path = write_bam(tmp_path / "a.bam", [Record(f"r{n}", start=n) for n in range(300)])
    whole = only(path)
    monkeypatch.setattr("attendome.genome.bam._PIECE", 500)
    pieces = list(read_named(path))
    assert len(pieces) > 10
    assert np.concatenate([piece.key for piece in pieces]).tolist() == whole.key.tolist()
    assert np.concatenate([piece.start for piece in pieces]).tolist() == list(range(300))


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_refused_or_read(seed, tmp_path):
    """Whatever the bytes say, the walk stays within them."""
    path = write_bam(tmp_path / "a.bam", [Record(f"r{n}", tags={"NH": 2}) for n in range(50)])
    content = bytearray(gzip.decompress(path.read_bytes()))
    generator = np.random.default_rng(seed)
    for place in generator.integers(60, len(content), 20):
        content[place] = generator.integers(256)
    path.write_bytes(gzip.compress(bytes(content)))
    with suppress(DataError):
        list(read_named(path))
