"""Which bins links are looked for: those of TSSs, the highest predictions, or all."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from pydantic import Field

from attendome.data import SequenceDataset
from attendome.errors import DataError
from attendome.genome import chromosomes
from attendome.genome.annotation import read_genes
from attendome.genome.stitching import nearest

COLUMNS = ("region", "bin", "chrom", "start", "end", "name", "strand", "tss")
"""Of a table of targets: number of the region in the dataset, bin of those predicted, its place
(0-based, half-open), what it is called, and its strand and TSS (0-based), ``.`` and −1 where it has
none."""
Wanted = Annotated[int, Field(ge=1)] | Literal["all"]


def tss_targets(data: SequenceDataset, regions: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Take the bin of each gene's TSS, in the region whose middle is nearest to it.

    Args:
        data: the dataset.
        regions: those of its regions that are looked at.
        path: the genes.

    Raises:
        DataError: the genes cannot be read, or no TSS lies in what is predicted of a region.
    """
    genes = read_genes(path, gene_type="all").genes
    names = chromosomes.reconcile(genes["chrom"].unique(), regions["chrom"].unique(), str(path))
    genes = genes.assign(chrom=genes["chrom"].map(names)).reset_index()
    begin = regions["start"].to_numpy() + data.crop
    shares = nearest(regions["chrom"].to_numpy(str), begin, data.bins * data.bin_size)
    found = []
    for number, (first, behind) in enumerate(shares):
        region = regions.iloc[number]
        inside = genes[
            (genes["chrom"] == region["chrom"]) & genes["tss"].between(first, behind - 1)
        ]
        bins = (inside["tss"].to_numpy() - begin[number]) // data.bin_size
        named = inside["gene_name"].where(inside["gene_name"] != "", inside["gene"])
        placed = _placed(data, region, bins)
        found.append(
            placed.assign(
                name=named.to_numpy(),
                strand=inside["strand"].to_numpy(),
                tss=inside["tss"].to_numpy(),
            )
        )
    table = pd.concat(found, ignore_index=True)
    if table.empty:
        raise DataError(f"{path}: no gene has its TSS in the bins predicted of these regions.")
    return table[list(COLUMNS)]


def other_targets(
    data: SequenceDataset, region: pd.Series, levels: Float[np.ndarray, " bin"], wanted: Wanted
) -> pd.DataFrame:
    """Take all bins of a region, or its highest peaks.

    Args:
        data: the dataset.
        region: the region, a row of ``data.regions``.
        levels: what is predicted of each bin.
        wanted: ``all``, or how many peaks at most.
    """
    bins = np.arange(len(levels)) if wanted == "all" else peaks(levels, wanted)
    table = _placed(data, region, bins)
    name = table["chrom"] + ":" + table["start"].astype(str)
    return table.assign(name=name, strand=".", tss=-1)[list(COLUMNS)]


def peaks(levels: Float[np.ndarray, " bin"], limit: int) -> Int[np.ndarray, " peak"]:
    """Number the highest bins that are higher than the one before and no lower than the next.

    >>> peaks(np.array([5.0, 1, 2, 2, 9, 0, 1]), 3).tolist()
    [4, 0, 2]
    """
    before = np.concatenate([[-np.inf], levels[:-1]])
    behind = np.concatenate([levels[1:], [-np.inf]])
    places = np.flatnonzero((levels > before) & (levels >= behind))
    order = np.argsort(-levels[places], kind="stable")[:limit]
    found: Int[np.ndarray, " peak"] = places[order]
    return found


def _placed(
    data: SequenceDataset, region: pd.Series, bins: Int[np.ndarray, " target"]
) -> pd.DataFrame:
    start = region["start"] + data.crop + bins * data.bin_size
    end = start + data.bin_size
    columns = {"region": region.name, "chrom": region["chrom"], "bin": bins}
    return pd.DataFrame(columns | {"start": start, "end": end})
