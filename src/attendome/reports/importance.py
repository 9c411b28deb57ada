"""The static figures of importance, as plotly figures."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float, Int
from plotly.subplots import make_subplots
from scipy.cluster import hierarchy

from attendome.interpretation.maps import predicted_groups
from attendome.reports.figures import (
    GROUPS,
    OFF,
    ON,
    panels_by_mark,
    plain,
    position_title,
    styled,
)

CLUSTERED = 1000
"""Genes that a heat map shows at most: more have no pixel of their own."""
_BARS = ("#009E73", "#56B4E9", "#E69F00", "#CC79A7", ON, OFF)


def wrapped(unit: str) -> str:
    """Break the title of an axis that is short, such as a panel's."""
    return "<br>".join(textwrap.wrap(plain(unit), 14))


def mean_importance(found: xr.Dataset, maps: xr.Dataset) -> go.Figure:
    """Draw the mean importance over bins by one method, a panel per mark.

    Args:
        found: the maps of the method, NaN for genes that it does not cover.
        maps: the predictions for the same genes.
    """
    covered = found["mark_importance"].notnull().all("mark").to_numpy()
    groups = {name: chosen & covered for name, chosen in predicted_groups(maps).items()}
    groups = {name: chosen for name, chosen in groups.items() if chosen.any()}
    importance = found["importance"].to_numpy()
    means = np.stack([importance[chosen].mean(axis=0) for chosen in groups.values()])
    names = {name: f"predicted {name} ({chosen.sum()} genes)" for name, chosen in groups.items()}
    return _panels(means, maps, names, found.attrs["unit"])


def alpha_beside(maps: xr.Dataset, unseen: xr.DataArray) -> go.Figure | None:
    """Draw mean α of each mark beside the mean signal of marks that were no input, over bins.

    Both are means over genes predicted on (of expression: high) and over their highest bin, since
    signals differ in scale. None where there are no such genes.

    Args:
        maps: α, and the predictions for the same genes.
        unseen: signal of other marks of these genes, ``[gene, mark, bin]``.
    """
    group = "on" if "probability" in maps else "high"
    chosen = predicted_groups(maps).get(group)
    if chosen is None:
        return None
    alpha = maps["alpha"].to_numpy()[chosen].mean(axis=0)
    signals = np.nan_to_num(np.nanmean(unseen.to_numpy()[chosen], axis=0))
    centre = maps["bin_start"].to_numpy() + maps.attrs["bin_size"] / 2
    figure = go.Figure()
    for values, names, dash, colours in (
        (signals, unseen["mark"].to_numpy(), "dash", ("#7f7f7f", "#000000")),
        (alpha, [f"α of {mark}" for mark in maps["mark"].to_numpy()], "solid", _BARS),
    ):
        for number, (row, name) in enumerate(zip(values, names, strict=True)):
            figure.add_scatter(
                x=centre,
                y=row / (row.max() or 1),
                name=plain(name),
                line={"color": colours[number % len(colours)], "dash": dash},
            )
    figure.update_yaxes(title="share of the highest bin", rangemode="tozero")
    figure.update_xaxes(title=position_title(maps.attrs["oriented"]))
    return styled(figure, height=420)


def class_patterns(patterns: xr.DataArray, maps: xr.Dataset) -> go.Figure:
    """Draw the class-optimised signal over bins, a panel per mark, a line per class."""
    names = {str(name): f"pattern of {name}" for name in patterns["predicted"].to_numpy()}
    return _panels(patterns.to_numpy(), maps, names, "share of the highest")


def _panels(
    values: Float[np.ndarray, "group mark bin"],
    maps: xr.Dataset,
    names: Mapping[str, str],
    unit: str,
) -> go.Figure:
    coords = {"mark": maps["mark"], "bin_start": maps["bin_start"], "group": list(names)}
    named = xr.DataArray(values, coords, ("group", "mark", "bin"), attrs=maps.attrs)
    titles = [wrapped(unit)] * named.sizes["mark"]
    figure = panels_by_mark(named, dict(names), titles, shared_scale=True)
    look = {"zeroline": True, "zerolinecolor": "#7f7f7f", "zerolinewidth": 1}
    return figure.update_yaxes(exponentformat="e", **look)  # else 0.0002 reads 200μ


