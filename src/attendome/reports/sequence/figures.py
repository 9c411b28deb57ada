"""The static figures of sequence models in a report, as plotly figures: of tables and arrays."""

import pandas as pd
import plotly.graph_objects as go
import xarray as xr

from attendome.reports.figures import NEUTRAL, OFF, plain, styled
from attendome.reports.figures import history as drawn_history
from attendome.reports.validation_figures import LINES

SCORES = {"pearson": "Pearson's r", "r2": "R²"}
OFFSET = "offset (bp; + to higher positions)"
COMMON = 0.2
"""Share of the bins from which on an offset is shown that not all of them have."""
POINTS = 1_000
"""Tracks up to which each is a point of its own."""


def assay_bars(scores: pd.DataFrame, metric: str) -> go.Figure:
    """Draw the mean score over the tracks of each assay with its interval, bars per model.

    Args:
        scores: ``model``, ``assay``, ``value``, ``low``, ``high``, in the order to be shown.
        metric: ``pearson`` or ``r2``.
    """
    figure = go.Figure()
    for number, (model, table) in enumerate(scores.groupby("model", sort=False)):
        figure.add_bar(
            x=[plain(assay) for assay in table["assay"]],
            y=table["value"],
            error_y={
                "array": table["high"] - table["value"],
                "arrayminus": table["value"] - table["low"],
                "thickness": 1.5,
            },
            marker_color=colour(number),
            name=plain(model),
            customdata=table[["low", "high"]],
            hovertemplate="%{x}: %{y:.4f} (%{customdata[0]:.4f} to %{customdata[1]:.4f})",
        )
    figure.update_layout(barmode="group")
    figure.update_xaxes(type="category", automargin=True)
    figure.update_yaxes(title=f"mean {SCORES[metric]} over tracks", zeroline=True)
    return styled(figure, height=380)


def distribution(tracks: pd.DataFrame) -> go.Figure:
    """Draw the distribution of r over the tracks of each assay: quartiles, and the tracks.

    Args:
        tracks: ``track``, ``assay``, ``pearson``; tracks of NaN are left out.
    """
    known = tracks.dropna(subset="pearson")
    figure = go.Figure()
    for number, (assay, table) in enumerate(known.groupby("assay", sort=False)):
        figure.add_box(
            x=[plain(assay)] * len(table),
            y=table["pearson"].round(4),
            text=[plain(track) for track in table["track"]],
            hovertemplate="%{text}: %{y:.4f}<extra></extra>",
            boxpoints="all" if len(known) <= POINTS else "outliers",
            pointpos=0,
            jitter=0.5,
            marker={"color": colour(number), "size": 4, "opacity": 0.6},
            line={"width": 1.5},
            fillcolor="rgba(255, 255, 255, 0)",
        )
    figure.update_xaxes(type="category", automargin=True)
    figure.update_yaxes(title="Pearson's r of a track")
    return styled(figure, height=400).update_layout(showlegend=False, margin_t=15)


def history(table: pd.DataFrame, best_epoch: int) -> go.Figure:
    """Draw loss and validation score by epoch."""
    figure = drawn_history(table, best_epoch)
    figure.update_yaxes(title="log-Poisson loss<br>per bin (nats)", row=1)
    return figure.update_yaxes(title="mean r of tracks", row=2)


def position_functions(f: xr.DataArray) -> go.Figure:
    """Draw f of each head against the offset, with its maximum marked: figure 8 of the paper.

    Args:
        f: ``[head, offset]``, with the names of the heads and the offset in bp; its attribute
            ``role`` says what f does to the score: ``multiplies`` or ``is added to``.
    """
    figure = go.Figure()
    offset = f["offset"].to_numpy()
    for number, (head, values) in enumerate(zip(_names(f), f.to_numpy(), strict=True)):
        best = int(values.argmax())
        figure.add_scatter(
            x=offset,
            y=values,
            mode="lines",
            line=line(number),
            name=head,
            legendgroup=head,
            hovertemplate="f = %{y:.3g} at %{x:,} bp",
        )
        figure.add_scatter(
            x=offset[[best]],
            y=values[[best]],
            mode="markers",
            marker={"color": colour(number), "size": 9, "symbol": "diamond"},
            name=f"maximum of {head}",
            legendgroup=head,
            showlegend=False,
            hovertemplate="f = %{y:.3g} at %{x:,} bp",
        )
    figure.update_xaxes(title=OFFSET, tickformat=",d")
    figure.update_yaxes(title=f"f, which {f.attrs['role']} the score", rangemode="tozero")
    return _with_heads(figure, f)


