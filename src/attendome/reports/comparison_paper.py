"""The figures of a comparison for a paper: PDF, SVG and PNG, by matplotlib."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from attendome.evaluation.comparison import Comparison
from attendome.evaluation.paired_tests import Ranks
from attendome.reports.comparison_figures import BASELINE, CHANCE, OTHERS
from attendome.reports.comparison_tables import SCORES, marked_names
from attendome.reports.paper import paper_style, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_bars(comparison: Comparison, folder: Path) -> None:
    """Write bars.pdf, .svg and .png: a bar per model with its interval and its cell types."""
    from matplotlib.figure import Figure

    with paper_style():
        table = comparison.summary.dropna(subset="mean")
        figure = Figure(figsize=(7, 0.9 + 0.27 * len(table)), layout="constrained")
        axes = figure.add_subplot()
        _draw_bars(axes, comparison, table)
        axes.set_yticks(range(len(table)), marked_names(comparison)[table.index], parse_math=False)
        axes.invert_yaxis()
        axes.margins(y=0.01)
        axes.spines[["top", "right"]].set_visible(False)
        fewer = (table["cell_types"] < len(comparison.values())).any()
        axes.set_xlabel(
            f"mean {SCORES[comparison.metric]} over cell types, with its 95% interval\n"
            f"dots: cell types{'; †: over fewer cell types' if fewer else ''}"
        )
        save_figure(figure, folder, "bars")


def _draw_bars(axes: "Axes", comparison: Comparison, table: pd.DataFrame) -> None:
    places = range(len(table))
    chance = CHANCE[comparison.metric]
    colours = [BASELINE if model == comparison.baseline else OTHERS for model in table["model"]]
    axes.barh(places, table["mean"] - chance, left=chance, color=colours)
    # By its middle: the mean can lie outside the interval, if only by what rounding leaves.
    axes.errorbar(
        (table["low"] + table["high"]) / 2,
        places,
        xerr=(table["high"] - table["low"]) / 2,
        fmt="none",
        ecolor="black",
        capsize=3,
    )
    points = comparison.by_cell_type
    rows = points["model"].map(dict(zip(table["model"], places, strict=True)))
    axes.scatter(points["value"], rows, s=8, color="black", alpha=0.4, linewidth=0)


def write_critical_difference(ranks: Ranks, metric: str, baseline: str, folder: Path) -> None:
    """Write critical-difference.pdf, .svg and .png: mean ranks, joined where Nemenyi's p ≥ .05."""
    from matplotlib.figure import Figure
    from scikit_posthocs import critical_difference_diagram

    with paper_style():
        figure = Figure(figsize=(6, 1.2 + 0.24 * len(ranks.mean)))
        axes = figure.add_subplot()
        critical_difference_diagram(
            ranks.mean,
            ranks.p_nemenyi,
            ax=axes,
            label_fmt_left="{label} ({rank:.2f})",
            label_fmt_right="({rank:.2f}) {label}",
            label_props={"parse_math": False},
            color_palette={m: BASELINE if m == baseline else "#333333" for m in ranks.mean.index},
            text_h_margin=0.02 * len(ranks.mean),
        )
        axes.set_xlabel(
            f"mean rank by {SCORES[metric]} over {ranks.cell_types} cell types, 1 = best"
        )
        axes.xaxis.set_label_position("top")
        save_figure(figure, folder, "critical-difference")
