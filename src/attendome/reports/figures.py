"""The static figures of a report, as plotly figures.

Colours are from the palette of Okabe and Ito, which colour-blind readers can tell apart.
"""

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float, Int
from plotly.subplots import make_subplots
from sklearn import metrics

from attendome.evaluation.scores import CALIBRATION_BINS
from attendome.interpretation.maps import predicted_groups
from attendome.training.history import TITLES, score_of

ON, OFF, NEUTRAL = "#D55E00", "#0072B2", "#7f7f7f"
GROUPS = {"on": ON, "off": OFF, "high": ON, "low": OFF, "all": "#009E73"}

LOSSES = {"valid_auroc": "cross-entropy (nats)", "valid_pearson": "mean squared error (sd²)"}

Labels = Int[np.ndarray, "gene"]
Probabilities = Float[np.ndarray, "gene"]
Values = Float[np.ndarray, "gene"]


def plain(text: object) -> str:
    """Keep plotly from reading a name as markup."""
    return html.escape(str(text), quote=False)  # plotly does not decode &quot;


def position_title(oriented: bool) -> str:
    """Give the title of an axis of positions."""
    return "position from the TSS (bp), " + ("5'→3'" if oriented else "genome order")


def roc(labels: Labels, probabilities: Probabilities) -> go.Figure:
    """Draw the ROC curve."""
    false_positive, true_positive, _ = metrics.roc_curve(labels, probabilities)
    figure = _square("false positive rate", "true positive rate")
    _diagonal(figure, "chance")
    figure.add_scatter(x=false_positive, y=true_positive, line_color=ON, name="model")
    return figure


def precision_recall(labels: Labels, probabilities: Probabilities) -> go.Figure:
    """Draw precision against recall."""
    precision, recall, _ = metrics.precision_recall_curve(labels, probabilities)
    figure = _square("recall", "precision")
    share = float(labels.mean())
    figure.add_scatter(
        x=[0, 1], y=[share, share], mode="lines", line=_dashed(), name="share of genes on"
    )
    figure.add_scatter(x=recall, y=precision, line={"color": ON, "shape": "hv"}, name="model")
    return figure


