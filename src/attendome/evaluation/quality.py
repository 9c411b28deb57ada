"""The quality of a chromatin dataset: numbers, profiles, and warnings in plain language.

The limits were chosen on K562 (E123, read counts, 600 genes) and on E065 and E116 (arcsinh of
−log10 p, 371 genes each), as they are and with the signal of each gene shifted around its window by
a random distance, as if genes and signal did not belong together:

- H3K4me3 at the TSS over the edges of the window, genes that are on: 3.3 to 10 in the real data
  (2.4 at least among 50 genes), 1.3 at most when shifted. The limit is 2.
- highest tenth of the window over its lowest, other marks, genes that are on: 1.7 to 2.9 in the
  real data, 1.36 at most when shifted (among all genes at least 1.36, and at most 1.26 when
  shifted). The limit is 1.3. H3K9me2, H3K9me3 and H3K27me3 are not judged: they can be as flat
  as that (1.16 to 1.56) where nothing is wrong.
- the higher of the two t values of ``_mirrored``: 5.5 to 8 in the real data, the same below 0 when
  the minus strand is mirrored; with each gene turned around at random, −2.7 at least in 1,200
  draws. The limit is −3.
"""

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from attendome.data import ChromatinDataset
from attendome.evaluation.quality_measures import (
    MarkQuality,
    correlate,
    known_mean,
    mean_profiles,
    measure_marks,
    signal_sources,
)

FEWEST_READS = 1_000_000
HIGHEST_CORRELATION = 0.99
_PEAK, _PEAK_REACH, _PEAK_GENES = 2.0, 1000, 50
_SHAPE, _SHAPE_GENES = 1.3, 150
_MIRRORED, _MIRRORED_GENES = -3.0, 50
_NARROWEST_WINDOW = 6000  # in bp; in less, a promoter fills the window
_BROAD = ("h3k9me2", "h3k9me3", "h3k27me3")


