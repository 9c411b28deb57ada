"""Events: the base of the genome that each sequenced read tells of, at its 5' end or near it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from attendome.config import Settings

_APART = 32  # as a power of two: longer than any chromosome, so that no two come near each other


class Assay(NamedTuple):
    """Where the event of a read lies, by the kind of experiment."""

    shift: int
    """From the 5' end downstream along the read, in bp."""
    first_mate: bool
    """Of a pair, only the first read counts."""
    centre: bool = False
    """Of a proper pair, the event is the centre of the fragment, whatever the shift."""


ASSAYS = {
    "CAGE": Assay(0, first_mate=True),  # the cap is at the 5' end of the first read
    "DNASE": Assay(0, first_mate=False),  # both ends of a fragment are cuts
    # Tn5 duplicates 9 bp; 4 bp downstream of both 5' ends is the middle, one base for both strands:
    # start + 4 and, as it is written in the half-open coordinates of BED, end - 5.
    "ATAC": Assay(4, first_mate=False),
    "CHIP": Assay(100, first_mate=True, centre=True),  # half a fragment of 200 bp
}


class EventRule(Settings):
    """Which reads count, and where."""

    assay: Literal["CAGE", "DNASE", "ATAC", "CHIP"] | None = None
    """The kind of experiment, which says where the event of a read lies; without one it is the 5'
    end of every read."""
    shift: int | None = None
    """Distance of the event from the 5' end, downstream along the read, in bp, in place of the
    assay's."""
    multimap: Literal["em", "equal", "unique", "each"] = "em"
    """A read with several places (records of one name) counts at each by the coverage around (em),
    in equal parts (equal), or not at all (unique); or each record is taken for a read of its own
    (each)."""
    strands: bool = False
    """Keep the reads of the two strands apart."""

    def of_assay(self) -> Assay:
        """Give where events lie."""
        assay = ASSAYS[self.assay] if self.assay else Assay(0, first_mate=False)
        if self.shift is None:
            return assay
        return Assay(self.shift, assay.first_mate)


@dataclass(frozen=True)
class Events:
    """The events of a file of reads.

    A site is a base of the genome in one number: (strand × chromosomes + chromosome) × 2³² +
    position (0-based); the strand is 0 unless the two are kept apart, then 1 is minus.

    Attributes:
        lengths: length of each chromosome, in bp, in the order of its number.
        site: the site of each read that has one place.
        place: the sites of reads that have several, one after another.
        read: number of the read of each of these.
        records: number of records in the file.
        left_out: how many records were left out, by reason.
        unsure: number of reads with one place of which the aligner knew others, or could not tell.
    """

    lengths: dict[str, int]
    site: Int[np.ndarray, " event"]
    place: Int[np.ndarray, " place"]
    read: Int[np.ndarray, " place"]
    records: int
    left_out: dict[str, int]
    unsure: int

    @property
    def shared(self) -> int:
        """Number of reads with several places."""
        return int(self.read.max()) + 1 if len(self.read) else 0


def site_of(
    layer: Int[np.ndarray, " site"], position: Int[np.ndarray, " site"]
) -> Int[np.ndarray, " site"]:
    """Give the sites of bases; a layer is strand × chromosomes + chromosome."""
    return np.asarray((layer << _APART) + position)


def layer_of(site: Int[np.ndarray, " site"]) -> Int[np.ndarray, " site"]:
    """Give the layers of sites: strand × chromosomes + chromosome."""
    return np.asarray(site >> _APART)


def position_of(site: Int[np.ndarray, " site"]) -> Int[np.ndarray, " site"]:
    """Give the base of sites, 0-based, in bp."""
    return np.asarray(site & ((1 << _APART) - 1))
