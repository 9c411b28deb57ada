"""Figures for a paper: one look, and the same bytes for the same picture; by matplotlib."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attendome.outputs import new_output

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: Any = {
    "font.size": 9,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # text that stays text
    "svg.hashsalt": "attendome",  # the same picture gives the same file
}
FORMATS: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""The formats, each with the metadata that leave out the time."""


@contextmanager
def paper_style() -> Iterator[None]:
    """Draw in the style of all figures for a paper."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def save_figure(figure: "Figure", folder: Path, name: str) -> None:
    """Write NAME.pdf, .svg and .png into a folder, replacing what stands there."""
    with paper_style():
        for kind, metadata in FORMATS.items():
            with new_output(folder / f"{name}.{kind}", force=True) as made:
                figure.savefig(made, dpi=200, bbox_inches="tight", metadata=metadata)