@dataclass(frozen=True)
class Quality:
    """What is to be known of a dataset before a model is trained on it.

    Attributes:
        marks: numbers of each mark, by name.
        profiles: mean signal ``[group, mark, bin]``, as ``mean_profiles`` gives it.
        correlation: Pearson's r ``[mark, other]``, as ``correlate`` gives it.
        warnings: what was seen, its likely cause and what to do, a text each.
    """

    marks: dict[str, MarkQuality]
    profiles: xr.DataArray
    correlation: xr.DataArray
    warnings: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Give the warnings, marks and correlations as plain values."""
        names = list(self.marks)
        rows = [[None if np.isnan(r) else r for r in row] for row in self.correlation.values]
        return {
            "warnings": self.warnings,
            "marks": {name: asdict(mark) for name, mark in self.marks.items()},
            "correlation": {
                n: dict(zip(names, r, strict=True)) for n, r in zip(names, rows, strict=True)
            },
        }


def assess(data: ChromatinDataset) -> Quality:
    """Assess the quality of a dataset, with what is known of how it was made."""
    marks, profiles, correlated = measure_marks(data), mean_profiles(data), correlate(data)
    same_file = _same_file(data)
    warnings = [
        *_genes_left_out(data),
        *same_file.values(),
        *(text for name, mark in marks.items() for text in _reads(name, mark)),
        *_shapes(data, profiles),
        *_correlated(correlated, set(same_file)),
        *_mirrored(data),
    ]
    return Quality(marks, profiles, correlated, warnings)


def _genes_left_out(data: ChromatinDataset) -> list[str]:
    left_out: dict[str, int] = data.xarray.attrs.get("build", {}).get("genes_left_out", {})
    count = sum(left_out.values())
    total = count + len(data.genes)
    if count <= total / 2:
        return []
    reason = max(left_out, key=left_out.__getitem__)
    return [
        f"{count:,} of {total:,} genes were left out, {left_out[reason]:,} of them for: {reason}. "
        "Where that is not as it should be, the annotation, the signal and the expression table "
        "may name genes or chromosomes differently, or be of different assemblies; compare them."
    ]


def _same_file(data: ChromatinDataset) -> dict[frozenset[str], str]:
    """Find files with the same content that are given for two marks; a text per pair of marks."""
    found = {}
    for one, other in combinations(signal_sources(data), 2):
        names = [source.get("mark", "the control") for source in (one, other)]
        if one["sha256"] == other["sha256"] and names[0] != names[1]:
            found[frozenset(names)] = (
                f"{names[0]} and {names[1]} were made from files with the same content, "
                f"{one['file']} and {other['file']}. One was likely given by mistake; give each "
                "its own file and build again."
            )
    return found


def _reads(name: str, mark: MarkQuality) -> list[str]:
    if not mark.max:
        seen = "no data" if mark.max is None else "no signal"
        return [
            f"{name}: there is {seen} in any window. The likely cause is that the file names its "
            "chromosomes differently from the annotation, or holds only a part of the genome; "
            "check the file, or leave the mark out."
        ]
    if mark.used is None or mark.used >= FEWEST_READS:
        return []
    causes = "shallow sequencing, or a file of only a part of the genome"
    if mark.left_out and mark.used < sum(mark.left_out.values()):
        reason = max(mark.left_out, key=mark.left_out.__getitem__)
        causes = f"that most reads were left out, {mark.left_out[reason]:,} of them for: {reason}"
    return [
        f"{name}: {mark.used:,} reads were used, below {FEWEST_READS:,}, so that the signal of a "
        f"gene is mostly noise. The likely cause is {causes}; check the file, or add the reads of "
        "a replicate."
    ]


def _shapes(data: ChromatinDataset, profiles: xr.DataArray) -> list[str]:
    """Compare the mean profiles of expressed genes with what is known of such marks."""
    group, genes = str(profiles["group"][0].item()), int(profiles["genes"][0])
    if (
        group == "off"
        or data.bin_size > _PEAK_REACH
        or data.bins * data.bin_size < _NARROWEST_WINDOW
    ):
        return []
    among = "all genes" if group == "all" else "genes that are on"
    position = profiles["bin_start"].to_numpy() + data.bin_size / 2
    warnings = []
    for name in data.marks:
        profile = profiles.sel(group=group, mark=name).to_numpy()
        if not np.nansum(profile):
            continue
        if "h3k4me3" in name.lower():
            if genes >= _PEAK_GENES:
                warnings += _no_peak(name, profile, position, among)
        elif genes >= _SHAPE_GENES and not any(broad in name.lower() for broad in _BROAD):
            warnings += _flat(name, profile, among)
    return warnings


def _no_peak(
    name: str,
    profile: Float[np.ndarray, " bin"],
    position: Float[np.ndarray, " bin"],
    among: str,
) -> list[str]:
    reach = np.abs(position)
    centre = known_mean(profile[reach < _PEAK_REACH], axis=0)
    edges = known_mean(profile[reach > reach.max() - _PEAK_REACH], axis=0)
    if not centre < _PEAK * edges:
        return []
    return [
        f"{name}: there is no peak at the TSS: over {among}, the mean signal within 1 kb of the "
        f"TSS is {centre / edges:.1f} times that at the edges of the window, at least {_PEAK:.0f} "
        "are expected. The likely cause is that genes and signal are of different assemblies, or "
        "that the file is of another mark or of a control; check both and build again."
    ]


def _flat(name: str, profile: Float[np.ndarray, " bin"], among: str) -> list[str]:
    tenths = np.array([known_mean(part, axis=0) for part in np.array_split(profile, 10)])
    low, high = np.nanmin(tenths), np.nanmax(tenths)
    if not high < _SHAPE * low:
        return []
    return [
        f"{name}: the signal is flat around the TSS: over {among}, the highest tenth of the window "
        f"has {high / low:.2f} times the mean signal of the lowest. The likely cause is that genes "
        "and signal are of different assemblies, or that the file is of a control or of a failed "
        "experiment; check both, or leave the mark out."
    ]


def _correlated(table: xr.DataArray, explained: set[frozenset[str]]) -> list[str]:
    warnings = []
    for one, other in combinations(table["mark"].to_numpy().tolist(), 2):
        r = float(table.sel(mark=one, other=other))
        if r > HIGHEST_CORRELATION and frozenset((one, other)) not in explained:
            warnings.append(
                f"{one} and {other} are nearly the same: their signals correlate with r = {r:.4f}. "
                "The likely cause is that the same file was given twice; give each mark its own "
                "file and build again."
            )
    return warnings


def _mirrored(data: ChromatinDataset) -> list[str]:
    """Tell whether genes of the minus strand are the mirror image of those of the plus strand.

    Of each gene, what differs between the two halves of its 5'→3' profile is projected on the mean
    of that over the other strand's genes; t is the mean of these projections over its standard
    error, for each of the strands. It is below 0 where the mirror image is more alike.
    """
    strand = data.genes["strand"].to_numpy()
    plus, minus = (strand == sign for sign in "+-")
    if min(plus.sum(), minus.sum()) < _MIRRORED_GENES:
        return []
    log = np.log1p(data.signal.to_numpy())
    scale = np.sqrt(known_mean(known_mean((log - log[..., ::-1]) ** 2, axis=0), axis=-1))
    odd = np.nan_to_num(log - log[..., ::-1]) / np.where(scale > 0, scale, 1)[:, None]
    if not data.oriented:
        odd[minus] *= -1
    if max(_t(odd[minus], odd[plus]), _t(odd[plus], odd[minus])) >= _MIRRORED:
        return []
    order = "5'→3'" if data.oriented else "in genome order"
    return [
        "On the minus strand, the mean profile is the mirror image of that on the plus strand. The "
        f"likely cause is that the bins are not {order}, as the dataset says they are, or that the "
        "annotation has the wrong strands; check both and build again."
    ]


def _t(ours: Float[np.ndarray, "gene mark bin"], other: Float[np.ndarray, "_ mark bin"]) -> float:
    projections = np.tensordot(ours, other.mean(axis=0), axes=2)
    error = projections.std() / np.sqrt(len(projections))
    return float(projections.mean() / error) if error else 0.0
