"""The checks of a validation: on the maps of a run, and of those that it is held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int

from attendome.data import ChromatinDataset
from attendome.interpretation.agreement import agreement_rows
from attendome.interpretation.faithfulness import RANDOM, SHARES, Curves, Faithfulness
from attendome.interpretation.held_out import Cells, HeldOut
from attendome.interpretation.marks import OnMarks, Signal
from attendome.interpretation.methods import METHODS
from attendome.workflows.parts import Watch
from attendome.workflows.validation_runs import (
    REVERSED,
    UNTRAINED,
    Beside,
    importance_of,
)

FAITHFUL = 200
"""Genes whose signal is removed, and added, cell by cell."""


@dataclass(frozen=True)
class Genes:
    """The genes of a validation.

    Attributes:
        data: with the marks of the model.
        target: the same genes, with the held-out mark only.
        model: the model, and ``signal``, what it reads.
        on: which genes are predicted on, or high.
        of: how many genes the test split has.
        note: what must be said of those predicted on; empty where nothing must.
    """

    data: ChromatinDataset
    target: ChromatinDataset
    model: OnMarks
    signal: Signal
    on: Bool[np.ndarray, " gene"]
    of: int
    note: str


def checked(
    beside: Beside, genes: Genes, names: Sequence[str], folder: Path, watch: Watch
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the maps of all runs, and check those of each method."""
    runs = {"run": beside.run} | {run.path.name: run for run in beside.others()}
    maps: dict[str, dict[str, Cells]] = {name: {} for name in names}
    for where, run in runs.items():
        (folder / where).mkdir(parents=True, exist_ok=True)
        for name in names:
            maps[name][where] = importance_of(run, genes.data, name, folder / where, watch)
    few = sample(len(genes.on), FAITHFUL)
    rows: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    with watch("deletion and insertion curves") as progress:
        towards = np.where(genes.on, 1, -1)
        faithful = Faithfulness(genes.model, genes.signal[torch.from_numpy(few)], towards[few])
        curves += _curve_rows(RANDOM, faithful.random)
        for number, (name, of_runs) in enumerate(maps.items(), start=1):
            own, signed = of_runs["run"], METHODS[name].signed
            followed = faithful.curves(own[few], signed=signed)
            rows += [*_held_out(genes, name, of_runs), *faithful.rows(name, followed)]
            curves += _curve_rows(name, followed)
            if beside.seeds:
                seeds = [own, *(of_runs[run.path.name] for run in beside.seeds)]
                turned, blank = of_runs.get(REVERSED), of_runs.get(UNTRAINED)
                rows += agreement_rows(name, seeds, untrained=blank, reversed_marks=turned)
            progress(number, len(names))
    return pd.DataFrame(rows), pd.DataFrame(curves)


def _held_out(genes: Genes, name: str, maps: Mapping[str, Cells]) -> Iterator[dict[str, Any]]:
    on, data = genes.on, genes.data
    held = HeldOut(
        tuple(data.marks),
        genes.signal.numpy()[on],
        genes.target.signal.to_numpy()[on, 0],
        data.xarray["bin_start"].to_numpy() + data.bin_size / 2,
    )
    untrained = maps[UNTRAINED][on] if UNTRAINED in maps else None
    return held.rows(name, maps["run"][on], untrained)


def _curve_rows(name: str, curves: Curves) -> Iterator[dict[str, Any]]:
    for check, values in curves.items():
        for share, change in zip(SHARES, values.mean(axis=0), strict=True):
            yield {"method": name, "check": check, "share": share, "change": change}


def sample(count: int, most: int) -> Int[np.ndarray, " chosen"]:
    """Choose some of many genes, always the same ones, in their order."""
    return np.sort(np.random.default_rng(0).permutation(count)[:most])
