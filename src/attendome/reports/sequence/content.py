"""What the report of a sequence run shows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float, Int

from attendome.reports.sequence.browser import Browser

_EDGES = 41


@dataclass(frozen=True)
class SequenceReportContent:
    """Everything that the report of a sequence run shows.

    Attributes:
        title: the heading.
        facts: what was trained on what, by label.
        warnings: what the reader must know before trusting the score.
        metrics: the content of metrics.json.
        tracks: a row per track: ``track``, ``assay``, ``description``, ``pearson``, ``r2``; NaN
            where a track was left out of the means.
        history: a row per epoch; None where the model was not trained here.
        best_epoch: the epoch whose weights were kept; None likewise.
        coverage: observed and predicted coverage of some tracks in some of the regions scored:
            ``observed[region, track, bin]`` and ``predicted``, with ``chrom`` and ``bin_start`` of
            each region's first bin (bp, 0-based), ``track``, ``assay``, ``unit``, and the attribute
            ``bin_size``; None where there is none.
        browser: what is shown along the genome; None where there is no coverage.
        margin: bins on each side of a region that are not scored.
        positions: position functions, ``f[head, offset]``, with the names of the heads and the
            offset in bp; the attribute ``role`` says what f does to the score: ``multiplies`` or
            ``is added to``. None where the model has none.
        attention: mean share of the attention that lies at an offset, ``mass[head, offset]``,
            likewise, and ``even[offset]``, that of even attention; the attribute ``regions`` counts
            those it is of. None where there is none.
        reach: a row per distance and assay: ``distance`` (bp), ``assay``, ``pearson``, ``low``,
            ``high``; None where it was not computed.
        reach_command: the command that computes it.
        notes: what could not be shown, and why.
    """

    title: str
    facts: dict[str, str]
    warnings: list[str]
    metrics: dict[str, Any]
    tracks: pd.DataFrame
    history: pd.DataFrame | None = None
    best_epoch: int | None = None
    coverage: xr.Dataset | None = None
    browser: Browser | None = None
    margin: int = 0
    positions: xr.DataArray | None = None
    attention: xr.Dataset | None = None
    reach: pd.DataFrame | None = None
    reach_command: str = ""
    notes: list[str] = field(default_factory=list)


def chosen_tracks(tracks: pd.DataFrame, limit: int) -> list[str]:
    """Choose the tracks to show: of each assay those of highest, middle and lowest r.

    Args:
        tracks: as in ``SequenceReportContent``.
        limit: how many at most; the assays of most tracks go first.
    """
    known = tracks.dropna(subset="pearson")
    order = known["assay"].value_counts().index
    chosen = list[str]()
    for assay in order:
        ranked = known[known["assay"] == assay].sort_values("pearson", ascending=False)["track"]
        places = sorted({0, len(ranked) // 2, len(ranked) - 1})
        chosen += [str(ranked.iloc[place]) for place in places]
    return chosen[:limit]


def most_variable(coverage: xr.Dataset, limit: int) -> Int[np.ndarray, " region"]:
    """Number the regions in which observed coverage varies most, in their order on the genome.

    Every track counts alike: variance is relative to that of the track over all regions.
    """
    observed = coverage["observed"]
    whole = observed.var(("region", "bin"))
    relative = (observed.var("bin") / whole.where(whole > 0)).mean("track").fillna(0)
    order = np.argsort(-relative.to_numpy(), kind="stable")
    chosen: Int[np.ndarray, " region"] = np.sort(order[:limit])
    return chosen


def density(
    observed: Float[np.ndarray, "..."], predicted: Float[np.ndarray, "..."]
) -> tuple[Int[np.ndarray, "predicted observed"], Float[np.ndarray, " edge"]]:
    """Count bins by observed and predicted coverage, in cells that are even in log(1 + coverage).

    Bins of NaN are left out, and what lies below 0 counts as 0.

    Returns:
        The counts, and the edges of the cells, the same for both.
    """
    known = np.isfinite(observed) & np.isfinite(predicted)
    p, o = (np.log1p(np.maximum(values[known], 0)) for values in (predicted, observed))
    edges = np.linspace(0, max(p.max(initial=0), o.max(initial=0)) or 1, _EDGES)
    counts, _, _ = np.histogram2d(p, o, bins=[edges, edges])
    return counts.astype(np.int64), np.expm1(edges)
