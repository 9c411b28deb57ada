"""Make coverage tracks from reads."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from attendome.config import validate
from attendome.errors import DataError, SettingsError
from attendome.genome.bam import bam_lengths
from attendome.genome.bigwig_writing import Stretches, filled, write_stretches
from attendome.genome.event_reading import read_events
from attendome.genome.events import EventRule, Events, layer_of, position_of
from attendome.genome.fasta import Genome, open_genome
from attendome.genome.files import kind_of
from attendome.genome.gc_correction import check_genome, gc_correction
from attendome.genome.multimapping import Shared, share_out
from attendome.outputs import check_new, new_output

Progress = Callable[[str, int], None]


class CoverageSettings(EventRule):
    """How coverage is made from reads."""

    gc_correct: Path | None = None
    """FASTA file of the genome: correct the coverage for the share of G and C around each base."""
    clip: float | None = Field(default=None, gt=0)
    """The highest value of a base; higher ones are set to it."""
    as_published: bool = False
    """Correct for G and C as Basenji's bam_cov.py does, with its three faults."""

    @model_validator(mode="after")
    def _published_only_with_correction(self) -> "CoverageSettings":
        if self.as_published and not self.gc_correct:
            raise ValueError(
                "as_published is about the correction for G and C; give gc_correct too"
            )
        return self


@dataclass(frozen=True)
class Covered:
    """What became of the reads.

    Attributes:
        files: the files that were written: one, or plus and minus strand.
        records: number of records of the BAM file.
        unique: number of reads with one place.
        shared: number of reads with several places.
        left_out: number of records left out, by reason.
        total: sum of each file over all bases.
        notes: what the user should know.
    """

    files: list[Path]
    records: int
    unique: int
    shared: int
    left_out: dict[str, int]
    total: list[float]
    notes: list[str]


def coverage(
    reads: str | Path,
    out: str | Path,
    settings: CoverageSettings | Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = lambda _task, _count: None,
) -> Covered:
    """Make a bigWig track of the number of events per base from a BAM file, sorted or not.

    The event of a read is its 5' end, or lies at a distance from it that depends on the assay. Each
    read counts 1, also where it has several places: see ``attendome.genome.multimapping``. Bases
    without reads are 0. Which reads are left out says ``attendome.genome.event_reading``.

    Args:
        reads: the BAM file.
        out: the bigWig file to make; with ``strands`` two, ``NAME.plus.bw`` and ``NAME.minus.bw``.
        settings: how it is made; or settings by name.
        force: replace the output where it exists.
        progress: called with what is being done and how much of it was since the last call.

    Raises:
        SettingsError: the settings do not fit each other.
        DataError: a file is damaged or of another kind or assembly, no read counts, or the output
            exists.
    """
    if not isinstance(settings, CoverageSettings):
        settings = validate(CoverageSettings, settings or {})
    files = _outputs(Path(out), strands=settings.strands)
    for file in files:
        check_new(file, force=force)
    path = Path(reads)
    if (kind := kind_of(path)) != "BAM":
        raise DataError(f"{path}: expected BAM, found {kind}.")
    with _genome(settings, path) as genome:
        events = read_events(path, settings, partial(progress, "Reading records"))
        equally = settings.multimap == "equal"
        rounds = partial(progress, "Sharing out reads with several places, round")
        shared = share_out(events, equally=equally, progress=rounds)
        values, notes = _values(events, shared, settings, genome, progress)
    total = []
    with ExitStack() as stack:
        for strand, file in enumerate(files):
            made = stack.enter_context(new_output(file, force=force))
            pieces = _pieces(events, shared, values, strand, progress)
            write_stretches(made, events.lengths, pieces)
            mine = layer_of(shared.site) // len(events.lengths) == strand
            total.append(float(values[mine].sum()))
    return Covered(
        files=files,
        records=events.records,
        unique=len(events.site),
        shared=events.shared,
        left_out=events.left_out,
        total=total,
        notes=notes,
    )


def _outputs(out: Path, *, strands: bool) -> list[Path]:
    if out.suffix not in (".bw", ".bigWig", ".bigwig"):
        raise SettingsError(f"{out}: expected the name of a bigWig file, which ends in .bw.")
    if not strands:
        return [out]
    return [out.with_suffix(f".{strand}{out.suffix}") for strand in ("plus", "minus")]


@contextmanager
def _genome(settings: CoverageSettings, reads: Path) -> Iterator[Genome | None]:
    """Open the genome for the correction, and check it before the long work."""
    if settings.gc_correct is None:
        yield None
        return
    with open_genome(settings.gc_correct) as genome:
        check_genome(genome, bam_lengths(reads))
        yield genome


def _values(
    events: Events,
    shared: Shared,
    settings: CoverageSettings,
    genome: Genome | None,
    progress: Progress,
) -> tuple[Float[np.ndarray, " site"], list[str]]:
    """Correct and clip; say what happened."""
    values, notes = shared.value, []
    if shared.rounds:
        end = "settled" if shared.settled else "stopped before they settled"
        notes.append(
            f"Reads with several places {end} after {shared.rounds} rounds; the last moved "
            f"{shared.change:.3f} per read."
        )
    if events.unsure:
        notes.append(
            f"{events.unsure} reads have one place in the file, but mapping quality 0 or a tag NH "
            "above 1: they count there, though the aligner was not sure. Have it report several "
            "places, or leave such reads out with multimap unique."
        )
    if genome:
        correct = partial(gc_correction, as_published=settings.as_published)
        reading = partial(progress, "Correcting for G and C, bases")
        found = correct(shared, events.lengths, genome, progress=reading)
        values = values * found.factor
        notes.append(
            f"G and C explain {found.explained:.1%} of the variance of log coverage between "
            f"{found.windows} windows; the correction makes the total "
            f"{values.sum() / shared.value.sum():.3f} times what it was."
        )
        if found.missing:
            notes.append(f"Not corrected, without a sequence: {', '.join(found.missing)}.")
    if settings.clip and (high := values > settings.clip).any():
        notes.append(f"{int(high.sum())} bases were clipped to {settings.clip:g}.")
        values = np.minimum(values, settings.clip)
    return values, notes


def _pieces(
    events: Events,
    shared: Shared,
    values: Float[np.ndarray, " site"],
    strand: int,
    progress: Progress,
) -> Iterator[Stretches]:
    """Give the stretches of each chromosome, by name, as bigWig wants them."""
    layers = layer_of(shared.site)
    for number, name in sorted(enumerate(events.lengths), key=lambda item: item[1]):
        wanted = strand * len(events.lengths) + number
        first, behind = np.searchsorted(layers, [wanted, wanted + 1])
        bases = position_of(shared.site[first:behind])
        yield name, *filled(events.lengths[name], bases, values[first:behind])
        progress("Writing chromosomes", 1)
