"""Write the report of a sequence run: one HTML file that opens offline."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr

from attendome.evaluation.sequence.resampling import ALL_TRACKS
from attendome.reports.figures import OFF, ON
from attendome.reports.packing import pack_numbers
from attendome.reports.page import write_page
from attendome.reports.sequence import figures
from attendome.reports.sequence.browser import region_entries, row_texts
from attendome.reports.sequence.content import SequenceReportContent, density

REGIONS = 8
"""Regions whose coverage the page holds at most."""
HEADS = 40
"""Heads that a figure shows at most."""
NAME_LENGTH = 200
"""Letters of a description that the page holds at most."""
EXTREMES = 5
"""Tracks of highest and of lowest r that are listed, where there are more than these."""


def write_sequence_report(content: SequenceReportContent, path: Path) -> None:
    """Write the report to ``path``, replacing what stands there."""
    tracks = _short(content.tracks)
    known = tracks.dropna(subset="pearson").sort_values("pearson", ascending=False, kind="stable")
    listed = EXTREMES if len(known) > 2 * EXTREMES else 0
    write_page(
        "sequence.html.j2",
        path,
        _figures(content, tracks),
        content=content,
        scores=_scores(content.metrics),
        names=figures.SCORES,
        highest=known.head(listed).to_dict("records"),
        lowest=known.tail(listed).iloc[::-1].to_dict("records"),
        points="a point per track"
        if len(known) <= figures.POINTS
        else f"only outliers, of {len(known):,} tracks, as points",
        max_heads=HEADS,
        rows=[] if content.browser is None else row_texts(content.browser),
        name_length=NAME_LENGTH,
        data={"tracks": _columns(tracks), "coverage": _coverage(content)},
    )


def _short(tracks: pd.DataFrame) -> pd.DataFrame:
    """Cut descriptions that are too long for a page of thousands."""
    texts = tracks["description"].astype(str)
    short = texts.where(texts.str.len() <= NAME_LENGTH, texts.str[: NAME_LENGTH - 1] + "…")
    return tracks.assign(description=short)


def assay_scores(metrics: dict[str, Any], metric: str, model: str = "model") -> pd.DataFrame:
    """Give the scores of metrics.json as ``figures.assay_bars`` takes them.

    Args:
        metrics: the content of metrics.json.
        metric: ``pearson`` or ``r2``.
        model: what to call the model.
    """
    found = {ALL_TRACKS: metrics[metric]["overall"], **metrics[metric]["by_assay"]}
    rows = [{"model": model, "assay": assay} | score for assay, score in found.items()]
    return pd.DataFrame(rows)[["model", "assay", "value", "low", "high"]].astype(
        {"value": float, "low": float, "high": float}
    )


def _scores(metrics: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the rows of the table of scores."""
    found = {metric: metrics[metric] for metric in figures.SCORES}
    assays = [ALL_TRACKS, *found["pearson"]["by_assay"]]
    return [
        {"assay": assay}
        | {
            metric: scores["overall"] if assay == ALL_TRACKS else scores["by_assay"][assay]
            for metric, scores in found.items()
        }
        for assay in assays
    ]


def _figures(content: SequenceReportContent, tracks: pd.DataFrame) -> dict[str, go.Figure]:
    made = {}
    for metric in figures.SCORES:
        bars = assay_scores(content.metrics, metric).dropna(subset="value")
        if len(bars):
            made[metric] = figures.assay_bars(bars, metric).update_layout(
                showlegend=False, margin_t=15
            )
    if tracks["pearson"].notna().any():
        made["distribution"] = figures.distribution(tracks)
    if content.positions is not None:
        made["positions"] = figures.position_functions(content.positions[:HEADS])
    if content.attention is not None:
        attention = content.attention.isel(head=slice(HEADS))
        made["attention-offset"] = figures.attention_by_offset(attention)
        made["attention-within"] = figures.attention_within(attention)
    if content.reach is not None:
        made["reach"] = figures.reach(content.reach)
    if content.history is not None and len(content.history) > 1 and content.best_epoch:
        made["history"] = figures.history(content.history, content.best_epoch)
    return made


def _columns(tracks: pd.DataFrame) -> dict[str, list[Any]]:
    """Give the table of tracks in plain values; None where a score is not known."""
    texts = {name: tracks[name].astype(str).tolist() for name in ("track", "assay", "description")}
    numbers = {
        name: [None if np.isnan(value) else round(value, 4) for value in tracks[name].tolist()]
        for name in figures.SCORES
    }
    return texts | numbers


def _coverage(content: SequenceReportContent) -> dict[str, Any] | None:
    """Give what is shown along the genome, and all bins counted, per track."""
    whole, browser = content.coverage, content.browser
    if whole is None or browser is None:
        return None
    part = browser.coverage.transpose("region", "track", "bin", ...)
    return {
        "regions": region_entries(browser),
        "heads": browser.heads,
        "tracks": [str(track) for track in part["track"].to_numpy()],
        "units": [str(unit) for unit in part["unit"].to_numpy()],
        "bins": part.sizes["bin"],
        "bin_size": int(whole.attrs["bin_size"]),
        "rows": [
            {"title": name, "colour": colour, "values": pack_numbers(part[name].to_numpy())}
            for name, colour in (("observed", OFF), ("predicted", ON))
        ],
        "density": _densities(whole),
        "counted": whole.sizes["region"],
    }


def _densities(coverage: xr.Dataset) -> list[dict[str, Any]]:
    found = []
    for number in range(coverage.sizes["track"]):
        one = coverage.isel(track=number)
        counts, edges = density(one["observed"].to_numpy(), one["predicted"].to_numpy())
        found.append({"counts": counts.tolist(), "edges": [float(f"{e:.4g}") for e in edges]})
    return found
