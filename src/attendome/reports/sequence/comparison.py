"""Write what a comparison of sequence models found: tables, figures and a page."""

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import xarray as xr
from jaxtyping import Float

from attendome.evaluation.sequence.comparison import SequenceComparison
from attendome.evaluation.sequence.resampling import ALL_TRACKS, METRICS
from attendome.outputs import safe_name, write_text
from attendome.reports import comparison_figures
from attendome.reports import comparison_tables as texts
from attendome.reports.page import write_page
from attendome.reports.paper import FORMATS, save_figure
from attendome.reports.sequence import comparison_tables as tables
from attendome.reports.sequence import figures, paper
from attendome.reports.sequence.comparison_figures import coverage as coverage_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FAILED = {"dataset": "Dataset", "model": "Model", "seed": "Seed", "error": "Error"}
_LETTER = 0.07  # width in inches
_SIDE = 30  # letters that fit beside the panels
_FOLDERS = ("position-functions", "coverage")
Choices = list[tuple[str, go.Figure]]


@dataclass(frozen=True)
class Panels:
    """Coverage of a track in a region: panels of it, one below the other.

    Attributes:
        dataset: name of the dataset.
        track: name of the track.
        place: where the bins lie.
        unit: that of the coverage.
        rows: observed coverage, and what each model predicts, by the title of the panel.
        for_paper: whether they are drawn for a paper.
    """

    dataset: str
    track: str
    place: paper.Place
    unit: str
    rows: dict[str, Float[np.ndarray, " bin"]]
    for_paper: bool

    @property
    def title(self) -> str:
        """What to call them."""
        return f"{self.dataset}, {self.place.chrom} {self.place.start:,}, {self.track}"


@dataclass(frozen=True)
class Shown:
    """What is shown of the models themselves, beside their scores.

    Attributes:
        positions: position functions ``f[head, offset]`` of each run that has any, by its model,
            dataset and seed.
        coverage: coverage in some regions, by dataset: ``observed[region, bin, track]`` and
            ``predicted[model, region, bin, track]``, with ``chrom`` and ``bin_start`` of each
            region's first bin (bp, 0-based), ``track``, ``assay``, ``unit``, and the attribute
            ``bin_size``. Of the first region, the first track of each assay is drawn for a paper.
        reach: a row per dataset, model, assay and distance: ``dataset``, ``model``, ``assay``,
            ``distance`` (bp), ``pearson``, ``low``, ``high``; none where it was not computed.
    """

    positions: Mapping[tuple[str, str, int], xr.DataArray]
    coverage: Mapping[str, xr.Dataset]
    reach: pd.DataFrame


def write_sequence_comparison(
    comparison: SequenceComparison,
    results: pd.DataFrame,
    shown: Shown,
    folder: Path,
    *,
    facts: dict[str, str],
) -> None:
    """Write a comparison into a folder, replacing what stands there.

    The files are table.md, table.tex, by_assay.tsv, by_dataset.tsv, differences.tsv, the figures
    bars, bars-r2, reach (where it was computed), position-functions/ and coverage/ (each figure as
    .pdf, .svg and .png), and report.html.

    Args:
        comparison: what was found.
        results: a row per run.
        shown: what is shown of the models themselves.
        folder: an existing folder.
        facts: what was compared on what, by label.
    """
    cells, notes = tables.summary_cells(comparison, results), tables.notes(comparison, results)
    write_text(folder / "table.md", texts.markdown(cells, notes))
    write_text(folder / "table.tex", texts.latex(cells, notes))
    for name in ("by_assay", "by_dataset", "differences"):
        table: pd.DataFrame = getattr(comparison, name)
        write_text(folder / f"{name}.tsv", table.to_csv(sep="\t", index=False))
    shown = _in_order(shown, comparison.summary["model"].tolist())
    _write_figures(comparison, shown, folder)
    choices = _choices(comparison, shown)
    write_page(
        "comparison_sequence.html.j2",
        folder / "report.html",
        {f"{name}-{n}": made[1] for name, all_ in choices.items() for n, made in enumerate(all_)},
        content={"title": _title(results), "facts": facts},
        choices={name: [text for text, _ in made] for name, made in choices.items()},
        comparison=comparison,
        summary=cells,
        notes=notes,
        against=texts.difference_cells(comparison.against_baseline(), "datasets"),
        pairs=texts.difference_cells(_overall(comparison.differences), "datasets"),
        by_assay={figures.SCORES[m]: tables.assay_cells(comparison, m) for m in figures.SCORES},
        failed=results.loc[results["status"] == "failed", list(_FAILED)].rename(columns=_FAILED),
    )


