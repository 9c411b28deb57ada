"""Measure the signal of marks in bins, from files of reads or tracks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.errors import DataError, SettingsError
from attendome.genome.bam import bam_lengths
from attendome.genome.bedgraph import bin_bedgraph
from attendome.genome.bigwig import bigwig_lengths, bin_bigwig
from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import assembly_of, check_lengths, lengths, reconcile, renamed
from attendome.genome.counting import ReadCounts, check_quality, count_reads
from attendome.genome.files import Kind, kind_of, sha256
from attendome.genome.tracks import BinnedTrack

Progress = Callable[[Path, int], None]
_READS = ("BAM", "BED")


@dataclass(frozen=True)
class Probe:
    """What is known of the files before they are read.

    Attributes:
        kinds: the kind of each file.
        lengths: length of chromosomes, in bp, by the genes' names, where a file or the assembly
            gives it.
        assembly: name of the assembly, or "unknown".
    """

    kinds: dict[Path, Kind]
    lengths: dict[str, int]
    assembly: str


@dataclass(frozen=True)
class Measured:
    """The signal of one mark, or of the control.

    Attributes:
        values: one per window and bin; NaN where nothing was measured.
        depth: number of reads used; 0 for tracks.
        chromosomes: the chromosomes that its files have.
        sources: what is to be kept of each file.
    """

    values: Float[np.ndarray, "window bin"]
    depth: int
    chromosomes: set[str]
    sources: list[dict[str, Any]]


def probe(files: ChromatinFiles, settings: BuildSettings, chromosomes: Sequence[str]) -> Probe:
    """Look into all files, so that what does not fit is found before the long work.

    Args:
        files: the files.
        settings: how the dataset is built.
        chromosomes: the chromosomes of the genes.

    Raises:
        SettingsError: a control is given with tracks, a mark mixes reads with tracks, mapping
            qualities are asked of a file without, or the assembly is not known.
        DataError: a file is missing, of an unknown kind, or of another assembly.
    """
    kinds = {path: kind_of(path) for path in files.paths()}
    _check_kinds(files, kinds)
    for path, kind in kinds.items():
        check_quality(path, kind, settings.counting)
    assembly = settings.assembly or "unknown"
    known = lengths(assembly)
    expected = {name: known[ucsc] for ucsc, name in _named(known, chromosomes).items()}
    found: dict[str, int] = {}
    for path, kind in kinds.items():
        reader = {"BAM": bam_lengths, "bigWig": bigwig_lengths}.get(kind)
        if reader:
            theirs = reader(path)
            names = reconcile(theirs, chromosomes, str(path))
            sizes = {ours: theirs[name] for name, ours in names.items()}
            check_lengths(sizes, expected | found, str(path))
            found |= sizes
    if not settings.assembly and found:
        assembly = assembly_of(found)
    return Probe(kinds, expected | found, assembly)


def _named(known: Mapping[str, int], chromosomes: Sequence[str]) -> dict[str, str]:
    return reconcile(known, chromosomes, "the assembly") if known else {}


def _check_kinds(files: ChromatinFiles, kinds: Mapping[Path, Kind]) -> None:
    for mark, paths in files.signal.items():
        of_reads = {kinds[path] in _READS for path in paths}
        if len(of_reads) > 1:
            raise SettingsError(f"{mark}: its files are reads and tracks; give files of one kind.")
        if files.control and of_reads == {False}:
            raise SettingsError(
                f"{mark}: a control is subtracted from reads, and {paths[0]} is {kinds[paths[0]]}; "
                "leave the control out, or give reads."
            )
    for path in files.control:
        if kinds[path] not in _READS:
            raise SettingsError(f"{path}: a control is a file of reads, and this is {kinds[path]}.")


def measure(
    paths: Sequence[Path],
    grid: BinGrid,
    chromosomes: Sequence[str],
    known: Probe,
    settings: BuildSettings,
    progress: Progress,
) -> Measured:
    """Measure a mark: its files are read one by one and added up.

    Args:
        paths: the files of the mark.
        grid: the bins.
        chromosomes: name of each chromosome number of the grid.
        known: what was found out about the files.
        settings: how the dataset is built.
        progress: called with a file and the number of records read since the last call.

    Raises:
        DataError: a file is damaged or malformed.
    """
    parts = [_measure_file(path, grid, chromosomes, known, settings, progress) for path in paths]
    values = np.stack([part.values for part in parts])
    covered = ~np.isnan(values).all(axis=0)
    return Measured(
        values=np.where(covered, np.nansum(values, axis=0), np.nan),
        depth=sum(part.depth for part in parts),
        chromosomes=set.union(*(part.chromosomes for part in parts)),
        sources=[source for part in parts for source in part.sources],
    )


def _measure_file(
    path: Path,
    grid: BinGrid,
    chromosomes: Sequence[str],
    known: Probe,
    settings: BuildSettings,
    progress: Progress,
) -> Measured:
    kind, advance = known.kinds[path], partial(progress, path)
    if kind in _READS:
        counted = count_reads(
            path,
            kind,
            grid,
            chromosomes,
            settings.counting,
            lengths=known.lengths,
            progress=advance,
        )
        return _counted(path, kind, counted)
    if kind == "bigWig":
        track = bin_bigwig(path, grid, chromosomes, advance)
    else:
        track = bin_bedgraph(path, grid, chromosomes, advance, lengths=known.lengths)
    return _binned(path, kind, track, settings)


def _source(path: Path, kind: str, names: Mapping[str, str]) -> dict[str, Any]:
    source = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256(path),
        "format": kind,
    }
    changed = renamed(names)
    return source | ({"chromosomes": changed} if changed else {})


def _counted(path: Path, kind: str, part: ReadCounts) -> Measured:
    source = _source(path, kind, part.names) | {
        "reads": part.reads,
        "used": part.used,
        "left_out": part.left_out,
        "in_windows": part.in_windows,
    }
    return Measured(part.counts, part.used, set(part.names.values()), [source])


def _binned(path: Path, kind: str, part: BinnedTrack, settings: BuildSettings) -> Measured:
    values = part.summary(settings.summary, settings.bin_size, fill=settings.missing == "zero")
    if (values < 0).any():
        raise DataError(
            f"{path}: has negative values ({np.nanmin(values):g}); a mark's signal is 0 or more, "
            "such as reads, fold change or −log10 p."
        )
    source = _source(path, kind, part.names) | {
        "summary": settings.summary,
        "covered": float((part.covered > 0).mean()),
    }
    return Measured(values, 0, set(part.names.values()), [source])
