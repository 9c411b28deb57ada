"""The figures of a comparison of sequence models that a run's report does not have."""

import textwrap
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

from attendome.reports.figures import OFF, ON, plain, styled
from attendome.reports.sequence.paper import Place

_PANEL = 95  # height in pixels
_LINE = 38
"""Letters of a line that fit on a narrow screen."""


def coverage(rows: Mapping[str, Float[np.ndarray, " bin"]], place: Place, unit: str) -> go.Figure:
    """Draw a track along the genome, a panel per row, on one scale: figure 9 of the paper.

    Args:
        rows: the observed coverage first, then what each model predicts, by the title of its panel.
        place: where the bins lie.
        unit: that of the coverage.
    """
    names = [plain(title) for title in rows]
    height = 150 + _PANEL * len(rows)
    figure = make_subplots(
        rows=len(rows),
        shared_xaxes=True,
        subplot_titles=names,
        vertical_spacing=26 / height,
    )
    for number, values in enumerate(rows.values()):
        figure.add_scatter(
            x0=place.start + place.bin_size / 2,
            dx=place.bin_size,
            y=values.astype(np.float32),
            line={"color": ON if number else OFF, "width": 1, "shape": "hvh"},
            fill="tozeroy",
            name=names[number],
            hovertemplate="%{y:.4g} at %{x:,.0f} bp<extra></extra>",
            row=number + 1,
            col=1,
        )
    known = np.concatenate([values[np.isfinite(values)] for values in rows.values()])
    top = 1.05 * max(float(known.max(initial=0)), 1e-6)
    figure.update_yaxes(range=[0, top], nticks=4)
    end = place.start + place.bin_size * len(next(iter(rows.values())))
    figure.update_xaxes(range=[place.start, end], tickformat=",d", nticks=6)
    titles = [f"position on {place.chrom} (bp, 0-based)", *textwrap.wrap(unit, _LINE)]
    figure.update_xaxes(title="<br>".join(map(plain, titles)), row=len(rows))
    figure.update_annotations(font_size=12, x=0, xanchor="left")
    styled(figure, height=height)
    return figure.update_layout(showlegend=False, margin={"t": 30, "b": 95})
