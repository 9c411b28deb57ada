"""Write what a comparison found: tables, figures and a page that opens offline."""

import base64
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from attendome.evaluation.comparison import Comparison
from attendome.evaluation.published import published_scores
from attendome.outputs import write_text
from attendome.reports import comparison_figures as figures
from attendome.reports import comparison_tables as tables
from attendome.reports.comparison_paper import write_bars, write_critical_difference
from attendome.reports.page import write_page

_FAILED = {"cell_type": "Cell type", "model": "Model", "seed": "Seed", "error": "Error"}


def write_comparison(
    comparison: Comparison, results: pd.DataFrame, folder: Path, *, facts: dict[str, str]
) -> None:
    """Write a comparison into a folder, replacing what stands there.

    The files are table.md, table.tex, differences.tsv, by_cell_type.tsv, bars and, where there are
    ranks, critical-difference (each as .pdf, .svg and .png), and report.html.

    Args:
        comparison: what was found.
        results: a row per run, as ``compare_models`` takes it, with ``error``.
        folder: an existing folder.
        facts: what was compared on what, by label.
    """
    published = published_scores(results["cell_type"], comparison.metric)
    cells, notes = tables.summary_cells(comparison, published), tables.notes(comparison, published)
    write_text(folder / "table.md", tables.markdown(cells, notes))
    write_text(folder / "table.tex", tables.latex(cells, notes))
    for name in ("differences", "by_cell_type"):
        table: pd.DataFrame = getattr(comparison, name)
        write_text(folder / f"{name}.tsv", table.to_csv(sep="\t", index=False))
    write_bars(comparison, folder)
    diagram = None
    for name in ("pdf", "svg", "png"):
        (folder / f"critical-difference.{name}").unlink(missing_ok=True)
    if comparison.ranks:
        write_critical_difference(comparison.ranks, comparison.metric, comparison.baseline, folder)
        picture = (folder / "critical-difference.svg").read_bytes()
        diagram = "data:image/svg+xml;base64," + base64.b64encode(picture).decode("ascii")
    models, cell_types = results["model"].nunique(), results["cell_type"].nunique()
    write_page(
        "comparison_chromatin.html.j2",
        folder / "report.html",
        _figures(comparison),
        content={"title": f"{models} models on {cell_types} cell types", "facts": facts},
        comparison=comparison,
        summary=cells,
        notes=notes,
        against=tables.difference_cells(comparison.against_baseline()),
        pairs=tables.difference_cells(comparison.differences),
        by_cell_type=tables.cell_type_cells(comparison),
        diagram=diagram,
        failed=results.loc[results["status"] == "failed", list(_FAILED)].rename(columns=_FAILED),
    )


def _figures(comparison: Comparison) -> dict[str, go.Figure]:
    drawn = {"means": figures.means(comparison)}
    against = comparison.against_baseline()
    if len(against):
        drawn["differences"] = figures.differences(against, tables.SCORES[comparison.metric])
        if comparison.by_cell_type["cell_type"].nunique() > 1:
            drawn["cell-types"] = figures.by_cell_type(comparison)
    return drawn
