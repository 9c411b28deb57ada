"""The figures of explanations for a paper, as matplotlib figures, which a notebook shows too.

Maps are those of the genes to be shown, as ``attendome.Run.explain`` gives them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Bool, Float
from scipy.cluster import hierarchy

from attendome.interpretation.maps import predicted_groups
from attendome.reports.figures import GROUPS, NEUTRAL, position_title
from attendome.reports.importance import clustered
from attendome.reports.paper import paper_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HELD_OUT = "#009E73"
_SHARES = "viridis"
_NAMES: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}


def alpha_by_mark(maps: xr.Dataset) -> "Figure":
    """Draw mean α over bins, genes predicted on against off (of expression: high against low).

    There is a panel per mark, or one where all marks share α.
    """
    one = maps.attrs["alpha_shared"]
    with paper_style():
        figure, panels = _panels(["all marks"] if one else _marks(maps), maps)
        for group, chosen in predicted_groups(maps).items():
            mean = maps["alpha"].to_numpy()[chosen].mean(axis=0)
            _draw_group(panels, maps, mean, group, f"predicted {group} ({chosen.sum()} genes)")
        for axes in panels:
            axes.axhline(1 / maps.sizes["bin"], color=NEUTRAL, lw=0.8, ls=":", label="α if even")
            axes.set_ylabel("mean α")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return figure


def alpha_beside(maps: xr.Dataset, held_out: xr.DataArray) -> "Figure":
    """Draw mean α of each mark beside the mean signal of a mark that was not an input.

    Both are means over genes predicted on (of expression: high), with Pearson's r over the bins.

    Args:
        maps: the maps of the genes, some of them predicted on.
        held_out: signal of the mark at these genes, ``[gene, bin]``; its name is the mark's.
    """
    group = "on" if "probability" in maps else "high"
    chosen = predicted_groups(maps)[group]
    signal = np.nanmean(held_out.to_numpy()[chosen], axis=0)
    alpha = maps["alpha"].to_numpy()[chosen].mean(axis=0)
    titles = [
        f"{mark}: {_correlation(values, signal)}"
        for mark, values in zip(_marks(maps), alpha, strict=True)
    ]
    with paper_style():
        figure, panels = _panels(titles, maps, shared_scale=False)
        _draw_group(panels, maps, alpha, group, "mean α")
        for axes in panels:
            other = axes.twinx()
            (line,) = other.plot(_centres(maps), signal, color=_HELD_OUT, ls="--")
            axes.set_ylabel("mean α", color=GROUPS[group])
            other.set_ylabel("mean signal", color=_HELD_OUT)
            other.spines["top"].set_visible(False)
        name = f"mean signal of {held_out.name}, which was no input"
        figure.legend([panels[0].lines[0], line], ["mean α", name], loc="outside upper left")
        figure.supxlabel(
            f"{position_title(maps.attrs['oriented'])}; {chosen.sum()} genes predicted {group}",
            fontsize="medium",
        )
        panels[-1].set_xlabel("")
    return figure


def class_patterns(maps: xr.Dataset) -> "Figure":
    """Draw the class-optimised signal of each mark over bins, a line per class.

    Args:
        maps: the maps of ``class-optimisation``.
    """
    with paper_style():
        figure, panels = _panels(_marks(maps), maps)
        for group, chosen in predicted_groups(maps).items():
            pattern = maps["importance"].to_numpy()[chosen.argmax()]  # one for all of the class
            _draw_group(panels, maps, pattern, group, f"class {group}")
        figure.supylabel("class-optimised signal, share of the highest", fontsize="medium")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def beta_of_genes(maps: xr.Dataset) -> "Figure":
    """Draw β of each gene and mark, similar ones together, with what is predicted and observed.

    Genes and marks are clustered by Ward's method; of many genes a random sample is drawn.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    beta = maps["beta"].to_numpy()
    order, shown = clustered(beta), beta.shape[1]
    more, less = ("on", "off") if "probability" in maps else ("high", "low")
    states = {"predicted": predicted_groups(maps).get(more, np.zeros(len(beta), bool))[order]}
    if "label" in maps and more == "on":
        states["observed"] = maps["label"].to_numpy()[order] == 1
    with paper_style():
        figure = Figure(figsize=(1.9 + 0.5 * shown, 5.2), layout="constrained")
        places = figure.subplot_mosaic(
            [["tree", ".", "."], ["genes", "states", "scale"]],
            height_ratios=[0.1, 1],
            width_ratios=[shown, 0.5 * len(states), 0.3],
        )
        columns = _draw_tree(places["tree"], beta)
        mesh = places["genes"].pcolormesh(
            beta[order][:, columns], cmap=_SHARES, vmin=0, rasterized=True
        )
        _name_columns(places["genes"], _marks(maps.isel(mark=columns)))
        every = f"{len(order)}" if len(order) == len(beta) else f"{len(order)} of {len(beta)}"
        places["genes"].set(ylabel=f"genes ({every})", yticks=[])
        figure.colorbar(mesh, cax=places["scale"], label="β")
        _draw_states(places["states"], states, (GROUPS[less], GROUPS[more]))
        keys = [Patch(color=GROUPS[name], label=name) for name in (more, less)]
        figure.legend(handles=keys, loc="outside upper right", ncols=2)
    return figure


