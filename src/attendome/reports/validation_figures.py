"""The figures of a validation in its report, as plotly figures."""

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from attendome.interpretation.faithfulness import RANDOM
from attendome.interpretation.held_out import DISTANCE, PERMUTED, SIGNAL, UNTRAINED
from attendome.reports.figures import NEUTRAL, OFF, ON, plain, styled

if TYPE_CHECKING:
    from attendome.reports.validation import Validation

METHOD = ON
NULL_COLOURS = {SIGNAL: OFF, DISTANCE: "#E69F00", PERMUTED: NEUTRAL, UNTRAINED: "#009E73"}
NULL_MARKERS = {SIGNAL: "square", DISTANCE: "diamond", PERMUTED: "x", UNTRAINED: "triangle-up"}
LINES = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#000000", "#8a7a00"]
CURVES = {
    "deletion": ("share of cells removed", "fall of the prediction"),
    "insertion": ("share of cells added", "rise of the prediction"),
}


def held_out(found: "Validation") -> go.Figure:
    """Draw the mean correlation of each method with the held-out mark, beside its null models."""
    figure = go.Figure()
    series = {"": "the method", **{null: null for null in NULL_COLOURS}}
    for null, name in series.items():
        rows = found.rows("pearson", null).dropna(subset="value")
        if rows.empty:
            continue
        figure.add_scatter(
            mode="markers",
            x=rows["value"],
            y=[plain(method) for method in rows.index],
            error_x={
                "array": rows["high"] - rows["value"],
                "arrayminus": rows["value"] - rows["low"],
                "thickness": 1.5 if not null else 0.7,
            },
            marker={
                "color": NULL_COLOURS.get(null, METHOD),
                "symbol": NULL_MARKERS.get(null, "circle"),
                "size": 11 if not null else 8,
            },
            customdata=rows[["low", "high", "n"]],
            hovertemplate="%{y}: %{x:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f}), "
            "%{customdata[2]} genes",
            name=name,
        )
    methods = [plain(method) for method in found.verdicts]
    figure.add_vline(0, line={"color": NEUTRAL, "dash": "dash", "width": 1})
    figure.update_xaxes(title=f"mean Pearson's r with {plain(found.held_out)} over bins")
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=methods[::-1], automargin=True
    )
    return styled(figure, height=170 + 36 * len(methods))


def curves(found: "Validation", check: str) -> go.Figure:
    """Draw how the prediction changes while cells go, or come, in the order of each method."""
    figure = go.Figure()
    for method, table in found.curves[found.curves["check"] == check].groupby("method", sort=False):
        figure.add_scatter(
            mode="lines",
            x=table["share"],
            y=table["change"],
            line=_line(str(method), found),
            name=plain(method),
        )
    x, y = CURVES[check]
    figure.update_xaxes(title=x, tickformat=".0%")
    figure.update_yaxes(title=f"{y} ({found.unit})")
    return styled(figure, height=430)


def _line(method: str, found: "Validation") -> dict[str, object]:
    if method == RANDOM:
        return {"color": NEUTRAL, "dash": "dot", "width": 3}
    colour, dashed = line_of(method, found)
    return {"color": colour, "dash": "dash" if dashed else "solid", "width": 2}


def line_of(method: str, found: "Validation") -> tuple[str, bool]:
    """Give the colour of a method's curve, and whether it is dashed: curves may lie on another."""
    place = list(found.verdicts).index(method)
    return LINES[place % len(LINES)], place % 2 == 1
