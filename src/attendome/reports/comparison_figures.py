"""The figures of a comparison in the report, as plotly figures."""

import pandas as pd
import plotly.graph_objects as go

from attendome.evaluation.comparison import Comparison
from attendome.reports.comparison_tables import SCORES, marked_names
from attendome.reports.figures import NEUTRAL, OFF, ON, plain, styled

CHANCE = {"auroc": 0.5, "pearson": 0.0}
BASELINE, OTHERS = ON, "#56B4E9"


def means(comparison: Comparison) -> go.Figure:
    """Draw a bar per model, from what chance gives, with its interval and its cell types."""
    table = comparison.summary.dropna(subset="mean")
    chance, metric = CHANCE[comparison.metric], SCORES[comparison.metric]
    marked = marked_names(comparison)[table.index]
    labels = {model: wrapped(name) for model, name in zip(table["model"], marked, strict=True)}
    figure = go.Figure()
    figure.add_bar(
        orientation="h",
        base=chance,
        x=table["mean"] - chance,
        y=list(labels.values()),
        error_x=_errors(table["mean"], table),
        marker_color=[BASELINE if m == comparison.baseline else OTHERS for m in table["model"]],
        customdata=table[["mean", "low", "high", "cell_types"]],
        hovertemplate="%{y}<br>%{customdata[0]:.4f} (%{customdata[1]:.4f} to %{customdata[2]:.4f}),"
        " %{customdata[3]} cell types<extra></extra>",
    )
    points = comparison.by_cell_type
    figure.add_scatter(
        mode="markers",
        x=points["value"],
        y=points["model"].map(labels),
        marker={"color": "black", "size": 4, "opacity": 0.35},
        text=[plain(name) for name in points["cell_type"]],
        hovertemplate="%{text}: %{x:.4f}<extra></extra>",
    )
    figure.update_xaxes(title=f"{metric}, mean over cell types")
    return _by_model(figure, list(labels.values()))


def differences(table: pd.DataFrame, score: str, over: str = "cell_types") -> go.Figure:
    """Draw the difference of each model to the baseline with its interval, as a forest plot.

    Args:
        table: as a comparison's ``against_baseline`` gives it.
        score: what to call the score.
        over: the column of what a difference is a mean over.
    """
    names = [wrapped(name) for name in table["model"]]
    figure = go.Figure()
    figure.add_scatter(
        mode="markers",
        x=table["difference"],
        y=names,
        error_x=_errors(table["difference"], table),
        marker={
            "size": 7,
            "color": [_side(low, high) for low, high in table[["low", "high"]].values],
        },
        customdata=table[["low", "high", over]],
        hovertemplate="%{y}<br>%{x:+.4f} (%{customdata[0]:+.4f} to %{customdata[1]:+.4f}), "
        f"%{{customdata[2]}} {over.replace('_', ' ')}<extra></extra>",
    )
    figure.add_vline(0, line={"color": NEUTRAL, "dash": "dash", "width": 1.5})
    figure.update_xaxes(title=f"difference in mean {score}")
    return _by_model(figure, names)


def by_cell_type(comparison: Comparison) -> go.Figure:
    """Draw the difference of each model to the baseline in each cell type, as a heat map."""
    values = comparison.values()
    table = values.drop(columns=comparison.baseline).sub(values[comparison.baseline], axis=0)
    figure = go.Figure()
    figure.add_heatmap(
        x=[wrapped(name) for name in table.columns],
        y=[plain(name) for name in table.index],
        z=table.to_numpy(),
        customdata=values[table.columns].to_numpy(),
        zmid=0,
        colorscale="RdBu",
        reversescale=True,
        hoverongaps=False,
        hovertemplate="%{y}, %{x}<br>%{customdata:.4f}, difference %{z:+.4f}<extra></extra>",
        colorbar={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
    )
    figure.update_xaxes(type="category", side="top", tickangle=-90, automargin=True)
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    styled(figure, height=300 + 20 * len(table))
    return figure.update_layout(margin={"t": 10, "b": 70, "l": 10})


def wrapped(model: str) -> str:
    """Break the name of a variant into lines, so that it fits beside a figure.

    >>> wrapped("lstm[preset=paper,dropout=0.3]")
    'lstm<br>[preset=paper,<br>dropout=0.3]'
    """
    return plain(model).replace("[", "<br>[").replace(",", ",<br>")


def _errors(centre: pd.Series, table: pd.DataFrame) -> dict[str, object]:
    return {
        "array": table["high"] - centre,
        "arrayminus": centre - table["low"],
        "thickness": 1.5,
        "color": "black",
    }


def _side(low: float, high: float) -> str:
    """Give the colour of an interval above 0, below 0 or on both sides."""
    return ON if low > 0 else OFF if high < 0 else NEUTRAL


def _by_model(figure: go.Figure, names: list[str]) -> go.Figure:
    lines = sum(name.count("<br>") + 1 for name in names)
    # Names that look like numbers are names.
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=names[::-1],
        automargin=True,
        tickfont_size=12,
    )
    styled(figure, height=90 + 18 * (lines + len(names)))
    return figure.update_layout(showlegend=False, margin={"l": 10, "t": 10})