def beta_of_gene(rows: pd.DataFrame, said: Sequence[str], gene: str) -> "Figure":
    """Draw β of one gene in several cell types, with what is predicted and observed there.

    Args:
        rows: a row per cell type, a column per mark; NaN where the mark was not measured.
        said: what stands behind each row.
        gene: its name.
    """
    from matplotlib.figure import Figure

    with paper_style():
        figure = Figure(
            figsize=(3.4 + 0.62 * rows.shape[1], 1.3 + 0.36 * len(rows)), layout="constrained"
        )
        axes = figure.add_subplot()
        values = np.ma.masked_invalid(rows.to_numpy())
        mesh = axes.pcolormesh(values, cmap=_SHARES, vmin=0, edgecolors="white", lw=1)
        for (row, column), value in np.ndenumerate(rows.to_numpy()):
            dark = value < 0.6 * values.max()
            text = "" if np.isnan(value) else f"{value:.2f}"
            colour = "white" if dark else "black"
            axes.text(column + 0.5, row + 0.5, text, color=colour, ha="center", va="center")
        _name_columns(axes, list(rows.columns))
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows.index, parse_math=False)
        axes.invert_yaxis()
        beside = axes.secondary_yaxis("right")
        beside.set_yticks(np.arange(len(rows)) + 0.5, said)
        for part in (axes, beside):
            part.tick_params(length=0)
            part.spines[:].set_visible(False)
        axes.set_title(f"β of {gene}", parse_math=False)
        figure.colorbar(mesh, ax=axes, label="β")
    return figure


def _panels(
    titles: Sequence[str], maps: xr.Dataset, *, shared_scale: bool = True
) -> tuple["Figure", list["Axes"]]:
    """Make a panel for each title, one below the other, over the same positions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2, 0.9 + 1.15 * len(titles)), layout="constrained")
    panels = figure.subplots(len(titles), sharex=True, sharey=shared_scale, squeeze=False)[:, 0]
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, loc="left", fontsize="medium", parse_math=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0)
    panels[-1].set_xlabel(position_title(maps.attrs["oriented"]))
    return figure, list(panels)


def _draw_group(
    panels: Sequence["Axes"],
    maps: xr.Dataset,
    values: Float[np.ndarray, "mark bin"],
    group: str,
    label: str,
) -> None:
    for axes, line in zip(panels, values, strict=False):
        axes.plot(_centres(maps), line, color=GROUPS[group], label=label)


def _centres(maps: xr.Dataset) -> Float[np.ndarray, " bin"]:
    return np.asarray(maps["bin_start"] + maps.attrs["bin_size"] / 2)


def _marks(maps: xr.Dataset) -> list[str]:
    return [str(mark) for mark in maps["mark"].to_numpy()]


def _correlation(alpha: Float[np.ndarray, " bin"], signal: Float[np.ndarray, " bin"]) -> str:
    if np.ptp(alpha) == 0 or np.ptp(signal) == 0:
        return "r not defined, since one is constant"
    return f"r = {np.corrcoef(alpha, signal)[0, 1]:.2f}".replace("-", "−")


def _name_columns(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_xticks(np.arange(len(names)) + 0.5, names, parse_math=False, **_NAMES)


def _draw_tree(axes: "Axes", beta: Float[np.ndarray, "gene mark"]) -> list[int]:
    """Draw which marks have similar β, and give their order."""
    axes.set_axis_off()
    if beta.shape[1] == 1:
        return [0]
    tree = hierarchy.dendrogram(
        hierarchy.ward(beta.T),
        ax=axes,
        no_labels=True,
        color_threshold=0,
        above_threshold_color=NEUTRAL,
    )
    return list(tree["leaves"])


def _draw_states(
    axes: "Axes", states: dict[str, Bool[np.ndarray, " gene"]], colours: tuple[str, str]
) -> None:
    from matplotlib.colors import ListedColormap

    table = np.stack(list(states.values()), axis=1)
    axes.pcolormesh(table, cmap=ListedColormap(colours), vmin=0, vmax=1, rasterized=True)
    _name_columns(axes, list(states))
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
