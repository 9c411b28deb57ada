"""Score variants with a sequence model, many at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn

from attendome.genome.fasta import Genome
from attendome.genome.vcf import Variant
from attendome.models.descriptions import SequenceDescription
from attendome.variants.alleles import Bins, Change, Windows, change_of, sequences
from attendome.variants.effects import Effects, EffectSettings, Genes, effects
from attendome.variants.predicting import predict_alleles
from attendome.variants.stretches import GenomeWindows, read_windows


@dataclass(frozen=True)
class ScoredVariants:
    """The effects of some variants, as ``effects`` defines them.

    Attributes:
        variants: the variants.
        tracks: names of the tracks.
        site_sum: of the coverage at the site.
        site_max: of the largest bin of the site.
        window_sum: of the coverage of the whole window.
        genes: of each variant, the gene ID and the TSS (0-based) of those that are looked at.
        tss: of the coverage at the TSS of each of these genes, those of the first variant first.
    """

    variants: tuple[Variant, ...]
    tracks: tuple[str, ...]
    site_sum: Float[np.ndarray, "variant track"]
    site_max: Float[np.ndarray, "variant track"]
    window_sum: Float[np.ndarray, "variant track"]
    genes: tuple[tuple[tuple[str, int], ...], ...]
    tss: Float[np.ndarray, "gene track"]

    def table(self) -> pl.DataFrame:
        """Give a row per variant, gene that is looked at, and track, in this order.

        Columns are ``variant`` (its name), ``chrom``, ``position`` (0-based), ``ref``, ``alt``,
        ``id``, ``record`` (from 0), ``allele`` (from 1), ``flipped``, ``track``, ``site_sum``,
        ``site_max``, ``window_sum``, ``gene``, ``tss_distance`` (of the TSS from ``position``, in
        bp, above 0 towards higher coordinates) and ``tss``, the effect there. The last three are
        null where no gene is looked at, in one row of the variant and track.
        """
        lines: list[tuple[int, int, str | None, int | None]] = []  # variant, row of tss, gene, bp
        row = 0
        for number, (variant, genes) in enumerate(zip(self.variants, self.genes, strict=True)):
            if not genes:
                lines.append((number, -1, None, None))
            for gene, tss in genes:
                lines.append((number, row, gene, tss - variant.position))
                row += 1
        tracks = len(self.tracks)
        owner, at_tss = (np.array([line[i] for line in lines], dtype=np.int64) for i in (0, 1))
        known = np.concatenate([self.tss, np.full((1, tracks), np.nan, np.float32)])[at_tss]
        each = pl.DataFrame(
            [(v.name, v.chrom, v.position, v.ref, v.alt, v.id, v.record, v.allele, v.flipped)
             for v in self.variants],
            schema=_ABOUT,
            orient="row",
        )  # fmt: skip
        repeated = np.repeat(owner, tracks)
        return each[repeated].with_columns(
            track=pl.Series(list(self.tracks) * len(lines), dtype=pl.String),
            site_sum=self.site_sum[owner].ravel(),
            site_max=self.site_max[owner].ravel(),
            window_sum=self.window_sum[owner].ravel(),
            gene=pl.Series([line[2] for line in lines for _ in self.tracks], dtype=pl.String),
            tss_distance=pl.Series(
                [line[3] for line in lines for _ in self.tracks], dtype=pl.Int64
            ),
            tss=pl.Series(known.ravel()).fill_nan(None),
        )


VARIANT_COLUMNS = {
    "chrom": pl.String,
    "position": pl.Int64,
    "ref": pl.String,
    "alt": pl.String,
    "id": pl.String,
    "record": pl.Int64,
    "allele": pl.Int64,
    "flipped": pl.Boolean,
}
"""Columns of a table of variants, as ``Variant`` has them."""
_ABOUT = {"variant": pl.String, **VARIANT_COLUMNS}


class _Batch(NamedTuple):
    """Variants that are predicted together.

    Attributes:
        variants: the variants.
        changes: what each changes.
        bins: what is predicted for each.
        genome: windows of the genome.
        owner: number of the genome's window of each.
        alleles: of each variant, its windows.
    """

    variants: list[Variant]
    changes: list[Change]
    bins: list[Bins]
    genome: GenomeWindows
    owner: list[int]
    alleles: list[tuple[UInt8[np.ndarray, " position"], ...]]


@dataclass(frozen=True)
class Scorer:
    """A model, and what is asked of it.

    A variant's scores do not depend on the variants that are scored with it, but for the last
    digits of float32.

    Attributes:
        model: the model; it is computed where it is, and is in evaluation mode afterwards.
        description: what it reads and which tracks it predicts.
        genome: the genome of the variants.
        settings: how effects are computed.
        genes: the genes at whose TSS effects are computed.
        tracks: numbers of the tracks that are scored; by default all.
        batch_size: variants at once. Those of a batch that lie close together share the genome's
            window.
    """

    model: nn.Module
    description: SequenceDescription
    genome: Genome
    settings: EffectSettings = field(default_factory=EffectSettings)
    genes: Genes | None = None
    tracks: Sequence[int] | None = None
    batch_size: int = 32

    @property
    def windows(self) -> Windows:
        """Where the model reads the genome; its ``longest`` is for ``open_vcf``."""
        return Windows(self.description.shape, self.settings.step)

    def score(self, variants: Iterable[Variant]) -> Iterator[ScoredVariants]:
        """Score variants, ``batch_size`` at a time, in their order.

        Args:
            variants: as ``open_vcf`` gives them; quickest where they are sorted.

        Raises:
            ValueError: an allele is longer than a window holds.
        """
        self.model.eval()
        remaining = iter(variants)
        while batch := list(islice(remaining, self.batch_size)):
            yield self._scored(self._read(batch))

    def _read(self, variants: list[Variant]) -> _Batch:
        windows = self.windows
        changes = [change_of(variant) for variant in variants]
        for variant, change in zip(variants, changes, strict=True):
            longest = max(change.end - change.start, len(change.alt))
            if longest > windows.longest:
                raise ValueError(
                    f"{variant.name[:80]}: expected alleles of up to {windows.longest:,} bp, found "
                    f"{longest:,} bp"
                )
        starts = [windows.start(change) for change in changes]
        keys = [(v.chrom, start) for v, start in zip(variants, starts, strict=True)]
        places = sorted(set(keys))
        genome = read_windows(self.genome, places, self.description.length)
        codes = dict(zip(places, genome.windows().numpy(), strict=True))
        alleles = [
            sequences(self.genome, v.chrom, change, codes[key], key[1])
            for v, change, key in zip(variants, changes, keys, strict=True)
        ]
        bins = [windows.bins(start) for start in starts]
        return _Batch(variants, changes, bins, genome, [places.index(key) for key in keys], alleles)

    def _scored(self, batch: _Batch) -> ScoredVariants:
        counts = [len(rows) for rows in batch.alleles]
        ref, alt = predict_alleles(
            self.model,
            batch.genome,
            torch.from_numpy(np.stack([row for rows in batch.alleles for row in rows])),
            [own for own, count in zip(batch.owner, counts, strict=True) for _ in range(count)],
            self._strand_pair(),
            self.settings.averaging,
            self.batch_size,
        )
        if self.tracks is not None:
            ref, alt = ref[..., list(self.tracks)], alt[..., list(self.tracks)]
        genes = [self._near(batch, number) for number in range(len(batch.variants))]
        found = [
            effects(
                ref[batch.owner[number]],
                tuple(rows),
                batch.changes[number],
                batch.bins[number],
                [tss for _, tss in genes[number]],
                self.settings,
            )
            for number, rows in enumerate(torch.split(alt, counts))
        ]
        return self._gathered(batch.variants, genes, found)

    def _gathered(
        self,
        variants: list[Variant],
        genes: list[tuple[tuple[str, int], ...]],
        found: list[Effects],
    ) -> ScoredVariants:
        names = self.description.tracks
        site_sum, site_max, window_sum = (
            torch.stack([effect[score] for effect in found]).cpu().numpy() for score in range(3)
        )
        return ScoredVariants(
            variants=tuple(variants),
            tracks=names if self.tracks is None else tuple(names[track] for track in self.tracks),
            site_sum=site_sum,
            site_max=site_max,
            window_sum=window_sum,
            genes=tuple(genes),
            tss=torch.cat([effect.tss for effect in found]).cpu().numpy(),
        )

    def _near(self, batch: _Batch, number: int) -> tuple[tuple[str, int], ...]:
        if self.genes is None:
            return ()
        variant, bins = batch.variants[number], batch.bins[number]
        near = variant.position if self.settings.genes == "nearest" else None
        return tuple(self.genes.within(variant.chrom, bins.start, bins.end, near))

    def _strand_pair(self) -> Int64[Tensor, "track"]:
        return torch.tensor(self.description.strand_pairs)
