"""Gather what the report of a sequence run shows, and write it."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Int

from attendome.config import validate
from attendome.data import SequenceDataset
from attendome.data.splits import SPLITS
from attendome.errors import RunError
from attendome.reports.sequence.content import SequenceReportContent, most_variable
from attendome.reports.sequence.html import REGIONS, write_sequence_report
from attendome.training.history import best_epoch, read_history
from attendome.training.sequence.inference import Averaging
from attendome.workflows.sequence.browsing import Beside, Files, attention_pairs, regions_asked
from attendome.workflows.sequence.looking import attention_of, coverage_of, position_functions
from attendome.workflows.sequence.run import REACH, TRACKS, SequenceRun

PREDICTED = 32
"""Regions that are predicted for a report at most."""


def write(
    run: SequenceRun,
    data: SequenceDataset,
    metrics: dict[str, Any],
    path: Path,
    beside: Beside | None = None,
) -> None:
    """Write the report of a run.

    Args:
        run: the run.
        data: the dataset of the last evaluation, with the tracks in the model's order.
        metrics: the content of metrics.json.
        path: where to write, replacing what stands there.
        beside: what is shown along the genome, beside coverage and attention.

    Raises:
        RunError: a table of the run folder is missing or damaged.
        SettingsError: a stretch of ``beside`` is none.
        DataError: a file of ``beside`` cannot be read, or it has nothing of this dataset.
    """
    write_sequence_report(report_content(run, data, metrics, beside), path)


def report_content(
    run: SequenceRun,
    data: SequenceDataset,
    metrics: dict[str, Any],
    beside: Beside | None = None,
) -> SequenceReportContent:
    """Gather the content of the report; arguments and errors are those of ``write``."""
    tracks = _table(run.path / TRACKS, ("track", "assay", "description", "pearson", "r2"), run.path)
    history, part = read_history(run.path), data.split(metrics["split"])
    beside = beside or Beside()
    files, asked = Files.read(beside, data), regions_asked(data, beside.regions)
    regions, averaging = _spaced(part, PREDICTED), validate(Averaging, metrics["averaging"])
    among = files.tracks(tracks)
    coverage = coverage_of(run, regions, among, averaging)
    attention, notes = attention_of(run.model, regions)
    browser = None
    if coverage is not None:
        places = most_variable(coverage, REGIONS)
        shown, values = _taken(regions, places), coverage.isel(region=places)
        if asked is not None:
            shown, values = asked, cast(xr.Dataset, coverage_of(run, asked, among, averaging))
        pairs = None if attention is None else attention_pairs(run.model, shown, attention["head"])
        browser = replace(files.browser(values, shown), asked=asked is not None, attention=pairs)
    return SequenceReportContent(
        title=f"{run.config.model} on {len(tracks):,} tracks",
        facts=_facts(run, data, metrics),
        warnings=_warnings(run, data, metrics),
        metrics=metrics,
        tracks=tracks,
        history=history,
        best_epoch=None if history is None else best_epoch(history),
        coverage=coverage,
        browser=browser,
        margin=metrics["margin"],
        positions=position_functions(run.model, data),
        attention=attention,
        reach=_reach(run.path),
        reach_command=f"attendome evaluate {run.path} --reach",
        notes=notes if coverage is not None else [*notes, _not_shown(files)],
    )


def _not_shown(files: Files) -> str:
    which = "" if files.variants is None else "in the table of variants "
    return f"Nothing is shown along the genome: no track {which}has a score."


def _spaced(data: SequenceDataset, limit: int) -> SequenceDataset:
    """Take regions that are evenly spaced over all, so that none is chosen for its prediction."""
    places = np.unique(np.linspace(0, len(data) - 1, min(limit, len(data))).round().astype(int))
    return _taken(data, places)


def _taken(data: SequenceDataset, places: Int[np.ndarray, " region"]) -> SequenceDataset:
    return replace(data, xarray=data.xarray.isel(region=places))


def _table(path: Path, columns: tuple[str, ...], folder: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)[list(columns)]
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"{path}: missing or damaged; make it again with: attendome evaluate {folder}"
        ) from error


def _reach(folder: Path) -> pd.DataFrame | None:
    path = folder / REACH
    if not path.is_file():
        return None
    scores = ("pearson", "low", "high")
    return _table(path, ("distance", "assay", *scores), folder).astype(dict.fromkeys(scores, float))


def _facts(run: SequenceRun, data: SequenceDataset, metrics: dict[str, Any]) -> dict[str, str]:
    config, sizes = run.config, data.regions["split"].value_counts()
    assays = data.tracks["assay"].value_counts(sort=False)
    parameters = sum(p.numel() for p in run.model.parameters() if p.requires_grad)
    restored = f" ({', '.join(config.restored)} restored)" if config.restored else ""
    started = f", started from {config.init_from}{restored}" if config.init_from else ""
    return {
        "Model": f"{config.model}, {parameters:,} trainable parameters",
        "Weights": f"trained on {', '.join(config.data)}{started}",
        "Scored on": f"split '{metrics['split']}' of {metrics['data']}"
        + _averaged(metrics["averaging"]),
        "Assembly": str(data.xarray.attrs["assembly"]) or "not known",
        "Regions": ", ".join(f"{sizes.get(name, 0):,} {name}" for name in SPLITS),
        "Sequence": f"{data.length:,} bp; {data.bins:,} bins of {data.bin_size} bp, "
        f"{data.crop:,} bp cropped on each side",
        "Tracks": ", ".join(f"{count:,} {assay}" for assay, count in assays.items()),
        "Settings": ", ".join(f"{name} = {value}" for name, value in config.settings.items()),
        "Versions": ", ".join(f"{name} {number}" for name, number in config.versions.items()),
    }


def _averaged(averaging: dict[str, Any]) -> str:
    """Say what predictions were averaged over, if anything."""
    over = ["both strands"] if averaging["reverse_complement"] else []
    if averaging["shifts"] != [0]:
        over.append(f"shifts of {', '.join(map(str, averaging['shifts']))} bp")
    return f"; predictions are means over {' and '.join(over)}" if over else ""


def _warnings(run: SequenceRun, data: SequenceDataset, metrics: dict[str, Any]) -> list[str]:
    """Say what makes the scores look better than they are, and what they leave out."""
    split, found = metrics["split"], []
    if data.fingerprint() != run.config.fingerprint:
        found.append(
            "The regions scored are not of the dataset that the model was trained on, or that has "
            "changed; they may have been seen in training."
        )
    elif split != "test":
        use = "were used in training" if split == "train" else "chose the best epoch"
        found.append(f"These regions {use}: the scores are too good for new regions.")
    elif (leak := data.leak(split))["overlapping"]:
        found.append(
            f"{leak['overlapping']} of {leak['regions']} regions scored overlap the input of a "
            "training region: part of their sequence was seen in training."
        )
    if metrics["left_out"]:
        found.append(
            f"{metrics['left_out']} of {metrics['tracks']} tracks have the same coverage in all "
            "bins scored: they are left out of the means."
        )
    if metrics["constant"]:
        found.append(
            f"The predictions of {metrics['constant']} tracks are the same in all bins: their r "
            "counts as 0."
        )
    return found