def _in_order(shown: Shown, models: list[str]) -> Shown:
    """Put the models in the order of the table, so that each has one colour in all figures."""
    coverage = {
        dataset: data.sel(model=[model for model in models if model in data["model"].to_numpy()])
        for dataset, data in shown.coverage.items()
    }
    by_model = shown.reach["model"].map({model: place for place, model in enumerate(models)})
    reach = shown.reach.iloc[np.argsort(by_model.to_numpy(), kind="stable")]
    return replace(shown, coverage=coverage, reach=reach)


def _title(results: pd.DataFrame) -> str:
    models, datasets = results["model"].nunique(), results["dataset"].nunique()
    return f"{models} models on {datasets} {'dataset' if datasets == 1 else 'datasets'} of DNA"


def _overall(differences: pd.DataFrame) -> pd.DataFrame:
    return differences[(differences["metric"] == "pearson") & (differences["assay"] == ALL_TRACKS)]


def _write_figures(comparison: SequenceComparison, shown: Shown, folder: Path) -> None:
    for name in _FOLDERS:
        (folder / name).mkdir(exist_ok=True)
    for kind in FORMATS:
        old = [path for name in _FOLDERS for path in (folder / name).glob(f"*.{kind}")]
        for path in [*old, *folder.glob(f"reach*.{kind}")]:
            path.unlink()
    for metric, name in (("pearson", "bars"), ("r2", "bars-r2")):
        scores = _scores(comparison, metric)
        save_figure(_widened(paper.assay_bars(scores, metric), scores), folder, name)
    for (model, dataset, seed), f in shown.positions.items():
        name = _file_name(model, dataset, "seed", seed)
        save_figure(paper.position_functions(f), folder / "position-functions", name)
    for one in _panels(shown):
        if one.for_paper:
            figure = paper.coverage(one.rows, one.place, textwrap.fill(one.unit, _SIDE))
            name = _file_name(one.dataset, one.place.chrom, one.place.start, one.track)
            save_figure(figure, folder / "coverage", name)
    for (dataset, assay), table in _reaches(shown):
        if assay == ALL_TRACKS:
            figure = _widened(paper.reach(table, "model"), table)
            save_figure(figure, folder, _file_name("reach", dataset))


def _file_name(*parts: object) -> str:
    """Give a name without blanks, which LaTeX would stumble over."""
    return safe_name("-".join(map(str, parts))).replace(" ", "_")


def _widened(figure: "Figure", table: pd.DataFrame) -> "Figure":
    """Make room for the names of the models, which stand beside the figure."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + _LETTER * table["model"].str.len().max(), height)
    return figure


def _scores(comparison: SequenceComparison, metric: str) -> pd.DataFrame:
    """Give the values of a score as ``figures.assay_bars`` takes them."""
    table = comparison.by_assay
    return table[table["metric"] == metric]


def _panels(shown: Shown) -> Iterator[Panels]:
    for dataset, data in shown.coverage.items():
        first = ~pd.Series(data["assay"].to_numpy()).duplicated()
        for region in range(data.sizes["region"]):
            for track in range(data.sizes["track"]):
                one = data.isel(region=region, track=track)
                chrom, start = str(one["chrom"].item()), int(one["bin_start"].item())
                name = str(one["track"].item())
                rows = {f"{name}, observed": one["observed"].to_numpy()} | {
                    str(model): one["predicted"].sel(model=model).to_numpy()
                    for model in data["model"].to_numpy()
                }
                yield Panels(
                    dataset=dataset,
                    track=name,
                    place=paper.Place(chrom, start, int(data.attrs["bin_size"])),
                    unit=str(one["unit"].item()),
                    rows=rows,
                    for_paper=region == 0 and bool(first[track]),
                )


def _reaches(shown: Shown) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Give accuracy against reach of each dataset and assay, which come first."""
    for (dataset, assay), table in shown.reach.groupby(["dataset", "assay"], sort=False):
        yield (str(dataset), str(assay)), table


def _choices(comparison: SequenceComparison, shown: Shown) -> dict[str, Choices]:
    """Give the figures of the page: for each place in it those to choose from, with their names."""
    made: dict[str, Choices] = {"bars": [], "differences": []}
    for metric in METRICS:
        score = figures.SCORES[metric]
        made["bars"].append((score, figures.assay_bars(_scores(comparison, metric), metric)))
        for assay in comparison.by_assay["assay"].unique():
            against = comparison.against_baseline(metric, assay)
            if len(against):
                figure = comparison_figures.differences(against, score, "datasets")
                made["differences"].append((f"{score}, {assay}", figure))
    made["positions"] = [
        (f"{model} on {dataset}, seed {seed}", figures.position_functions(f))
        for (model, dataset, seed), f in shown.positions.items()
    ]
    made["coverage"] = [
        (one.title, coverage_figure(one.rows, one.place, one.unit)) for one in _panels(shown)
    ]
    made["reach"] = [
        (", ".join(names), figures.reach(table, "model")) for names, table in _reaches(shown)
    ]
    return {name: choices for name, choices in made.items() if choices}
