"""Read events from a BAM file: one place per read, or all the places of a read together."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, UInt64

from attendome.errors import DataError
from attendome.genome.bam import bam_lengths
from attendome.genome.events import Assay, EventRule, Events, site_of
from attendome.genome.named_reads import NamedReads, read_named

MOST_PLACES = 20
"""Reads with more places than this are left out."""
_PROPER, _UNMAPPED, _REVERSE, _SECOND = 0x2, 0x4, 0x10, 0x80
_FAILED, _DUPLICATE, _SUPPLEMENTARY = 0x200, 0x400, 0x800
_REFUSED = -1  # in place of a site: a record which takes all places of its read with it
_TOO_MANY = f"more than {MOST_PLACES} places"
_HINT = (
    " Where names are not those of reads (such as all N, of tagAlign), take each record for a read "
    "of its own: --multimap each (in Python multimap=each)."
)
_Columns = tuple[
    Int[np.ndarray, " record"], UInt64[np.ndarray, " record"], Bool[np.ndarray, " record"]
]


def read_events(
    path: Path, rule: EventRule, progress: Callable[[int], None] = lambda _: None
) -> Events:
    """Read a BAM file, sorted or not; it needs no index.

    The records of one name (and mate) are the places of one read. Left out are reads that are
    unmapped, marked as duplicates or as failing quality control (in any of their records), reads
    with more than 20 places, and supplementary records, which are further parts of a read. An event
    beyond an end of its chromosome is put on the last base there.

    Memory: about 60 bytes per record, and 40 more for each place of a read with several.

    Args:
        path: the file.
        rule: which reads count, and where.
        progress: called with the number of records read since the last call.

    Raises:
        DataError: the file is damaged, names no chromosome, or has no read that counts.
    """
    lengths = bam_lengths(path)
    left_out: Counter[str] = Counter()
    records, parts = 0, []
    for reads in read_named(path):
        parts.append(_columns(path, reads, rule, lengths, left_out))
        records += len(reads.flag)
        progress(len(reads.flag))
    if not records:
        raise DataError(f"{path}: holds no reads.")
    site, key, unsure = (np.concatenate(column) for column in zip(*parts, strict=True))
    parts.clear()
    site, place, read, doubtful = _grouped(site, key, unsure, left_out, rule)
    if not len(site) + len(place):
        reasons = "; ".join(f"{reason}: {count}" for reason, count in left_out.items())
        hint = _HINT if left_out[_TOO_MANY] else ""
        raise DataError(f"{path}: none of its {records} records counts. {reasons}.{hint}")
    return Events(lengths, site, place, read, records, dict(left_out), doubtful)


def _columns(
    path: Path,
    reads: NamedReads,
    rule: EventRule,
    lengths: dict[str, int],
    left_out: Counter[str],
) -> _Columns:
    """Give of each record that may count its site, its read, and whether its place is unsure."""
    assay, flag = rule.of_assay(), reads.flag
    mapped = (flag & _UNMAPPED == 0) & (reads.chrom >= 0) & (reads.start >= 0)
    kept = _without(
        {
            "unmapped": ~mapped,
            "no aligned base": reads.end == reads.start,
            "supplementary": flag & _SUPPLEMENTARY > 0,
            "second of a pair": (flag & _SECOND > 0) & assay.first_mate,
            _TOO_MANY: (reads.hits > MOST_PLACES) & (rule.multimap != "each"),
        },
        left_out,
    )
    chrom, base, last = _events(reads, rule.of_assay(), lengths)
    if (beyond := kept & (reads.end - 1 > last)).any():
        name = list(lengths)[chrom[int(beyond.argmax())]]
        raise DataError(
            f"{path}: a read ends beyond the end of {name}, which is {lengths[name]:,} bp long by "
            "the file's own header; align the reads again."
        )
    minus = (flag & _REVERSE > 0) & rule.strands
    site = site_of(chrom + len(lengths) * minus, np.clip(base, 0, last))[kept]
    fine = _without(
        {
            "failed quality control": flag[kept] & _FAILED > 0,
            "duplicate": flag[kept] & _DUPLICATE > 0,
        },
        left_out,
    )
    unsure = (reads.mapq[kept] == 0) | (reads.hits[kept] > 1)
    return np.where(fine, site, _REFUSED), reads.key[kept], unsure


def _events(
    reads: NamedReads, assay: Assay, lengths: dict[str, int]
) -> tuple[Int[np.ndarray, " read"], Int[np.ndarray, " read"], Int[np.ndarray, " read"]]:
    """Give the chromosome and the base of each read's event, and the chromosome's last base."""
    shift = np.full(len(reads.flag), assay.shift)
    if assay.centre:
        shift = np.where(reads.flag & _PROPER > 0, reads.template // 2, shift)
    reverse = reads.flag & _REVERSE > 0
    base = np.where(reverse, reads.end - 1 - shift, reads.start + shift)
    return reads.chrom, base, np.array(list(lengths.values()))[reads.chrom] - 1


def _without(
    reasons: dict[str, Bool[np.ndarray, " record"]], left_out: Counter[str]
) -> Bool[np.ndarray, " record"]:
    """Tell which records are not concerned by any reason; count the others by their first."""
    kept = ~np.zeros_like(next(iter(reasons.values())))
    for reason, concerned in reasons.items():
        if count := int((kept & concerned).sum()):
            left_out[reason] += count
            kept &= ~concerned
    return kept


def _grouped(
    site: Int[np.ndarray, " record"],
    key: UInt64[np.ndarray, " record"],
    unsure: Bool[np.ndarray, " record"],
    left_out: Counter[str],
    rule: EventRule,
) -> tuple[Int[np.ndarray, " event"], Int[np.ndarray, " place"], Int[np.ndarray, " place"], int]:
    """Tell reads with one place from those with several; give the sites of both.

    Returns:
        The site of each read with one place; of the others the site of each place, and the number
        of its read; the number of reads with one place that are unsure.
    """
    repeated = _repeated(key) if rule.multimap != "each" else key[:0]
    read = np.searchsorted(repeated, key)
    several = (read < len(repeated)) & (np.append(repeated, np.uint64(0))[read] == key)

    alone = ~several & (site != _REFUSED)
    one, doubtful = site[alone], unsure[alone]
    sure = _without({"place not sure": doubtful & (rule.multimap == "unique")}, left_out)

    place, read = site[several], read[several]
    number = np.bincount(read, minlength=len(repeated))[read]
    refused = (np.bincount(read[place == _REFUSED], minlength=len(repeated)) > 0)[read]
    fine = ~refused & _without(
        {
            "another place of a duplicate or failed read": refused & (place != _REFUSED),
            _TOO_MANY: ~refused & (number > MOST_PLACES),
            "several places": ~refused & (rule.multimap == "unique"),
        },
        left_out,
    )
    kept = np.bincount(read[fine], minlength=len(repeated)) > 0
    return one[sure], place[fine], (np.cumsum(kept) - 1)[read[fine]], int(doubtful[sure].sum())


def _repeated(key: UInt64[np.ndarray, " record"]) -> UInt64[np.ndarray, " key"]:
    """Give the keys that stand more than once, sorted. np.unique would hash, which takes longer."""
    ordered = np.sort(key)
    same = np.append(ordered[1:] == ordered[:-1], np.zeros(min(len(key), 1), bool))
    same[1:] &= ~same[:-1]
    return np.asarray(ordered[same])
