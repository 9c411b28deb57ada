"""Variants that are to be scored, and their scores, on disk: some at a time in each file."""

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from attendome.genome.fasta import Genome
from attendome.genome.vcf import LeftOut, Variant, open_vcf
from attendome.outputs import new_output, write_text
from attendome.variants.scoring import VARIANT_COLUMNS

LEFT_OUT = "left-out.tsv"
_READ = "read.json"
_VARIANTS = 256
"""Most variants of a part; an interruption loses the scores of as many."""
_ROWS = 1 << 18
"""Most rows of a part's table, about."""


@dataclass(frozen=True)
class Parts:
    """Some variants in each file, and beside each its scores, once they are there.

    Attributes:
        folder: where they are.
    """

    folder: Path

    def __len__(self) -> int:
        """Give the number of parts."""
        return len(list(self.folder.glob("*.variants.parquet")))

    def write(self, variants: Iterable[Variant], together: int) -> int:
        """Write variants, so many together; give their number."""
        self.folder.mkdir(exist_ok=True)
        remaining, number, count = iter(variants), 0, 0
        while some := list(islice(remaining, together)):
            rows = pl.DataFrame([asdict(variant) for variant in some], schema=VARIANT_COLUMNS)
            rows.write_parquet(self._variants(number))
            number, count = number + 1, count + len(some)
        return count

    def variants(self, number: int) -> list[Variant]:
        """Read the variants of a part."""
        return [Variant(**row) for row in pl.read_parquet(self._variants(number)).to_dicts()]

    def size(self, number: int) -> int:
        """Give the number of variants of a part."""
        return int(pl.scan_parquet(self._variants(number)).select(pl.len()).collect().item())

    def scores(self, number: int) -> Path:
        """Say where the scores of a part are, or will be."""
        return self.folder / f"{number:06d}.scores"

    def _variants(self, number: int) -> Path:
        return self.folder / f"{number:06d}.variants.parquet"


@dataclass(frozen=True)
class Reading:
    """What a file of variants holds.

    Attributes:
        variants: number of alleles that are scored.
        left_out: number of alleles left out, by reason.
        flipped: number of alleles swapped with their reference.
        unsorted: number of records that stand behind one that they should precede.
        names: the genome's name of each of the file's chromosomes.
    """

    variants: int
    left_out: dict[str, int]
    flipped: int
    unsorted: int
    names: dict[str, str]


def read_once(
    vcf: Path, genome: Genome, parts: Parts, *, longest: int, flip: bool, rows: int
) -> Reading:
    """Read a file of variants into parts, and list what is left out, unless that is done.

    Args:
        vcf: the file.
        genome: the genome it is of.
        parts: where variants are written; the list is written beside their folder.
        longest: alleles of more bases are left out.
        flip: whether to swap alleles where that makes the reference the genome's.
        rows: of the table, for each variant.

    Raises:
        DataError: as ``open_vcf`` and ``VariantFile`` say.
    """
    place = parts.folder.parent / _READ
    if place.is_file():
        return Reading(**json.loads(place.read_bytes()))
    shutil.rmtree(parts.folder, ignore_errors=True)
    together = max(1, min(_VARIANTS, _ROWS // rows))
    with (
        open_vcf(vcf, genome, longest=longest, flip=flip) as file,
        new_output(parts.folder.parent / LEFT_OUT, force=True) as listed,
    ):
        count = parts.write(_kept(file, listed), together)
        found = Reading(count, dict(file.left_out), file.flipped, file.unsorted, file.names)
    write_text(place, json.dumps(asdict(found)))
    return found


def _kept(found: Iterable[Variant | LeftOut], listed: Path) -> Iterator[Variant]:
    """Give the variants that are scored, and list the others."""
    columns = ("variant", "chrom", "position", "ref", "alt", "id", "record", "allele", "reason")
    with listed.open("w", encoding="utf-8") as file:
        file.write("\t".join(columns) + "\n")
        for one in found:
            if isinstance(one, Variant):
                yield one
                continue
            variant = one.variant
            about = (getattr(variant, name) for name in columns[1:-1])
            file.write("\t".join(map(str, (variant.name, *about, one.reason))) + "\n")
