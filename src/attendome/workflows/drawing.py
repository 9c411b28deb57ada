"""Draw the figures of the papers from trained models: PDF, SVG and PNG."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from attendome.data import ChromatinDataset, as_chromatin
from attendome.errors import SettingsError
from attendome.interpretation.attention import prediction_maps
from attendome.interpretation.maps import predicted_groups
from attendome.interpretation.methods import methods_of
from attendome.models.outputs import ON_FROM
from attendome.outputs import check_export, check_new, new_output
from attendome.reports import paper_figures as figures
from attendome.reports.paper import FORMATS, save_figure
from attendome.workflows.known_maps import maps_of
from attendome.workflows.matching import Data
from attendome.workflows.parts import Progress
from attendome.workflows.run import Run, open_chromatin_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMES = ("alpha-by-mark", "alpha-held-out", "beta-genes", "beta-of-", "class-patterns")
_PATTERNS = "class-optimisation"
_SIGNS = {"alpha": "α", "beta": "β"}


@dataclass(frozen=True)
class Figures:
    """What was drawn.

    Attributes:
        path: the folder.
        drawn: name of each figure, below the folder and without its ending.
        left_out: why a figure was not drawn.
    """

    path: Path
    drawn: list[str]
    left_out: list[str]


def export_figures(
    runs: Sequence[Run | str | Path],
    out: str | Path,
    *,
    held_out: str | None = None,
    genes: Sequence[str] = (),
    data: Sequence[Data] | None = None,
    force: bool = False,
    progress: Progress = lambda _done, _all: None,
) -> Figures:
    """Draw what runs looked at in their test splits, each figure as .pdf, .svg and .png.

    They are alpha-by-mark, alpha-held-out, beta-genes and class-patterns, of several runs in a
    folder each, and beta-of-GENE of all runs together. What a model has no attention for is left
    out. Patterns are taken from class-optimisation.zarr in the run folder where it is of these
    weights and genes.

    Args:
        runs: the runs, or their folders; one per cell type.
        out: the folder to make.
        held_out: a mark of the datasets that is no input of the models, to hold α against.
        genes: genes, by ID or name, whose β is drawn over the runs.
        data: the dataset of each run; by default their own.
        force: replace ``out`` where an earlier export made it.
        progress: told how many figures are done, and of how many.

    Raises:
        SettingsError: the held-out mark is an input of a model, the datasets are not as many as the
            runs, or there is nothing to draw.
        DataError: a dataset has no test split, not the held-out mark or not a gene, or ``out``
            exists and ``force`` is not set or it holds something else.
    """
    folder = Path(out)
    check_new(folder, force=force)
    check_export(folder, _drawn_before)
    subjects = _subjects(runs, data, held_out)
    jobs = [*_of_all(subjects, genes), *(job for subject in subjects for job in _of_one(subject))]
    drawn, left_out = [], []
    with new_output(folder, force=force) as made:
        made.mkdir()
        for number, (name, draw) in enumerate(jobs, start=1):
            figure = draw()
            if isinstance(figure, str):
                left_out.append(f"{name}: {figure}")
            else:
                place = made / name
                place.parent.mkdir(exist_ok=True)
                save_figure(figure, place.parent, place.name)
                drawn.append(name)
            progress(number, len(jobs))
        if not drawn:
            raise SettingsError(f"There is nothing to draw: {'; '.join(left_out)}.")
    return Figures(folder, drawn, left_out)


Job = tuple[str, Callable[[], "Figure | str"]]
"""The name of a figure, and what draws it, or says why it cannot be drawn."""


@dataclass(frozen=True)
class _Subject:
    """A run, the dataset as its model takes it, and the signal of the held-out mark."""

    run: Run
    data: ChromatinDataset
    held_out: xr.DataArray | None
    label: str
    folder: str

    @cached_property
    def maps(self) -> xr.Dataset:
        return self.maps_of(self.data.split("test"))

    def maps_of(self, part: ChromatinDataset) -> xr.Dataset:
        return prediction_maps(self.run.model, part, self.run.description)


def _subjects(
    runs: Sequence[Run | str | Path], data: Sequence[Data] | None, held_out: str | None
) -> list[_Subject]:
    opened = [open_chromatin_run(run) for run in runs]
    given = [None] * len(opened) if data is None else list(data)
    if len(given) != len(opened):
        raise SettingsError(
            f"Expected a dataset for each of the {len(opened)} runs, found {len(given)}: give "
            "--data as many times as there are runs, in their order."
        )
    found = [run.dataset(where) for run, where in zip(opened, given, strict=True)]
    labels = _labels(opened, found)
    subjects = []
    for run, where, dataset, label in zip(opened, given, found, labels, strict=True):
        signal = _held_out(run, where, dataset.split("test"), held_out) if held_out else None
        folder = "" if len(opened) == 1 else f"{_file_name(label)}/"
        subjects.append(_Subject(run, dataset, signal, label, folder))
    return subjects


def _held_out(run: Run, where: Data, part: ChromatinDataset, mark: str) -> xr.DataArray:
    """Give the signal of a mark that the model does not see."""
    if mark in run.description.marks:
        raise SettingsError(
            f"{run.path}: {mark} is an input of this model, so that it is not held out; train one "
            "without it, naming its marks with --marks."
        )
    whole = as_chromatin(run.config.data[0] if where is None else where)
    signal = whole.with_marks([mark]).signal.isel(mark=0)
    return signal.sel(gene=part.xarray["gene"].to_numpy()).rename(mark)


def _labels(runs: Sequence[Run], data: Sequence[ChromatinDataset]) -> list[str]:
    """Name each run by its cell type, and where that is not enough by more."""
    labels = [dataset.cell_type for dataset in data]
    for more in ([run.description.model for run in runs], [str(run.path) for run in runs]):
        if len(set(labels)) < len(labels):
            labels = [", ".join(words) for words in zip(labels, more, strict=True)]
    return labels


def _of_one(subject: _Subject) -> list[Job]:
    """List the figures of a run."""
    jobs: list[Job] = [("alpha-by-mark", partial(_drawn, subject, "alpha", figures.alpha_by_mark))]
    if subject.held_out is not None:
        jobs.append(("alpha-held-out", partial(_alpha_beside, subject, subject.held_out)))
    jobs.append(("beta-genes", partial(_drawn, subject, "beta", figures.beta_of_genes)))
    jobs.append(("class-patterns", partial(_class_patterns, subject)))
    return [(subject.folder + name, draw) for name, draw in jobs]


def _drawn(subject: _Subject, kind: str, draw: Callable[[xr.Dataset], "Figure"]) -> "Figure | str":
    return draw(subject.maps) if kind in subject.maps else _without(subject, kind)


def _without(subject: _Subject, kind: str) -> str:
    return f"{subject.run.description.model} has no {_SIGNS[kind]}"


def _alpha_beside(subject: _Subject, held_out: xr.DataArray) -> "Figure | str":
    if not {"on", "high"} & set(predicted_groups(subject.maps)):
        return "no gene is predicted on"
    return _drawn(subject, "alpha", partial(figures.alpha_beside, held_out=held_out))


def _class_patterns(subject: _Subject) -> "Figure | str":
    if _PATTERNS not in methods_of(subject.run.description.model):
        return f"{subject.run.description.model} has no gradient"
    part = subject.data.split("test")
    return figures.class_patterns(maps_of(subject.run, subject.data, part, _PATTERNS))


def _of_all(subjects: Sequence[_Subject], genes: Sequence[str]) -> list[Job]:
    """List the figures of all runs together."""
    jobs: list[Job] = []
    for gene in genes:
        parts = [(subject, subject.data.with_genes([gene])) for subject in subjects]
        jobs.append((f"beta-of-{_file_name(gene)}", partial(_beta_of_gene, gene, parts)))
    return jobs


def _beta_of_gene(gene: str, parts: Sequence[tuple[_Subject, ChromatinDataset]]) -> "Figure | str":
    rows, said = {}, []
    for subject, part in parts:
        maps = subject.maps_of(part).isel(gene=0)
        if "beta" not in maps:
            return _without(subject, "beta")
        rows[subject.label] = maps["beta"].to_series()
        said.append(_prediction(maps))
    marks = list(dict.fromkeys(mark for row in rows.values() for mark in row.index))
    table = pd.DataFrame(rows).T[marks]
    return figures.beta_of_gene(table, said, gene)


def _prediction(maps: xr.Dataset) -> str:
    """Say what is predicted for a gene, and what was observed."""
    if "probability" in maps:
        probability = float(maps["probability"])
        text = f"predicted {_on(probability >= ON_FROM)} ({probability:.2f})"
        return f"{text}, observed {_on(bool(maps['label']))}" if "label" in maps else text
    text = f"predicted {float(maps['predicted_expression']):.2f}"
    if "observed_expression" in maps:
        text += f", observed {float(maps['observed_expression']):.2f}"
    return f"{text} (log2 expression)"


def _on(state: bool) -> str:
    return "on" if state else "off"


def _file_name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip(".") or "unnamed"


def _drawn_before(entry: Path) -> bool:
    """Tell whether a file is a figure, or a folder of figures."""
    files = [path for path in entry.rglob("*") if not path.is_dir()] if entry.is_dir() else [entry]
    return all(p.suffix[1:] in FORMATS and p.name.startswith(_NAMES) for p in files)