def attention_by_offset(attention: xr.Dataset) -> go.Figure:
    """Draw how much attention lies at each offset, relative to even attention, per head.

    Offsets that few bins have, those at the ends of a region, are left out.

    Args:
        attention: ``mass[head, offset]`` and ``even[offset]``; see ``SequenceReportContent``.
    """
    figure = go.Figure()
    common = attention["even"] >= COMMON * attention["even"].max()
    relative = (attention["mass"] / attention["even"]).isel(offset=common.to_numpy())
    for number, (head, values) in enumerate(
        zip(_names(relative), relative.to_numpy(), strict=True)
    ):
        figure.add_scatter(
            x=relative["offset"].to_numpy(),
            y=values,
            mode="lines",
            line=line(number),
            name=head,
            hovertemplate="%{y:.3g} at %{x:,} bp",
        )
    figure.add_hline(1, line={"color": NEUTRAL, "dash": "dot", "width": 1.5})
    figure.update_xaxes(title=OFFSET, tickformat=",d")
    figure.update_yaxes(title="attention, in multiples of even", rangemode="tozero")
    return _with_heads(figure, attention)


def attention_within(attention: xr.Dataset) -> go.Figure:
    """Draw the share of the attention that lies within a distance, per head.

    Args:
        attention: as for ``attention_by_offset``.
    """
    figure = go.Figure()
    within = cumulated(attention)
    distance = within["distance"].to_numpy()
    for number, head in enumerate(_names(within)):
        values = within["mass"].to_numpy()[number]
        figure.add_scatter(x=distance, y=values, mode="lines", line=line(number), name=head)
    even = {"color": NEUTRAL, "dash": "dot", "width": 1.5}
    figure.add_scatter(
        x=distance, y=within["even"].to_numpy(), line=even, mode="lines", name="even"
    )
    figure.update_xaxes(title="distance on either side (bp)", tickformat=",d")
    figure.update_yaxes(title="share of the attention within", range=[0, 1.02], tickformat=".0%")
    return _with_heads(figure, attention)


def cumulated(attention: xr.Dataset) -> xr.Dataset:
    """Sum attention from the bin itself outwards: ``mass[head, distance]``, ``even[distance]``."""
    distance = abs(attention["offset"]).rename("distance")
    summed = attention.groupby(distance).sum().transpose(..., "distance")
    return summed.cumsum("distance").assign_coords(summed.coords)  # which cumsum drops


def reach(table: pd.DataFrame, by: str = "assay") -> go.Figure:
    """Draw accuracy against reach, a line per assay, or per model.

    Args:
        table: ``distance`` (bp), ``pearson``, ``low``, ``high``, and the column of ``by``.
        by: ``assay`` or ``model``.
    """
    figure = go.Figure()
    for number, (name, rows) in enumerate(table.sort_values("distance").groupby(by, sort=False)):
        figure.add_scatter(
            x=[f"{distance:,}" for distance in rows["distance"]],
            y=rows["pearson"],
            error_y={
                "array": rows["high"] - rows["pearson"],
                "arrayminus": rows["pearson"] - rows["low"],
                "thickness": 1,
            },
            mode="lines+markers",
            line=line(number),
            name=plain(name),
            hovertemplate="%{y:.4f}",
        )
    labels = [f"{distance:,}" for distance in sorted(table["distance"].unique())]
    figure.update_xaxes(
        title="sequence read on either side (bp)",
        type="category",
        categoryorder="array",
        categoryarray=labels,
    )
    figure.update_yaxes(title="mean Pearson's r over tracks")
    return styled(figure, height=430).update_layout(showlegend=True)


def colour(number: int) -> str:
    """Give the colour of a line or a bar by its number."""
    return (OFF, *(c for c in LINES if c != OFF))[number % len(LINES)]


def line(number: int) -> dict[str, object]:
    """Give the look of a line by its number: dashed where its colour was used before."""
    dash = ("solid", "dash", "dot", "dashdot")[number // len(LINES) % 4]
    return {"color": colour(number), "dash": dash, "width": 2}


def _with_heads(figure: go.Figure, values: xr.DataArray | xr.Dataset) -> go.Figure:
    # On a narrow screen each head has a line of the legend.
    height = 380 + 18 * values.sizes["head"]
    return styled(figure, height).update_layout(showlegend=True, legend_tracegroupgap=0)


def _names(values: xr.DataArray | xr.Dataset) -> list[str]:
    return [plain(head) for head in values["head"].to_numpy()]
