"""The figures of sequence models for a paper, as matplotlib figures: of tables and arrays.

Each takes what the plotly figure of the same name in ``figures`` takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from attendome.reports.figures import NEUTRAL, OFF, ON
from attendome.reports.paper import paper_style
from attendome.reports.sequence.figures import OFFSET, SCORES, colour, cumulated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = ("-", "--", ":", "-.")
_COLOURS = 8


@dataclass(frozen=True)
class Place:
    """Where bins lie.

    Attributes:
        chrom: the chromosome.
        start: the start of the first bin, in bp, 0-based.
        bin_size: length of a bin, in bp.
    """

    chrom: str
    start: int
    bin_size: int


def assay_bars(scores: pd.DataFrame, metric: str) -> "Figure":
    """Draw the mean score over the tracks of each assay with its interval, bars per model."""
    models, assays = scores["model"].unique(), list(scores["assay"].unique())
    width = 0.8 / len(models)
    with paper_style():
        figure, axes = _figure(1.6 + 0.35 * len(models) * len(assays), 3.0)
        for number, (model, table) in enumerate(scores.groupby("model", sort=False)):
            places = np.array([assays.index(assay) for assay in table["assay"]], float)
            places += (number - (len(models) - 1) / 2) * width
            axes.bar(places, table["value"], width, color=colour(number), label=str(model))
            # By its middle: the mean can lie outside the interval, if only by what rounding leaves.
            axes.errorbar(
                places,
                (table["low"] + table["high"]) / 2,
                yerr=(table["high"] - table["low"]) / 2,
                fmt="none",
                ecolor="black",
                capsize=2,
            )
        axes.axhline(0, color="black", lw=0.8)
        axes.set_xticks(range(len(assays)), assays, parse_math=False)
        axes.set_ylabel(f"mean {SCORES[metric]} over tracks\n(95% interval over regions)")
        if len(models) > 1:
            _legend(figure, axes)
    return figure


def position_functions(f: xr.DataArray) -> "Figure":
    """Draw f of each head against the offset, with its maximum marked: figure 8 of the paper."""
    offset = f["offset"].to_numpy() / 1000
    with paper_style():
        figure, axes = _figure(5.2, 3.2)
        for number, (head, values) in enumerate(zip(_heads(f), f.to_numpy(), strict=True)):
            best = int(values.argmax())
            axes.plot(offset, values, label=head, **_look(number))
            axes.plot(offset[best], values[best], "D", color=colour(number), ms=5)
        axes.set_xlabel(_kb(OFFSET))
        axes.set_ylabel(f"f, which {f.attrs['role']} the score\n(◆ its maximum)")
        axes.set_ylim(bottom=min(0, float(f.min())))
        _legend(figure, axes)
    return figure


def attention_within(attention: xr.Dataset) -> "Figure":
    """Draw the share of the attention that lies within a distance, per head."""
    within = cumulated(attention)
    distance = within["distance"].to_numpy() / 1000
    with paper_style():
        figure, axes = _figure(5.2, 3.2)
        for number, (head, values) in enumerate(
            zip(_heads(within), within["mass"].to_numpy(), strict=True)
        ):
            axes.plot(distance, values, label=head, **_look(number))
        axes.plot(
            distance, within["even"].to_numpy(), color=NEUTRAL, ls=":", label="even attention"
        )
        axes.set(xlabel="distance on either side (kb)", ylabel="share of the attention within")
        axes.set_ylim(0, 1.02)
        _legend(figure, axes)
    return figure


def coverage(rows: Mapping[str, Float[np.ndarray, " bin"]], place: Place, unit: str) -> "Figure":
    """Draw a track along the genome, a panel per row, on one scale: figure 9 of the paper.

    Args:
        rows: the observed coverage first, then what each model predicts, by the title of its panel.
        place: where the bins lie.
        unit: that of the coverage.
    """
    from matplotlib.figure import Figure

    with paper_style():
        figure = Figure(figsize=(7, 0.9 + 0.8 * len(rows)), layout="constrained")
        panels = figure.subplots(len(rows), sharex=True, sharey=True, squeeze=False)[:, 0]
        for number, (axes, (title, values)) in enumerate(zip(panels, rows.items(), strict=True)):
            edges = (place.start + place.bin_size * np.arange(len(values) + 1)) / 1000
            axes.stairs(values, edges, fill=True, color=ON if number else OFF)
            axes.set_title(title, loc="left", fontsize="medium", parse_math=False, pad=2)
            axes.margins(x=0)
            axes.spines[["top", "right"]].set_visible(False)
        panels[-1].set_xlabel(f"position on {place.chrom} (kb)", parse_math=False)
        panels[-1].xaxis.set_major_formatter("{x:,.10g}")
        figure.supylabel(unit, fontsize="medium", parse_math=False)
    return figure


def reach(table: pd.DataFrame, by: str = "assay") -> "Figure":
    """Draw accuracy against reach, a line per assay, or per model."""
    distances = sorted(table["distance"].unique())
    with paper_style():
        figure, axes = _figure(5.2, 3.2)
        for number, (name, rows) in enumerate(
            table.sort_values("distance").groupby(by, sort=False)
        ):
            places = [distances.index(distance) for distance in rows["distance"]]
            axes.plot(places, rows["pearson"], marker="o", ms=4, label=str(name), **_look(number))
            axes.fill_between(places, rows["low"], rows["high"], color=colour(number), alpha=0.15)
        axes.set_xticks(range(len(distances)), [f"{distance:,}" for distance in distances])
        axes.tick_params(axis="x", rotation=45)
        axes.set_xlabel("sequence read on either side (bp)")
        axes.set_ylabel("mean Pearson's r over tracks")
        _legend(figure, axes)
    return figure


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _look(number: int) -> dict[str, Any]:
    return {"color": colour(number), "ls": _STYLES[number // _COLOURS % len(_STYLES)]}


def _legend(figure: "Figure", axes: "Axes") -> None:
    # A name may hold what matplotlib would read as a formula.
    legend = figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    for text in legend.get_texts():
        text.set_parse_math(False)


def _heads(values: xr.DataArray | xr.Dataset) -> list[str]:
    return [str(head) for head in values["head"].to_numpy()]


def _kb(title: str) -> str:
    return title.replace("(bp;", "(kb;")
