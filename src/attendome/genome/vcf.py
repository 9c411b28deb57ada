"""Variants of a VCF or BCF file, one allele at a time, checked against a genome."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from attendome.errors import DataError
from attendome.genome.chromosomes import matching, reconcile
from attendome.genome.fasta import Genome

if TYPE_CHECKING:
    from pysam import VariantFile as PysamFile
    from pysam import VariantRecord

LOOKED_AT = 1000
"""Alleles that are read ahead, to find out whether the genome is that of the file."""
SYMBOLIC, BREAKEND, STAR = "symbolic allele", "breakend", "allele * of a deletion elsewhere"
NO_ALLELE, LETTERS = "no alternative allele", "letters other than A, C, G, T and N"
UNKNOWN, BEYOND = "chromosome not in the genome", "position 0 or beyond the chromosome's end"
LONG, MISMATCH = "longer than the window", "reference differs from the genome"


@dataclass(frozen=True, slots=True)
class Variant:
    """One alternative allele.

    Attributes:
        chrom: chromosome, as the genome names it.
        position: of the first base of ``ref``, 0-based.
        ref: bases of the genome, in upper case.
        alt: bases in their place, in upper case.
        id: as the file has it; empty where there is none.
        record: number of the record in the file, from 0.
        allele: number of the allele in its record, from 1.
        flipped: whether the file has ``alt`` as its reference, and ``ref`` as the allele.
    """

    chrom: str
    position: int
    ref: str
    alt: str
    id: str = ""
    record: int = 0
    allele: int = 1
    flipped: bool = False

    @property
    def name(self) -> str:
        """Chromosome, 0-based position and alleles, such as ``chr1:99:A>G``."""
        return f"{self.chrom}:{self.position}:{self.ref}>{self.alt}"


class LeftOut(NamedTuple):
    """An allele that is left out.

    Attributes:
        variant: as the file has it, with the file's name of the chromosome.
        reason: one of this module's reasons.
    """

    variant: Variant
    reason: str


class VariantFile:
    """The alleles of a VCF or BCF file, in its order; one pass. ``open_vcf`` makes it.

    Attributes:
        left_out: number of alleles left out so far, by reason.
        flipped: number of alleles swapped so far.
        unsorted: number of records so far that stand behind one that they should precede, which
            is no error.
        names: the genome's name of each of the file's chromosomes so far.
    """

    def __init__(
        self, path: Path, file: "PysamFile", genome: Genome, *, longest: int | None, flip: bool
    ) -> None:
        self.path, self._file, self._genome = path, file, genome
        self._longest, self._flip = longest, flip
        self.left_out: Counter[str] = Counter()
        self.flipped = self.unsorted = self._compared = 0
        self.names: dict[str, str] = {}
        self._others: set[str] = set()

    def __iter__(self) -> Iterator[Variant | LeftOut]:
        """Give each allele, or why it is left out.

        Raises:
            DataError: a record is malformed, there is none, none is on a chromosome of the genome,
                two chromosomes of the file are one of the genome, or most references differ from
                the genome: of the first 1,000 alleles, before any is given, or of all, at the end.
        """
        alleles = self._alleles()
        beginning = list(islice(alleles, LOOKED_AT))
        if not beginning:
            raise DataError(f"{self.path}: expected variants, found a header and no records.")
        self._check(ended=len(beginning) < LOOKED_AT)
        yield from beginning
        yield from alleles
        self._check(ended=True)

    def _alleles(self) -> Iterator[Variant | LeftOut]:
        seen: set[str] = set()
        chrom, position = "", -1
        for number, record in enumerate(records(self._file, self.path)):
            if (record.chrom == chrom and record.start < position) or (
                record.chrom != chrom and record.chrom in seen
            ):
                self.unsorted += 1
            chrom, position = record.chrom, record.start
            seen.add(chrom)
            bases = (record.ref or ".").upper()
            for allele, alt in enumerate(record.alts or (".",), start=1):
                found = Variant(
                    chrom, position, bases, alt.upper(), record.id or "", number, allele
                )
                yield self._checked(found)

    def _checked(self, found: Variant) -> Variant | LeftOut:
        reason = _unusable(found) or self._misplaced(found)
        if not reason:
            placed = replace(found, chrom=self.names[found.chrom])
            self._compared += 1
            if self._is_there(placed, placed.ref):
                return placed
            if self._flip and self._is_there(placed, placed.alt):
                self.flipped += 1
                return replace(placed, ref=placed.alt, alt=placed.ref, flipped=True)
            reason = MISMATCH
        self.left_out[reason] += 1
        return LeftOut(found, reason)

    def _misplaced(self, found: Variant) -> str:
        chrom = self._chromosome(found.chrom)
        if chrom is None:
            return UNKNOWN
        end = found.position + len(found.ref)
        if found.position < 0 or end > self._genome.lengths[chrom]:
            return BEYOND
        longest = max(len(found.ref), len(found.alt))
        return LONG if self._longest is not None and longest > self._longest else ""

    def _is_there(self, variant: Variant, bases: str) -> bool:
        end = variant.position + len(bases)
        return self._genome.letters(variant.chrom, variant.position, end).upper() == bases.encode()

    def _chromosome(self, name: str) -> str | None:
        """Give the genome's name of a chromosome, None where it has none."""
        if name in self.names or name in self._others:
            return self.names.get(name)
        meant = matching([name], self._genome.lengths).get(name)
        if meant is None:
            self._others.add(name)
            return None
        for other, taken in self.names.items():
            if taken == meant:
                raise DataError(
                    f"{self.path}: {other} and {name} are both names of {meant}; give each "
                    "chromosome one name."
                )
        self.names[name] = meant
        return meant

    def _check(self, *, ended: bool) -> None:
        if ended and not self.names and self._others:
            reconcile(self._others, self._genome.lengths, str(self.path))
        differ = self.left_out[MISMATCH]
        # Of another assembly, an allele is the genome's base by chance as often as the reference.
        if differ > self._compared * (0.25 if self._flip else 0.5):
            raise DataError(
                f"{self.path}: the reference of {differ:,} of {self._compared:,} alleles is not "
                f"what {self._genome.path} has there. Is that the FASTA of another assembly? Give "
                "the one that the variants were called with."
            )


