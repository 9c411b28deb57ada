"""Gather what the region browser of a report shows: regions, attention, and what files hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import torch
import xarray as xr
from torch import nn

from attendome.data import SequenceDataset
from attendome.errors import DataError
from attendome.genome import chromosomes
from attendome.genome.annotation import read_genes
from attendome.genome.bedpe import read_bedpe
from attendome.genome.stitching import read_stretches
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.model import SequenceModel
from attendome.reports.sequence.browser import Browser
from attendome.reports.sequence.html import HEADS, REGIONS
from attendome.training.inference import device_of
from attendome.workflows.sequence.shown_variants import VariantTable

ARCS = 50
"""Pairs of bins of a region and head that are shown, the strongest."""
NEAREST = 2
"""Bins apart that the bins of such a pair are at least."""
MEAN = "mean over heads"


@dataclass(frozen=True)
class Beside:
    """What a report shows along the genome, beside coverage and attention.

    Attributes:
        regions: stretches such as chr21:5000000-6000000, 0-based and half-open; the regions whose
            predicted bins overlap one are shown. By default those whose coverage varies most.
        genes: GTF, GFF3, BED or a table of genes.
        links: BEDPE, such as ``attendome links`` writes.
        variants: table of effects that ``attendome variants`` wrote.
    """

    regions: Sequence[str] = ()
    genes: Path | None = None
    links: Path | None = None
    variants: Path | None = None


def regions_asked(data: SequenceDataset, stretches: Sequence[str]) -> SequenceDataset | None:
    """Take the regions whose predicted bins overlap a stretch, in their order on the genome.

    Where there is no stretch, none are asked for.

    Raises:
        SettingsError: a text is no stretch.
        DataError: a stretch overlaps no region, or together they overlap too many.
    """
    if not stretches:
        return None
    table = data.regions.reset_index(drop=True)
    start, end = table["start"] + data.crop, table["end"] - data.crop
    lengths = {str(chrom): int(last) for chrom, last in end.groupby(table["chrom"]).max().items()}
    chosen = np.zeros(len(table), bool)
    for text, stretch in zip(
        stretches, read_stretches(stretches, lengths, data.name).itertuples(), strict=True
    ):
        holds = (table["chrom"] == stretch.chrom) & (start < stretch.end) & (end > stretch.start)
        if not holds.any():
            raise DataError(f"{data.name}: has no region whose predicted bins overlap {text}.")
        chosen |= holds.to_numpy()
    if chosen.sum() > REGIONS:
        raise DataError(
            f"{data.name}: {chosen.sum():,} regions overlap {', '.join(stretches)}; a report shows "
            f"at most {REGIONS}. Give shorter stretches."
        )
    places = table[chosen].sort_values(["chrom", "start"], kind="stable").index.to_numpy()
    return replace(data, xarray=data.xarray.isel(region=places))


@torch.no_grad()
def attention_pairs(
    model: nn.Module, regions: SequenceDataset, heads: xr.DataArray
) -> pd.DataFrame:
    """Find the strongest pairs of bins of each head, and of the mean over all heads.

    The bins that attend are those that are predicted; they attend to all bins of the input.

    Args:
        model: a model with attention.
        regions: the regions.
        heads: names of the heads of all layers; only the first are looked at one by one.

    Returns:
        A row per pair, as ``Browser`` has them.
    """
    device, tables = device_of(model), []
    crop, names = regions.crop // regions.bin_size, [MEAN, *heads.to_numpy()[:HEADS]]
    for region in range(len(regions)):
        sequence = one_hot(torch.from_numpy(regions.read(region)[0]).to(device))
        layers = cast(SequenceModel, model.eval()).attend(sequence[None]).attention
        weights = torch.cat([layer[0].float() for layer in layers])
        number = torch.arange(weights.shape[2], device=device)
        near = (number[:, None] - number).abs() < NEAREST
        for head, one in zip(names, [weights.mean(dim=0), *weights[:HEADS]], strict=True):
            predicted = one.masked_fill(near, 0)[crop : crop + regions.bins]
            share, place = predicted.flatten().topk(min(ARCS, predicted.numel()))
            table = pd.DataFrame(
                {
                    "region": region,
                    "head": head,
                    "target": (place // len(number)).cpu().numpy(),
                    "source": (place % len(number) - crop).cpu().numpy(),
                    "share": share.cpu().numpy(),
                }
            )
            tables.append(table[table["share"] > 0])
    return pd.concat(tables, ignore_index=True)


def genes_of(path: Path, chroms: Sequence[str]) -> pd.DataFrame:
    """Read genes on some chromosomes, as ``Browser`` has them; errors are those of ``read_genes``.

    Raises:
        DataError: besides, none is on these chromosomes.
    """
    genes = _renamed(read_genes(path, gene_type="all").genes, chroms, path, "chrom").reset_index()
    name = genes["gene_name"].where(genes["gene_name"] != "", genes["gene"])
    return genes.assign(name=name)[["chrom", "tss", "strand", "name"]]


def links_of(path: Path, chroms: Sequence[str]) -> pd.DataFrame:
    """Read links within these chromosomes; errors are those of ``read_bedpe``.

    Raises:
        DataError: besides, none is on these chromosomes.
    """
    links = read_bedpe(path)
    if links.empty:
        return links
    within = links[links["chrom1"] == links["chrom2"]]
    if within.empty:
        raise DataError(f"{path}: all pairs are of two chromosomes; nothing can be drawn.")
    return _renamed(within, chroms, path, "chrom1").reset_index(drop=True)


def _renamed(table: pd.DataFrame, chroms: Sequence[str], path: Path, column: str) -> pd.DataFrame:
    """Take what is on these chromosomes, by their names."""
    names = chromosomes.reconcile(table[column].unique(), chroms, str(path))
    return table[table[column].isin(list(names))].replace({column: names})


@dataclass(frozen=True)
class Files:
    """What the files of ``Beside`` hold; None where one was not given."""

    genes: pd.DataFrame | None = None
    links: pd.DataFrame | None = None
    variants: VariantTable | None = None

    @classmethod
    def read(cls, beside: Beside, data: SequenceDataset) -> "Files":
        """Read them.

        Raises:
            DataError: one is missing or malformed, or has nothing of this dataset.
        """
        chroms, tracks = list(data.regions["chrom"].unique()), list(data.tracks.index)
        return cls(
            genes_of(beside.genes, chroms) if beside.genes else None,
            links_of(beside.links, chroms) if beside.links else None,
            VariantTable.opened(beside.variants, chroms, tracks) if beside.variants else None,
        )

    def tracks(self, scores: pd.DataFrame) -> pd.DataFrame:
        """Take the tracks whose coverage may be shown: those that the variants have effects on."""
        if self.variants is None:
            return scores
        return scores[scores["track"].isin(self.variants.tracks)]

    def browser(self, coverage: xr.Dataset, regions: SequenceDataset) -> Browser:
        """Put together what is shown of some regions, whose coverage this is."""
        found = regions.regions
        start = found["start"] + regions.crop
        end = found["end"] - regions.crop
        places = list(zip(found["chrom"], start.tolist(), end.tolist(), strict=True))
        tracks = coverage["track"].to_numpy().tolist()
        return Browser(
            coverage.assign_coords(split=("region", found["split"].to_numpy())),
            genes=self.genes,
            links=self.links,
            variants=None if self.variants is None else self.variants.within(places, tracks),
        )
