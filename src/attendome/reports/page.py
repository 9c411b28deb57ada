"""A page that opens offline: a template, its figures, and all the script and style it needs."""

from collections.abc import Mapping
from pathlib import Path

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from attendome.outputs import write_text


def write_page(
    template: str, path: Path, figures: Mapping[str, go.Figure], **values: object
) -> None:
    """Write a page to ``path``, replacing what stands there.

    Args:
        template: name of a template that extends ``page.html.j2``.
        path: the file to write.
        figures: each is drawn in the element whose ``data-figure`` is its name.
        values: what the template shows; texts are escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("attendome.reports"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(template).render(
        figures={name: _embedded(figure) for name, figure in figures.items()},
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the library's own script
        **values,
    )
    write_text(path, page)


def _embedded(figure: go.Figure) -> Markup:
    """Give a figure as JSON that cannot end the script element it stands in."""
    text = figure.to_json()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - escaped above
