"""Small files of reads and tracks."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pysam
import pytest

Record = tuple[int, int, int, str | None, int]  # flag, chromosome, start, CIGAR, mapping quality


@pytest.fixture
def write_bam(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a BAM file of two chromosomes, chr1 and chr2."""

    def write(records: Sequence[Record], name: str = "reads.bam", length: int = 10_000) -> Path:
        path = tmp_path / name
        sizes = [{"SN": chrom, "LN": length} for chrom in ("chr1", "chr2")]
        with pysam.AlignmentFile(path, "wb", header={"SQ": sizes}) as file:
            for flag, chrom, start, cigar, mapq in records:
                read = pysam.AlignedSegment(file.header)
                read.query_name, read.flag, read.reference_id = "read", flag, chrom
                read.reference_start, read.cigarstring, read.mapping_quality = start, cigar, mapq
                file.write(read)
        return path

    return write
