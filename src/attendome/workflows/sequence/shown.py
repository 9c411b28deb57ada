"""What a comparison shows of the models themselves: position functions, coverage and reach."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Int

from attendome.reports.sequence.comparison import Shown
from attendome.training.sequence.sums import RegionSums
from attendome.workflows.run import open_run
from attendome.workflows.sequence.looking import coverage_of, position_functions
from attendome.workflows.sequence.run import REACH, REGION_SUMS, TRACKS, SequenceRun

REGIONS = 3
"""Regions of a dataset whose coverage is shown."""
_REACH = ["dataset", "model", "assay", "distance", "pearson", "low", "high"]


def gather(results: pd.DataFrame, baseline: str) -> Shown:
    """Gather what is shown of the models themselves.

    Args:
        results: a row per run.
        baseline: the model whose scores choose the tracks that are shown, where it has a run.
    """
    done = results[results["status"] == "done"]
    positions, coverage = {}, {}
    for _, row in done.iterrows():
        run = _opened(row["run"])
        found = position_functions(run.model, run.dataset())
        if found is not None:
            positions[row["model"], row["dataset"], int(row["seed"])] = found
    for dataset, rows in done.groupby("dataset", sort=False):
        shown = _coverage(rows, baseline)
        if shown is not None:
            coverage[str(dataset)] = shown
    return Shown(positions, coverage, _reach(done))


def _opened(path: str) -> SequenceRun:
    run = open_run(path)
    assert isinstance(run, SequenceRun)  # noqa: S101 - of a comparison of sequence models
    return run


def _coverage(rows: pd.DataFrame, baseline: str) -> xr.Dataset | None:
    """Predict coverage in a few test regions of a dataset, by the first seed of each model."""
    firsts = rows.drop_duplicates("model").set_index("model")["run"]
    leading = Path(firsts.get(baseline, firsts.iloc[0]))
    tracks, sums = pd.read_parquet(leading / TRACKS), RegionSums.load(leading / REGION_SUMS)
    regions, found = most_variable(sums, REGIONS), dict[str, xr.Dataset]()
    for model, path in firsts.items():
        run = _opened(path)
        part = run.dataset().split("test")
        part = replace(part, xarray=part.xarray.isel(region=regions))
        shown = coverage_of(run, part, tracks)
        if shown is None:
            return None
        found[str(model)] = shown
    models = pd.Index(list(found), name="model")
    predicted = xr.concat([one["predicted"] for one in found.values()], models)
    assays = tracks.set_index("track")["assay"]
    first = next(iter(found.values())).assign(predicted=predicted)
    return first.assign_coords(assay=("track", assays[first["track"].to_numpy()].to_numpy()))


def most_variable(sums: RegionSums, limit: int) -> Int[np.ndarray, " region"]:
    """Number the regions in which observed coverage varies most, the most variable first.

    Every track counts alike: variance is relative to that of the track over all regions.
    """
    count, _, _, squares, _, _ = sums.moments
    variance = squares / count.clamp(min=1)
    whole = variance.mean(dim=0)
    relative = (variance / whole.where(whole > 0, np.inf)).mean(dim=1).numpy()
    order: Int[np.ndarray, " region"] = np.argsort(-relative, kind="stable")[:limit]
    return order


def _reach(done: pd.DataFrame) -> pd.DataFrame:
    """Read accuracy against reach, mean over seeds."""
    tables = [
        pd.read_parquet(path).assign(dataset=row["dataset"], model=row["model"])
        for _, row in done.iterrows()
        if (path := Path(row["run"]) / REACH).is_file()
    ]
    if not tables:
        return pd.DataFrame(columns=_REACH)
    table = pd.concat(tables)
    return table.groupby(_REACH[:4], sort=False, as_index=False)[_REACH[4:]].mean()
