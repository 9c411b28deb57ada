"""The figure of a validation for a paper: PDF, SVG and PNG, by matplotlib."""

from pathlib import Path
from typing import TYPE_CHECKING

from attendome.interpretation.faithfulness import RANDOM
from attendome.interpretation.held_out import DISTANCE, PERMUTED, SIGNAL, UNTRAINED
from attendome.reports.figures import NEUTRAL
from attendome.reports.paper import paper_style, save_figure
from attendome.reports.validation_figures import CURVES, METHOD, NULL_COLOURS, line_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from attendome.reports.validation import Validation

_MARKERS = {"": "o", SIGNAL: "s", DISTANCE: "D", PERMUTED: "X", UNTRAINED: "^"}


def write_figure(found: "Validation", folder: Path) -> None:
    """Write validation.pdf, .svg and .png: correlation with the held-out mark, and the curves."""
    from matplotlib.figure import Figure

    with paper_style():
        methods = len(found.verdicts)
        figure = Figure(figsize=(7.2, 3.6 + 0.35 * methods), layout="constrained")
        panels = figure.subplot_mosaic(
            [["held-out", "held-out"], list(CURVES)], height_ratios=[0.8 + 0.35 * methods, 2.8]
        )
        _draw_held_out(panels["held-out"], found)
        for check in CURVES:
            _draw_curves(panels[check], found, check)
        top, curves = (
            panels[name].get_legend_handles_labels() for name in ("held-out", "deletion")
        )
        figure.legend(*top, loc="outside upper center", ncols=5, frameon=False)
        figure.legend(*curves, loc="outside lower center", ncols=4, frameon=False)
        save_figure(figure, folder, "validation")


def _draw_held_out(axes: "Axes", found: "Validation") -> None:
    places = {method: number for number, method in enumerate(found.verdicts)}
    for number, (null, marker) in enumerate(_MARKERS.items()):
        rows = found.rows("pearson", null).dropna(subset="value")
        if rows.empty:
            continue
        axes.errorbar(
            (rows["low"] + rows["high"]) / 2,
            [places[method] + 0.15 * (number - 2) for method in rows.index],
            xerr=(rows["high"] - rows["low"]) / 2,
            fmt="none",
            ecolor=NULL_COLOURS.get(null, METHOD),
            elinewidth=1,
        )
        axes.scatter(
            rows["value"],
            [places[method] + 0.15 * (number - 2) for method in rows.index],
            s=22,
            marker=marker,
            color=NULL_COLOURS.get(null, METHOD),
            label=null or "the method",
        )
    axes.axvline(0, color=NEUTRAL, linewidth=0.8, linestyle="--")
    axes.set_yticks(range(len(places)), list(places), parse_math=False)
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(
        f"Pearson's r with {found.held_out} over bins, mean over genes, 95% interval",
        parse_math=False,
    )


def _draw_curves(axes: "Axes", found: "Validation", check: str) -> None:
    table = found.curves[found.curves["check"] == check]
    for method, curve in table.groupby("method", sort=False):
        by_chance = method == RANDOM
        colour, dashed = (NEUTRAL, False) if by_chance else line_of(str(method), found)
        axes.plot(
            100 * curve["share"],
            curve["change"],
            color=colour,
            linestyle=":" if by_chance else "--" if dashed else "-",
            linewidth=2.5 if by_chance else 1.5,
            label=method,
        )
    x, y = CURVES[check]
    axes.set_xlabel(f"{x} (%)")
    axes.set_ylabel(f"{y} ({found.unit})")
    axes.spines[["top", "right"]].set_visible(False)
