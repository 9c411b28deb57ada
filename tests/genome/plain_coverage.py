"""BAM files as a test wants them, and coverage as one would compute it read by read."""

from dataclasses import dataclass, field
from math import exp

import pysam

PLUS, MINUS = 0, 16


@dataclass
class Record:
    name: str
    start: int = 0
    flag: int = PLUS
    chrom: int | None = 0
    cigar: str | None = "10M"
    mapq: int = 30
    template: int = 0
    tags: dict = field(default_factory=dict)


def write_bam(path, records, sizes=(("chr1", 2000), ("chr2", 1000))):
    header = {"SQ": [{"SN": name, "LN": length} for name, length in sizes]}
    with pysam.AlignmentFile(path, "wb", header=header) as file:
        for record in records:
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.flag = record.name, record.flag
            read.reference_id = -1 if record.chrom is None else record.chrom
            read.reference_start, read.mapping_quality = record.start, record.mapq
            read.cigarstring, read.template_length = record.cigar, record.template
            if read.query_length:
                read.query_sequence = "A" * read.query_length
            read.set_tags(list(record.tags.items()))
            file.write(read)
    return path


def event(read, shift, lengths):
    """Give where the event of a read of pysam lies."""
    length = lengths[read.reference_name]
    base = read.reference_end - 1 - shift if read.is_reverse else read.reference_start + shift
    return read.reference_name, min(max(base, 0), length - 1)


def plain_coverage(path, method, shift=0, rounds=50):
    """Give the coverage of each base: a dict by chromosome and position."""
    places, dropped, lengths = {}, set(), {}
    with pysam.AlignmentFile(path) as file:
        lengths = dict(zip(file.references, file.lengths, strict=True))
        for read in file.fetch(until_eof=True):
            if read.is_unmapped or read.is_supplementary:
                continue
            key = read.query_name, read.is_read1, read.is_read2
            if read.has_tag("NH") and read.get_tag("NH") > 20:
                continue
            if read.is_duplicate or read.is_qcfail:
                dropped.add(key)
            places.setdefault(key, []).append(event(read, shift, lengths))
    reads = [p for key, p in places.items() if key not in dropped and len(p) <= 20]
    if method == "unique":
        reads = [p for p in reads if len(p) == 1]
    weights = [[1 / len(p)] * len(p) for p in reads]
    shared = [number for number, p in enumerate(reads) if len(p) > 1]
    change = 1
    while method == "em" and shared and change >= 0.05 and rounds:
        rounds -= 1
        smooth = smoothed(add_up(reads, weights))
        change = 0
        for number in shared:
            found = [smooth(*place) for place in reads[number]]
            new = [value / sum(found) for value in found]
            change += sum(abs(n - o) for n, o in zip(new, weights[number], strict=True))
            weights[number] = new
        change /= len(shared)
    return add_up(reads, weights)


def add_up(reads, weights):
    coverage = {}
    for places, parts in zip(reads, weights, strict=True):
        for place, part in zip(places, parts, strict=True):
            coverage[place] = coverage.get(place, 0) + part
    return coverage


def smoothed(coverage):
    weight = {distance: exp(-((distance / 16) ** 2) / 2) for distance in range(-48, 49)}
    whole = sum(weight.values())

    def at(chrom, base):
        near = (coverage.get((chrom, base + d), 0) * w for d, w in weight.items())
        return sum(near) / whole + 0.01

    return at