@contextmanager
def open_vcf(
    path: Path, genome: Genome, *, longest: int | None = None, flip: bool = False
) -> Iterator[VariantFile]:
    """Open a VCF file, plain or compressed with bgzip, or a BCF file; no index is needed.

    Args:
        path: the file.
        genome: the genome that its references are compared with.
        longest: alleles of more bases are left out; None for no limit.
        flip: whether an allele is swapped with its reference where that makes the latter the
            genome's.

    Raises:
        DataError: the file is missing or has no header of VCF or BCF.
    """
    import pysam

    before = pysam.set_verbosity(0)  # it prints what it raises
    try:
        try:
            file = pysam.VariantFile(str(path), drop_samples=True)
        except FileNotFoundError as error:
            raise DataError(f"{path}: no such file; expected VCF or BCF.") from error
        except NotImplementedError as error:
            raise DataError(
                f"{path}: is compressed with gzip, expected bgzip; make it anew: "
                f"gunzip -c {path.name} | bgzip > new.vcf.gz"
            ) from error
        except ValueError as error:
            raise DataError(
                f"{path}: cannot be read as VCF or BCF; expected a header, which begins with "
                "##fileformat=VCF and ends with the line #CHROM POS ID REF ALT ..."
            ) from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error}); is it cut short?") from error
        with file:
            yield VariantFile(path, file, genome, longest=longest, flip=flip)
    finally:
        pysam.set_verbosity(before)


def records(file: "PysamFile", path: Path) -> Iterator["VariantRecord"]:
    """Give the records of an open file.

    Raises:
        DataError: one is malformed.
    """
    number = 0
    try:
        for number, record in enumerate(file, start=1):  # noqa: B007 - for the message
            yield record
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: record {number + 1} cannot be read ({error}); expected the columns CHROM, "
            "POS, ID, REF, ALT, ... between tabs. It is malformed, or the file is cut short."
        ) from error


def _unusable(found: Variant) -> str:
    if found.alt == ".":
        return NO_ALLELE
    if found.alt.startswith("<"):
        return SYMBOLIC
    if found.alt == "*":
        return STAR
    if any(sign in found.alt for sign in "[]."):
        return BREAKEND
    return "" if set(found.ref + found.alt) <= set("ACGTN") else LETTERS