def mark_shares(methods: Mapping[str, xr.Dataset], maps: xr.Dataset) -> go.Figure:
    """Draw the share that each mark has in the mean |importance of a mark|, bars per method.

    Methods differ in unit, and so are shown as shares; β is one already.
    """
    figure, rows = go.Figure(), dict[str, tuple[Any, str]]()
    if "beta" in maps:
        rows["β"] = (maps["beta"].mean("gene").to_numpy(), "share")
    for method, found in methods.items():
        mean = np.nanmean(np.abs(found["mark_importance"].to_numpy()), axis=0)
        rows[method] = (mean, found.attrs["unit"])
    for (name, (mean, unit)), colour in zip(rows.items(), _BARS, strict=False):
        figure.add_bar(
            x=[plain(mark) for mark in maps["mark"].to_numpy()],
            y=mean / (mean.sum() or 1),
            customdata=mean,
            hovertemplate=f"%{{y:.3f}} (mean %{{customdata:.3g}} {plain(unit)})",
            marker_color=colour,
            name=name,
        )
    figure.update_layout(barmode="group", showlegend=True)  # also of one method
    figure.update_xaxes(type="category")
    figure.update_yaxes(title="share of the sum over marks", rangemode="tozero")
    return styled(figure, height=400)


def beta_heat_map(maps: xr.Dataset) -> go.Figure:
    """Draw β of each gene and mark, similar genes together, and what is predicted beside it.

    At most ``CLUSTERED`` genes, drawn at random, are shown.
    """
    order, groups = clustered(maps["beta"].to_numpy()), predicted_groups(maps)
    more, less = ("on", "off") if "probability" in maps else ("high", "low")
    states = {"predicted": groups.get(more, np.zeros(maps.sizes["gene"], bool))[order]}
    if more == "on":
        states["label"] = maps["label"].to_numpy()[order] == 1
    shown = maps.isel(gene=order)
    figure = make_subplots(
        cols=2, column_widths=[0.8, 0.2], shared_yaxes=True, horizontal_spacing=0.02
    )
    pairs = zip(shown["gene"].to_numpy(), shown["gene_name"].to_numpy(), strict=True)
    names = [plain(f"{gene} {name}".strip()) for gene, name in pairs]
    figure.add_heatmap(
        z=shown["beta"].to_numpy(),
        x=[plain(mark) for mark in maps["mark"].to_numpy()],
        text=np.repeat(np.array(names, object)[:, None], maps.sizes["mark"], axis=1),
        hovertemplate="%{text}<br>%{x}: β = %{z:.3f}<extra></extra>",
        colorscale="Cividis",
        colorbar={"title": {"text": "β"}, "thickness": 14},
    )
    figure.add_heatmap(
        z=np.stack(list(states.values()), axis=1).astype(int),
        x=list(states),
        zmin=0,
        zmax=1,
        colorscale=[[0, GROUPS[less]], [1, GROUPS[more]]],
        showscale=False,
        hoverinfo="skip",
        col=2,
        row=1,
    )
    for name in (more, less):
        marker = {"symbol": "square", "size": 11, "color": GROUPS[name]}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)
    figure.update_xaxes(type="category", tickangle=-45, automargin=True)
    figure.update_yaxes(showticklabels=False, ticks="")
    figure.update_yaxes(title="genes", col=1)
    return styled(figure, height=560)


def clustered(beta: Float[np.ndarray, "gene mark"]) -> Int[np.ndarray, " shown"]:
    """Put similar genes beside each other, by Ward's method; of many genes, of a random sample."""
    genes = np.arange(len(beta))
    if len(genes) > CLUSTERED:
        genes = np.random.default_rng(0).choice(genes, CLUSTERED, replace=False)
    if len(genes) < 3:
        return genes
    order = hierarchy.leaves_list(hierarchy.ward(beta[genes]))
    shown: Int[np.ndarray, " shown"] = genes[order]
    return shown
