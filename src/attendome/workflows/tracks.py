"""Write maps as tracks in genome coordinates, which IGV and the UCSC browser open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from attendome.config import suggestion
from attendome.data import ChromatinDataset
from attendome.data.schema import UNKNOWN_CHROM, UNKNOWN_STRAND, UNKNOWN_TSS
from attendome.errors import DataError, SettingsError
from attendome.genome import chromosomes
from attendome.genome.writing import (
    mean_over_windows,
    read_chromosome_sizes,
    write_bedgraph,
    write_bigwig,
)
from attendome.interpretation.methods import method_for
from attendome.outputs import check_new, new_output
from attendome.workflows.known_maps import maps_of
from attendome.workflows.matching import Data
from attendome.workflows.parts import Progress
from attendome.workflows.run import Run, open_chromatin_run

_BEDGRAPH, _BIGWIG = (".bedgraph", ".bdg"), (".bw", ".bigwig")


@dataclass(frozen=True)
class Track:
    """What a track was made of.

    Attributes:
        path: the file.
        genes: number of genes in it.
        left_out: number of genes whose location is not known.
        unit: the unit of its values.
    """

    path: Path
    genes: int
    left_out: int
    unit: str


def export_tracks(  # noqa: PLR0913 - each is an option of the command
    run: Run | str | Path,
    out: str | Path,
    mark: str,
    *,
    method: str = "attention",
    data: Data = None,
    split: str | None = None,
    genes: Sequence[str] | None = None,
    chrom_sizes: str | Path | None = None,
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Track:
    """Write the importance of a mark in genome coordinates, 0-based and half-open.

    A bin's value stands at each of its bases; where windows of several genes overlap, their mean
    does. METHOD.zarr in the run folder is used where it is of these weights and genes.

    Args:
        run: the run, or its folder.
        out: a name ending in .bw, .bigwig, .bedgraph or .bdg.
        mark: which of the marks.
        method: how the predictions are explained, such as ``alpha`` or ``occlusion``.
        data: the genes; by default the run's own dataset.
        split: only the genes of train, valid or test.
        genes: only these, by ID or name.
        chrom_sizes: lengths of the chromosomes, as in chrom.sizes or .fai; by default those of the
            dataset's assembly.
        force: replace ``out`` where it exists.
        progress: told how many genes are explained, and of how many.

    Raises:
        SettingsError: the name has another ending, the method or the mark is unknown, or the model
            does not take the method.
        DataError: no gene has a known location, a gene lies beyond the end of its chromosome, the
            lengths that a bigWig file needs are not known, or ``out`` exists.
    """
    target = Path(out)
    bigwig = is_bigwig(target)
    check_new(target, force=force)
    opened = open_chromatin_run(run)
    summary = method_for(method, opened.description.model).summary
    whole = opened.dataset(data)
    if mark not in whole.marks:
        raise SettingsError(f"Unknown mark '{mark}': {suggestion(mark, whole.marks)}")
    part = _chosen(whole, split, genes)
    known = _located(part)
    located = ChromatinDataset(part.xarray.isel(gene=known), part.path)
    lengths = _lengths(located, chrom_sizes, needed=bigwig)
    maps = maps_of(opened, whole, located, method, progress)
    rows = mean_over_windows(
        _in_genome_order(maps, mark),
        located.genes["chrom"].to_numpy(str),
        located.genes["tss"].to_numpy() + int(maps["bin_start"][0]),
        located.bin_size,
        lengths,
    )
    with new_output(target, force=force) as made:
        if bigwig:
            write_bigwig(rows, made, lengths)
        else:
            about = f"{summary} ({maps.attrs['unit']}), by {opened.description.model}"
            write_bedgraph(rows, made, f"{located.cell_type} {mark} {method}", about)
    return Track(target, len(located.genes), int((~known).sum()), str(maps.attrs["unit"]))


def _chosen(
    data: ChromatinDataset, split: str | None, genes: Sequence[str] | None
) -> ChromatinDataset:
    part = data.split(split) if split else data
    return part.with_genes(genes) if genes else part


def is_bigwig(path: Path) -> bool:
    """Tell from the ending of a file's name whether it is to be a bigWig, not a bedGraph.

    Raises:
        SettingsError: it has another ending.
    """
    ending = path.suffix.lower()
    if ending not in _BEDGRAPH + _BIGWIG:
        listed = ", ".join(_BIGWIG + _BEDGRAPH)
        raise SettingsError(f"{path}: expected a name that ends in {listed}.")
    return ending in _BIGWIG


def _located(data: ChromatinDataset) -> Bool[np.ndarray, " gene"]:
    """Tell which genes have a place in the genome for their bins."""
    table = data.genes
    known = (table["chrom"] != UNKNOWN_CHROM) & (table["tss"] != UNKNOWN_TSS)
    if data.oriented:  # without the strand, the order of the bins is not known
        known &= table["strand"] != UNKNOWN_STRAND
    if not known.any():
        raise DataError(
            f"{data.name}: the location of none of the {len(table)} genes is known; give the genes "
            "theirs when the dataset is built or imported (--genes)."
        )
    return known.to_numpy(bool)


def _lengths(
    data: ChromatinDataset, chrom_sizes: str | Path | None, *, needed: bool
) -> dict[str, int]:
    """Give the length of the genes' chromosomes, by the names that the dataset has for them.

    Raises:
        DataError: a gene lies behind the end of its chromosome, or a length is needed and unknown.
    """
    source, sizes = _known_lengths(data, chrom_sizes)
    table = data.genes
    names = sorted(set(table["chrom"]))
    found = {ours: sizes[name] for name, ours in chromosomes.matching(sizes, names).items()}
    missing = [name for name in names if name not in found]
    if needed and missing:
        raise DataError(
            f"{data.name}: a bigWig file holds the lengths of its chromosomes, and those of "
            f"{', '.join(missing[:6])} are not known ({source}); give them with --chrom-sizes "
            "FILE, such as hg19.chrom.sizes, or choose a name that ends in .bedgraph."
        )
    beyond = table[table["tss"] >= table["chrom"].map(found).fillna(np.inf)]
    if len(beyond):
        chrom, tss = beyond.iloc[0][["chrom", "tss"]]
        raise DataError(
            f"{data.name}: the gene {beyond.index[0]} at {chrom}:{tss} lies beyond the end of "
            f"{chrom}, {found[chrom]:,} bp ({source}); give the lengths of the right assembly with "
            "--chrom-sizes FILE."
        )
    return found


def _known_lengths(
    data: ChromatinDataset, chrom_sizes: str | Path | None
) -> tuple[str, dict[str, int]]:
    if chrom_sizes:
        return str(chrom_sizes), read_chromosome_sizes(Path(chrom_sizes))
    assembly = str(data.xarray.attrs["assembly"])
    try:
        return f"assembly: {assembly}", chromosomes.lengths(assembly)
    except SettingsError:  # of another genome than those whose lengths are known
        return f"assembly: {assembly}", {}


def _in_genome_order(maps: xr.Dataset, mark: str) -> Float[np.ndarray, "gene bin"]:
    """Give the importance of a mark; of oriented bins, those on the minus strand are reversed."""
    values = maps["importance"].sel(mark=mark).to_numpy()
    turned = maps.attrs["oriented"] & (maps["strand"].to_numpy() == "-")
    return np.where(turned[:, None], values[:, ::-1], values)
