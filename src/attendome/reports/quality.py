"""Write the page about the quality of a dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from attendome.evaluation.quality import Quality
from attendome.reports import figures
from attendome.reports.page import write_page

UNKNOWN = "–"


@dataclass(frozen=True)
class QualityContent:
    """Everything that the page shows.

    Attributes:
        title: the heading.
        facts: what the dataset is, by label.
        quality: the numbers, profiles and warnings.
        sources: the files that the dataset was made from, as in its attributes.
        genes_left_out: how many genes were left out, by reason; None where it is not known.
    """

    title: str
    facts: dict[str, str]
    quality: Quality
    sources: list[dict[str, Any]]
    genes_left_out: dict[str, int] | None


def write_quality(content: QualityContent, path: Path) -> None:
    """Write the page to ``path``, replacing what stands there."""
    drawn = {"profiles": _profiles(content.quality)}
    if len(content.quality.marks) > 1:
        drawn["correlation"] = _correlation(content.quality.correlation)
    write_page(
        "quality.html.j2",
        path,
        drawn,
        content=content,
        marks=_marks(content.quality),
        sources=[_source(source) for source in content.sources],
    )


def _profiles(quality: Quality) -> go.Figure:
    profiles = quality.profiles
    numbers = zip(profiles["group"].to_numpy(), profiles["genes"].to_numpy(), strict=True)
    return figures.panels_by_mark(
        profiles,
        {
            group: f"all {count:,} genes" if group == "all" else f"{group} ({count:,} genes)"
            for group, count in numbers
        },
        [mark.unit for mark in quality.marks.values()],
        shared_scale=False,
    )


def _correlation(table: xr.DataArray) -> go.Figure:
    names = [figures.plain(mark) for mark in table["mark"].to_numpy()]
    r = table.to_numpy()
    figure = go.Figure()
    figure.add_heatmap(
        x=names,
        y=names,
        z=r,
        zmin=-1,
        zmax=1,
        colorscale="RdBu",
        reversescale=True,
        text=np.vectorize(lambda value: UNKNOWN if np.isnan(value) else f"{value:.2f}")(r),
        texttemplate="%{text}",
        hovertemplate="%{y}, %{x}: r = %{text}<extra></extra>",
        colorbar={"title": "Pearson's r"},
    )
    # Names that look like numbers or dates are names.
    figure.update_xaxes(type="category", tickangle=-45, automargin=True)
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    return figures.styled(figure, height=180 + 45 * len(names)).update_layout(margin_t=20)


def _marks(quality: Quality) -> list[dict[str, Any]]:
    """Give the cells of the table of marks, as text."""
    return [
        {
            "name": name,
            "reads": _text(mark.reads, ","),
            "used": _text(mark.used, ","),
            "depth": _text(mark.depth, ".2f"),
            "left_out": _counts(mark.left_out),
            "in_windows": _text(mark.in_windows, ".1%"),
            "mean": _text(mark.mean, ".3g"),
            "zero": _text(mark.zero, ".1%"),
            "missing": _text(mark.missing, ".1%"),
        }
        for name, mark in quality.marks.items()
    ]


def _source(source: dict[str, Any]) -> dict[str, str]:
    """Give the cells of the table of files, as text, with what is known of the file."""
    contents = {
        "reads": "{:,} reads",
        "used": "{:,} used",
        "covered": "{:.1%} of bins with data",
        "genes": "{:,} genes",
        "column": "column {}",
        "chromosomes": "chromosomes: {}",
    }
    known = [text.format(source[key]) for key, text in contents.items() if key in source]
    return {
        "file": str(source.get("file", UNKNOWN)),
        "role": str(source.get("mark", source.get("role", UNKNOWN))),
        "format": str(source.get("format", UNKNOWN)),
        "contents": "; ".join(known) or UNKNOWN,
        "sha256": str(source.get("sha256", UNKNOWN)),
    }


def _counts(counts: dict[str, int]) -> list[str]:
    """List the reasons that occur, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{count:,} {reason}" for reason, count in ordered if count] or [UNKNOWN]


def _text(value: int | float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)