def calibration(labels: Labels, probabilities: dict[str, Probabilities]) -> go.Figure:
    """Draw the observed share of genes on against predicted probabilities, in ten bins."""
    figure = _square("predicted probability, mean of bin", "observed share of genes on")
    _diagonal(figure, "perfect")
    for (name, predicted), colour in zip(probabilities.items(), (ON, OFF), strict=False):
        number = np.minimum((predicted * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
        table = pd.DataFrame({"bin": number, "predicted": predicted, "observed": labels})
        bins = table.groupby("bin").agg(
            predicted=("predicted", "mean"), observed=("observed", "mean"), genes=("bin", "size")
        )
        figure.add_scatter(
            x=bins["predicted"],
            y=bins["observed"],
            mode="lines+markers",
            line_color=colour,
            cliponaxis=False,
            marker_size=6 + 18 * np.sqrt(bins["genes"] / bins["genes"].max()),
            customdata=bins["genes"],
            hovertemplate="predicted %{x:.2f}, observed %{y:.2f}, %{customdata} genes",
            name=f"{name} (area: genes)",
        )
    return figure


def scatter(observed: Values, predicted: Values, unit: str) -> go.Figure:
    """Draw predicted against observed expression, a point per gene."""
    figure = go.Figure()
    ends = [
        float(min(observed.min(), predicted.min())),
        float(max(observed.max(), predicted.max())),
    ]
    figure.add_scatter(x=ends, y=ends, mode="lines", line=_dashed(), name="perfect")
    figure.add_scatter(
        x=observed,
        y=predicted,
        mode="markers",
        marker={"color": ON, "size": 5, "opacity": 0.5},
        name="genes",
    )
    figure.update_xaxes(title=f"observed expression, {plain(unit)}")
    figure.update_yaxes(title=f"predicted expression, {plain(unit)}")
    return styled(figure, height=480)


def history(table: pd.DataFrame, best_epoch: int) -> go.Figure:
    """Draw loss and validation score by epoch."""
    score = score_of(table)
    loss, title = LOSSES[score], TITLES[score]
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08)
    figure.add_scatter(x=table["epoch"], y=table["train_loss"], line_color=OFF, name="train loss")
    figure.add_scatter(
        x=table["epoch"], y=table["valid_loss"], line_color=ON, name="validation loss"
    )
    figure.add_scatter(
        x=table["epoch"],
        y=table[score],
        line_color="#009E73",
        name=f"validation {title}",
        row=2,
        col=1,
    )
    figure.add_vline(best_epoch, line=_dashed())
    figure.update_xaxes(title=f"epoch (dashed: best, {best_epoch})", row=2)
    figure.update_yaxes(title=loss, row=1)
    figure.update_yaxes(title=title, row=2)
    return styled(figure, height=480)


def mean_alpha(maps: xr.Dataset) -> go.Figure:
    """Draw mean α over bins, genes predicted on against off.

    There is a panel per mark, or one where all marks share α.
    """
    attributes = {"bin_size": maps.attrs["bin_size"], "oriented": maps.attrs["oriented"]}
    alpha = maps["alpha_mean"].rename(predicted="group").assign_attrs(attributes)
    if maps.attrs["alpha_shared"]:
        alpha = alpha.isel(mark=[0]).assign_coords(mark=["all marks"])
    return panels_by_mark(
        alpha,
        {
            group: f"predicted {group} ({int(maps['genes'].sel(predicted=group))} genes)"
            for group in maps["predicted"].to_numpy()
        },
        ["mean α"] * alpha.sizes["mark"],
        shared_scale=True,
    )


def panels_by_mark(
    values: xr.DataArray, names: dict[str, str], titles: Sequence[str], *, shared_scale: bool
) -> go.Figure:
    """Draw values over bins, a panel per mark, a line per group of genes.

    Args:
        values: ``[group, mark, bin]`` with ``bin_start``; the groups are of ``GROUPS``. Its
            attributes are ``bin_size`` and ``oriented``.
        names: what the legend says of each group.
        titles: the title of each mark's y axis.
        shared_scale: give all marks the same y axis.
    """
    marks = values["mark"].to_numpy()
    figure = make_subplots(
        rows=len(marks),
        shared_xaxes=True,
        shared_yaxes="all" if shared_scale else False,
        vertical_spacing=0.28 / max(len(marks), 2),
        subplot_titles=[plain(mark) for mark in marks],
    )
    centre = values["bin_start"].to_numpy() + values.attrs["bin_size"] / 2
    for row, (mark, title) in enumerate(zip(marks, titles, strict=True), start=1):
        for group, name in names.items():
            figure.add_scatter(
                x=centre,
                y=values.sel(mark=mark, group=group).to_numpy(),
                line_color=GROUPS[group],
                name=name,
                legendgroup=group,
                showlegend=row == 1,
                row=row,
                col=1,
            )
        figure.update_yaxes(title=title, row=row)
    figure.update_annotations(x=0, xanchor="left")
    figure.update_yaxes(rangemode="tozero")
    # In plotly's own larger letters, the title is cut on a telephone.
    positions = {"text": position_title(values.attrs["oriented"]), "font_size": 13}
    figure.update_xaxes(title=positions, row=len(marks))
    styled(figure, height=110 + 145 * len(marks))
    # The legend stands 35 pixels above the panels, over the title of the first.
    return figure.update_layout(legend_y=1 + 35 / (145 * len(marks) - 15), margin_t=70)


def beta_by_mark(maps: xr.Dataset) -> go.Figure:
    """Draw the distribution of β over genes per mark, genes predicted on against off."""
    figure = go.Figure()
    for group, chosen in predicted_groups(maps).items():
        low, q1, median, q3, high = np.percentile(
            maps["beta"].to_numpy()[chosen], [5, 25, 50, 75, 95], axis=0
        )
        figure.add_box(
            x=[plain(mark) for mark in maps["mark"].to_numpy()],
            lowerfence=low,
            q1=q1,
            median=median,
            q3=q3,
            upperfence=high,
            marker_color=GROUPS[group],
            name=f"predicted {group}",
        )
    figure.update_layout(boxmode="group")
    figure.update_yaxes(title="β (quartiles; whiskers 5–95%)", rangemode="tozero")
    return styled(figure, height=400)


def _square(x: str, y: str) -> go.Figure:
    figure = go.Figure()
    figure.update_xaxes(title=x, range=[-0.02, 1.02])
    figure.update_yaxes(title=y, range=[-0.02, 1.02])
    return styled(figure, height=400)


def _diagonal(figure: go.Figure, name: str) -> None:
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=_dashed(), name=name)


def _dashed() -> dict[str, Any]:
    return {"color": NEUTRAL, "dash": "dash", "width": 1.5}


def styled(figure: go.Figure, height: int) -> go.Figure:
    """Give a figure the look of all."""
    return figure.update_layout(
        template="simple_white",
        height=height,
        margin={"l": 65, "r": 20, "t": 45, "b": 55},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        font={"family": "system-ui, sans-serif", "size": 13},
    )
