"""The importance of bases as letters, and the effects of others below, as matplotlib figures."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from attendome.reports.figures import NEUTRAL
from attendome.reports.paper import paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

ROW = 100
"""Bases in a row."""
_COLOURS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}
"""Of Okabe and Ito's palette, which colour-blind readers can tell apart."""


def logo(maps: xr.Dataset, track: str) -> "Figure":
    """Draw the sequence, each base as high as it is important, and the effects of other bases.

    Args:
        maps: what ``attendome.SequenceRun.explain`` gives.
        track: which of its tracks.
    """
    from matplotlib import pyplot

    one = maps.sel(track=track)
    rows = -(-one.sizes["position"] // ROW)
    heights = _heights(one)
    low, high = heights.to_numpy().min(), heights.to_numpy().max()
    largest = float(np.abs(one["effect"]).max()) or 1.0
    with paper_style():
        figure, panels = pyplot.subplots(
            2 * rows,
            figsize=(10, 2.2 * rows + 0.6),
            height_ratios=[2, 1] * rows,
            squeeze=False,
            layout="constrained",
        )
        pyplot.close(figure)  # it is given back, not shown
        for row in range(rows):
            letters, others = panels[2 * row : 2 * row + 2, 0]
            part = one.isel(position=slice(row * ROW, (row + 1) * ROW))
            _draw_letters(letters, heights.loc[part["position"].to_numpy()])
            letters.set_ylim(min(low * 1.1, 0), max(high * 1.1, 1e-12))
            image = _draw_effects(others, part, largest)
        panels[-1, 0].set_xlabel(f"{maps.attrs['chrom']} (bp, 0-based)")
        figure.colorbar(image, ax=panels[:, 0], label="effect of a base\n(log fold change)")
        figure.suptitle(_title(maps, track), x=0.01, ha="left", fontsize="medium")
    return figure


def _heights(one: xr.Dataset) -> pd.DataFrame:
    """Give the height of each letter: importance for the base that stands there; none of N."""
    codes = one["sequence"].to_numpy()
    own = codes[:, None] == np.arange(4)
    values = np.where(own, one["importance"].to_numpy()[:, None], 0.0)
    return pd.DataFrame(values, one["position"].to_numpy(), list("ACGT"))


def _draw_letters(axes: "Axes", heights: pd.DataFrame) -> None:
    import logomaker

    if heights.any(axis=None):  # it cannot draw a row without
        logomaker.Logo(heights, ax=axes, color_scheme=_COLOURS, flip_below=False)
    axes.axhline(0, color=NEUTRAL, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel("importance\n(log fold change)")
    _place(axes, int(heights.index[0]))
    axes.tick_params(labelbottom=False)


def _draw_effects(axes: "Axes", part: xr.Dataset, largest: float) -> "AxesImage":
    effect = part["effect"].to_numpy()
    first = int(part["position"][0])
    image = axes.imshow(
        effect.T,
        cmap="RdBu_r",
        vmin=-largest,
        vmax=largest,
        aspect="auto",
        interpolation="nearest",
        extent=(first - 0.5, first + len(effect) - 0.5, 3.5, -0.5),
    )
    axes.set_yticks(range(4), list("ACGT"), fontsize="small")
    _place(axes, first)
    return image


def _place(axes: "Axes", first: int) -> None:
    """Number whole tens of bases; the last row is as wide as the others."""
    axes.set_xlim(first - 0.5, first + ROW - 0.5)
    ticks = range(first + -first % 20, first + ROW, 20)
    axes.set_xticks(ticks, [f"{place:,}" for place in ticks])


def _title(maps: xr.Dataset, track: str) -> str:
    about = maps.attrs
    place = "{chrom}:{at_start:,}-{at_end:,}".format(**about)
    return f"{track}: {about['summary']} ({about['model']})\nof the coverage predicted at {place}"
