"""The steps from a file of variants to the scores of all of them, each kept once it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from attendome.errors import AttendomeError, DataError, RunError
from attendome.genome.fasta import Genome
from attendome.outputs import new_output
from attendome.variants.background import Background, random_variants
from attendome.variants.scoring import Scorer
from attendome.workflows.parts import Watch
from attendome.workflows.scheduling import run_all, workers
from attendome.workflows.sequence.variant_parts import Parts, Reading, read_once
from attendome.workflows.sequence.variant_scoring import (
    BACKGROUND,
    Job,
    Request,
    gather,
    score,
    score_elsewhere,
    score_random,
)


@dataclass(frozen=True)
class Where:
    """Where variants are scored: in this process, unless something is given.

    Attributes:
        workers: number of processes on this machine; with several GPUs, each has its own.
        scheduler: address of a dask scheduler to use instead; its workers see the same files.
    """

    workers: int | None = None
    scheduler: str | None = None


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Attributes:
        folder: where all is kept until it is done.
        request: what is asked for.
        ready: what scores variants in this process.
        where: where they are scored.
        watch: told the name of each step, gives what is told how much of it is done.
    """

    folder: Path
    request: Request
    ready: Scorer
    where: Where
    watch: Watch

    @property
    def variants(self) -> Parts:
        """The variants of the file."""
        return Parts(self.folder / "variants")

    def read(self, vcf: Path) -> Reading:
        """Read the variants, and draw those of the background.

        Raises:
            DataError: the file cannot be read, its references are not the genome's, or no variant
                is left.
        """
        settings, genome, longest = (
            self.request.settings,
            self.ready.genome,
            self.ready.windows.longest,
        )
        rows = len(self.ready.tracks or self.ready.description.tracks)
        with self.watch("Reading the variants"):
            found = read_once(
                vcf, genome, self.variants, longest=longest, flip=settings.flip, rows=rows
            )
        if not found.variants:
            raise DataError(f"{vcf}: no variant can be scored: {counted(found.left_out)}.")
        if settings.background and not self._random.folder.is_dir():
            self._draw(genome, found.names)
        return found

    def score(self) -> None:
        """Score all variants.

        Raises:
            RunError: an effect is not finite, or a process failed.
            SettingsError: no scheduler answers.
        """
        background, place = None, self.folder / BACKGROUND
        if self.request.settings.background:
            if not place.is_file():
                self._all(self._random, "Scoring random variants", None, random=True)
                with new_output(place) as made:
                    gather(self._random).save(made)
            background = Background.load(place)
        self._all(self.variants, "Scoring the variants", background, random=False)

    @property
    def _random(self) -> Parts:
        return Parts(self.folder / "random")

    def _draw(self, genome: Genome, names: Mapping[str, str]) -> None:
        """Draw random variants on the chromosomes that the file has."""
        chroms = [chrom for chrom in genome.lengths if chrom in names.values()]
        ends = [genome.lengths[chrom] for chrom in chroms]
        windows = pd.DataFrame({"chrom": chroms, "start": 0, "end": ends})
        settings = self.request.settings
        drawn = random_variants(genome, windows, settings.background, settings.seed)
        with new_output(self._random.folder) as made:
            Parts(made).write(drawn, together=64)

    def _all(self, parts: Parts, step: str, background: Background | None, *, random: bool) -> None:
        """Score what is not scored yet."""
        sizes = [parts.size(number) for number in range(len(parts))]
        waiting = [number for number in range(len(parts)) if not parts.scores(number).is_file()]
        total, done = sum(sizes), sum(sizes) - sum(sizes[number] for number in waiting)
        if not waiting:
            return
        with self.watch(step) as progress:

            def told(count: int) -> None:
                nonlocal done
                done += count
                progress(done, total)

            told(0)
            if self.where != Where():
                self._elsewhere(
                    [Job(self.request, parts.folder.resolve(), n, random) for n in waiting], told
                )
                return
            for number in waiting:
                if random:
                    score_random(self.ready, parts, number, told)
                else:
                    score(self.ready, parts, number, background, told)

    def _elsewhere(self, jobs: list[Job], told: Callable[[int], None]) -> None:
        count = min(self.where.workers or 1, len(jobs))
        with workers(count, self.where.scheduler) as client:
            for job, found in run_all(client, score_elsewhere, jobs):
                if isinstance(found, AttendomeError | OSError):
                    raise found
                if isinstance(found, BaseException):
                    raise RunError(
                        f"Part {job.number} failed ({type(found).__name__}: {found}). What is "
                        "scored is kept; the same command, given again, goes on."
                    ) from found
                told(found["variants"])


def counted(left_out: Mapping[str, int]) -> str:
    """Say how many alleles are left out, and why.

    >>> counted({"symbolic allele": 2, "breakend": 1000})
    '1,000 breakend, 2 symbolic allele'
    """
    most = sorted(left_out.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {reason}" for reason, count in most)
