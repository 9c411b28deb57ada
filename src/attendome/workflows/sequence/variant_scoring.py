"""Score parts of variants: here, or in other processes."""

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field

from attendome.errors import RunError
from attendome.genome.annotation import read_genes
from attendome.genome.chromosomes import reconcile
from attendome.genome.fasta import Genome, open_genome
from attendome.outputs import new_output
from attendome.variants.background import Background
from attendome.variants.effects import SCORES, EffectSettings, Genes
from attendome.variants.scoring import ScoredVariants, Scorer
from attendome.workflows.run import open_run
from attendome.workflows.sequence.prediction_sources import chosen_tracks
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.sequence.variant_parts import Parts

BACKGROUND = "background.npz"
Told = Callable[[int], None]


class VariantSettings(EffectSettings):
    """Which effects of variants are computed, and how."""

    tracks: tuple[str, ...] = ()
    """Only these tracks, by name or by assay."""
    flip: bool = False
    """Whether an allele that is the genome's is swapped with its reference, which is not."""
    background: int = Field(default=1000, ge=0)
    """Number of random variants that effects are held against; 0 for none."""
    seed: int = Field(default=0, ge=0)
    """Of the random variants."""
    batch_size: int = Field(default=16, ge=1)
    """Variants at once."""


@dataclass(frozen=True)
class Request:
    """What is needed to score variants, in this process or another.

    Attributes:
        run: folder of the run.
        genome: FASTA file.
        genes: annotation of the genes; None for none.
        settings: what is computed.
        about: where the scores come from, as JSON.
        state: size in bytes and time of change of the genome's file.
    """

    run: Path
    genome: Path
    genes: Path | None
    settings: VariantSettings
    about: str
    state: tuple[int, int]


@dataclass(frozen=True)
class Job:
    """A part that is scored in another process.

    Attributes:
        request: what is asked for.
        folder: of the parts.
        number: of the part.
        random: whether the part is of the background.
    """

    request: Request
    folder: Path
    number: int
    random: bool


def scorer(request: Request, run: SequenceRun, genome: Genome) -> Scorer:
    """Make ready what scores variants.

    Raises:
        SettingsError: a track is unknown.
        DataError: the genes cannot be read, or are of other chromosomes.
    """
    settings = request.settings
    numbers = chosen_tracks(run.description, settings.tracks)
    return Scorer(
        model=run.model,
        description=run.description,
        genome=genome,
        settings=settings,
        genes=None if request.genes is None else _genes(request.genes, genome),
        tracks=numbers.tolist() if settings.tracks else None,
        batch_size=settings.batch_size,
    )


def _genes(path: Path, genome: Genome) -> Genes:
    genes = read_genes(path).genes
    names = reconcile(genes["chrom"].unique(), genome.lengths, str(path))
    return Genes(genes[genes["chrom"].isin(list(names))].replace({"chrom": names}))


def score(
    ready: Scorer,
    parts: Parts,
    number: int,
    background: Background | None,
    told: Told = lambda _count: None,
) -> None:
    """Score a part, and write the table of its rows.

    Args:
        ready: what scores them.
        parts: the parts.
        number: of the part.
        background: what effects are held against.
        told: told how many variants were scored since it was last told.

    Raises:
        RunError: an effect is not finite.
    """
    tables = []
    for scored in ready.score(parts.variants(number)):
        _check(scored)
        tables.append(table(scored, background))
        told(len(scored.variants))
    with new_output(parts.scores(number), force=True) as made:
        pl.concat(tables).write_parquet(made)


def score_random(
    ready: Scorer, parts: Parts, number: int, told: Told = lambda _count: None
) -> None:
    """Do the same with a part of the random variants, and write the sizes of the effects."""
    found = []
    for scored in ready.score(parts.variants(number)):
        _check(scored)
        found.append(scored)
        told(len(scored.variants))
    with new_output(parts.scores(number), force=True) as made:
        Background.of(found).save(made)


def gather(parts: Parts) -> Background:
    """Put the parts of the background together."""
    found = [Background.load(parts.scores(number)) for number in range(len(parts))]
    sizes = {name: np.concatenate([part.sizes[name] for part in found]) for name in SCORES}
    return Background(found[0].tracks, {name: np.sort(part, 0) for name, part in sizes.items()})


def table(scored: ScoredVariants, background: Background | None) -> pl.DataFrame:
    """Give the rows of ``ScoredVariants.table``, with a percentile of each score.

    These are null without a background, or where no random variant has the score.
    """
    rows = scored.table()
    if background is None:
        empty = pl.lit(None, pl.Float32)
        return rows.with_columns(empty.alias(f"{name}_percentile") for name in SCORES)
    changes: dict[str, Any] = dict(background.percentiles(scored))
    found = replace(scored, **changes).table()
    return rows.with_columns(
        found[name].fill_nan(None).alias(f"{name}_percentile") for name in SCORES
    )


def _check(scored: ScoredVariants) -> None:
    if not all(np.isfinite(getattr(scored, name)).all() for name in SCORES):
        raise RunError("The model predicts numbers that are not finite; train it again.")


def score_elsewhere(job: Job) -> dict[str, Any]:
    """Score a part in a process of dask."""
    ready, parts = _kept(job.request), Parts(job.folder)
    if job.random:
        score_random(ready, parts, job.number)
    else:
        place = job.folder.parent / BACKGROUND
        some = job.request.settings.background
        background = _background(place, place.stat().st_mtime_ns) if some else None
        score(ready, parts, job.number, background)
    return {"variants": parts.size(job.number)}


_OPEN = ExitStack()
atexit.register(_OPEN.close)


@lru_cache(maxsize=1)
def _kept(request: Request) -> Scorer:
    """Open a request once in a process."""
    _OPEN.close()  # the request before
    run = open_run(request.run)
    if not isinstance(run, SequenceRun):
        raise RunError(f"{request.run}: the run has changed meanwhile.")
    return scorer(request, run, _OPEN.enter_context(open_genome(request.genome)))


@lru_cache(maxsize=1)
def _background(path: Path, changed: int) -> Background:  # noqa: ARG001 - of which time it is
    return Background.load(path)
