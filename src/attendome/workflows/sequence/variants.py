"""Score the variants of a VCF file with a model that reads DNA."""

import json
import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendome import __version__
from attendome.config import validate
from attendome.errors import AttendomeError, DataError
from attendome.genome.chromosomes import renamed
from attendome.genome.fasta import open_genome
from attendome.genome.files import sha256
from attendome.models.weights import WEIGHTS
from attendome.workflows.parts import Watch, open_parts
from attendome.workflows.run import open_sequence_run
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.sequence.scoring import views_of
from attendome.workflows.sequence.variant_files import Outputs, write_outputs
from attendome.workflows.sequence.variant_parts import Reading
from attendome.workflows.sequence.variant_scoring import Request, VariantSettings, scorer
from attendome.workflows.sequence.variant_work import Where, Work


@dataclass(frozen=True)
class ScoredFile:
    """What became of a file of variants.

    Attributes:
        path: the table of scores.
        variants: number of alleles scored.
        tracks: number of tracks.
        left_out: number of alleles left out, by reason.
        listed: the list of these.
        notes: what the user should know.
    """

    path: Path
    variants: int
    tracks: int
    left_out: dict[str, int]
    listed: Path
    notes: list[str]


def score_variants(  # noqa: PLR0913 - each is an option of the command
    run: SequenceRun | str | Path,
    vcf: str | Path,
    genome: str | Path,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    annotated: str | Path | None = None,
    genes: str | Path | None = None,
    where: Where | None = None,
    force: bool = False,
    watch: Watch = lambda _step: nullcontext(lambda _done, _all: None),
) -> ScoredFile:
    """Predict what variants change in each track, and write it to a table.

    A row is a variant, track and gene, with natural logarithms of fold changes of the allele over
    the genome, and the percentage of random variants that change less; the documentation names
    the columns. What is left out stands beside it, in a file ending in .left-out.tsv. Given again,
    the same call goes on where one before was interrupted; the files are the same to the byte.

    Args:
        run: the run of a model that reads DNA, or its folder.
        vcf: the variants: VCF, plain or compressed, or BCF.
        genome: the FASTA file that they are of.
        out: a name ending in .tsv, .tsv.gz or .parquet.
        settings: those of ``VariantSettings``, by name.
        annotated: also write the variants as VCF with a summary of the scores; a name ending in
            .vcf or .vcf.gz.
        genes: annotation (GTF, GFF3, BED or a table), for the effect at the TSS of genes.
        where: where variants are scored; by default in this process.
        force: replace files that exist.
        watch: told the name of each step, gives what is told how much of it is done.

    Raises:
        SettingsError: the run is of another kind, a setting is unknown or not valid, a name has
            another ending, or no scheduler answers.
        DataError: a file is missing or malformed, the references of most variants are not the
            genome's, no variant is left, or an output exists.
        RunError: the run cannot be opened, or an effect is not finite.
    """
    outputs = Outputs.named(Path(out), Path(annotated) if annotated else None, force=force)
    opened, file = open_sequence_run(run), _there(Path(vcf))
    request = _request(opened, Path(genome), Path(genes) if genes else None, settings or {})
    folder = outputs.table.with_name(f".{outputs.table.name}.parts")
    try:
        with open_genome(request.genome) as sequences:
            ready = scorer(request, opened, sequences)
            about = [request.about, str(request.genome), *request.state, sha256(file)]
            open_parts(folder, {"request": about})
            work = Work(folder, request, ready, where or Where(), watch)
            reading = work.read(file)
            work.score()
        write_outputs(outputs, file, work.variants, request.about, force=force, watch=watch)
    except KeyboardInterrupt as error:
        error.add_note("The same command, given again, goes on.")
        raise
    except AttendomeError:
        if not any(folder.rglob("*.scores")):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder)
    tracks = len(ready.tracks or opened.description.tracks)
    return _result(outputs, reading, tracks, request.genome)


def _there(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected VCF or BCF.")
    return path


def _request(
    run: SequenceRun, genome: Path, genes: Path | None, given: Mapping[str, Any]
) -> Request:
    settings = validate(VariantSettings, given)
    averaging = settings.averaging
    views_of(
        run.description.length,
        reverse_complement=averaging.reverse_complement,
        shifts=averaging.shifts,
    )
    if not genome.is_file():
        raise DataError(f"{genome}: no such file; expected FASTA.")
    if genes and not genes.is_file():
        raise DataError(f"{genes}: no such file; expected the annotation of genes.")
    state = genome.stat()
    about = {
        "model": run.description.model,
        "weights_sha256": sha256(run.path / WEIGHTS),
        "attendome_version": __version__,
        "genome": genome.name,
        "genes": genes and genes.name,
        "genes_sha256": genes and sha256(genes),
        "settings": settings.model_dump(mode="json"),
    }
    return Request(
        run.path.resolve(),
        genome.resolve(),
        genes.resolve() if genes else None,
        settings,
        json.dumps(about),
        (state.st_size, state.st_mtime_ns),
    )


def _result(outputs: Outputs, reading: Reading, tracks: int, genome: Path) -> ScoredFile:
    notes = []
    if reading.flipped:
        said = "Alleles that are the genome's, and were swapped with their reference"
        notes.append(f"{said}: {reading.flipped:,}.")
    if reading.unsorted:
        notes.append(f"Records out of order, which only costs time: {reading.unsorted:,}.")
    if said := renamed(reading.names):
        notes.append(f"By {genome.name}, {said}.")
    return ScoredFile(
        outputs.table, reading.variants, tracks, reading.left_out, outputs.left_out, notes
    )
