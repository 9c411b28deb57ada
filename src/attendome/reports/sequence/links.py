"""The figures of links between bins for a paper, as matplotlib figures."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from attendome.interpretation.sequence.link_tables import Profile
from attendome.reports.figures import NEUTRAL, OFF
from attendome.reports.paper import paper_style
from attendome.reports.sequence.paper import Place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED = 30
"""Targets up to which each is named."""
_SHOWN = 99.5
"""Percentile of the sizes at which the colours end: a bin's link with itself can dwarf all."""


def link_map(
    links: Float[np.ndarray, "target position"], targets: pd.DataFrame, place: Place, unit: str
) -> "Figure":
    """Draw the links of the targets of a region as a heat map.

    Args:
        links: the links; colours are on both sides of 0 where some are below it.
        targets: a row per target: ``start`` and ``end`` (0-based, half-open) and ``name``.
        place: where the bins of the input lie.
        unit: what a link is.
    """
    from matplotlib.figure import Figure

    order = np.argsort(targets["start"].to_numpy(), kind="stable")
    signed = bool((links < 0).any())
    end = float(np.percentile(np.abs(links), _SHOWN)) or 1.0
    edges = (place.start + place.bin_size * np.arange(links.shape[1] + 1)) / 1000
    with paper_style():
        height = 1.6 + 0.2 * len(order) if len(order) <= _NAMED else 5.0
        figure = Figure(figsize=(7, height), layout="constrained")
        axes = figure.add_subplot()
        colours: dict[str, Any] = (
            {"cmap": "RdBu_r", "vmin": -end} if signed else {"cmap": "viridis", "vmin": 0}
        )
        mesh = axes.pcolormesh(
            edges, np.arange(len(order) + 1), links[order], vmax=end, rasterized=True, **colours
        )
        _name_targets(axes, targets.iloc[order], edges)
        axes.invert_yaxis()
        axes.set_xlabel(f"position on {place.chrom} (kb)", parse_math=False)
        axes.xaxis.set_major_formatter("{x:,.1f}")
        figure.colorbar(mesh, ax=axes, label=unit, extend="both" if signed else "max")
    return figure


def tss_profile(profile: Profile, bin_size: int, unit: str) -> "Figure":
    """Draw the mean links around TSSs along their strand, with the number of TSSs below.

    Args:
        profile: the means.
        bin_size: length of a bin, in bp.
        unit: what a link is.
    """
    from matplotlib.figure import Figure

    offset = bin_size * (np.arange(len(profile.count)) + 1 - profile.positions) / 1000
    with paper_style():
        figure = Figure(figsize=(5.2, 3.6), layout="constrained")
        mean, count = figure.subplots(2, sharex=True, height_ratios=[3, 1])
        mean.plot(offset, profile.mean, color=OFF, lw=1)
        mean.axvline(0, color=NEUTRAL, lw=0.8, ls=":")
        mean.set_ylabel(f"mean link ({unit})")
        count.fill_between(offset, profile.count, color=NEUTRAL, lw=0)
        count.set(xlabel="position from the TSS (kb), 5'→3'", ylabel="TSSs", ylim=(0, None))
        for axes in (mean, count):
            axes.spines[["top", "right"]].set_visible(False)
    return figure


def _name_targets(axes: "Axes", targets: pd.DataFrame, edges: Float[np.ndarray, " edge"]) -> None:
    """Name targets where they are few, and mark each one's own bin."""
    middle = (targets["start"] + targets["end"]).to_numpy() / 2000
    if len(targets) > _NAMED:
        axes.set_ylabel(f"targets ({len(targets):,}, in order)")
        axes.set_yticks([])
        return
    rows = np.arange(len(targets)) + 0.5
    axes.set_yticks(rows, targets["name"], parse_math=False)
    axes.plot(middle, rows, ls="", marker="|", color="black", ms=7)
    axes.set_xlim(edges[0], edges[-1])
