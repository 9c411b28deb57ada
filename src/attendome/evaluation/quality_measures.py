"""What is measured of a chromatin dataset, to judge its quality."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from attendome.data import ChromatinDataset


@dataclass(frozen=True)
class MarkQuality:
    """Numbers of one mark; None where they are not known.

    Attributes:
        unit: what the signal counts, such as "reads per bin".
        reads: records in the mark's files.
        used: reads that were counted.
        left_out: how many reads were not, by reason.
        in_windows: share of the used reads that overlap at least one window.
        depth: used reads, in millions.
        mean: mean signal per bin.
        max: highest signal of a bin.
        zero: share of the bins with data whose signal is 0.
        missing: share of the bins without data.
    """

    unit: str
    reads: int | None
    used: int | None
    left_out: dict[str, int]
    in_windows: float | None
    depth: float | None
    mean: float | None
    max: float | None
    zero: float | None
    missing: float


def measure_marks(data: ChromatinDataset) -> dict[str, MarkQuality]:
    """Measure each mark, by name; a mark of several files has the sums of their reads."""
    return {
        mark: MarkQuality(
            **_reads([source for source in signal_sources(data) if source.get("mark") == mark]),
            **_signal(data.signal.sel(mark=mark).to_numpy()),
        )
        for mark in data.marks
    }


def signal_sources(data: ChromatinDataset) -> list[dict[str, Any]]:
    """Select the sources of a built dataset that are files of signal or of a control."""
    sources: list[dict[str, Any]] = data.xarray.attrs["sources"]
    return [source for source in sources if source.get("role") in ("signal", "control")]


def _reads(sources: list[dict[str, Any]]) -> dict[str, Any]:
    counted = [source for source in sources if "used" in source]
    totals = {k: sum(s[k] for s in counted) for k in ("reads", "used", "in_windows")}
    left_out: Counter[str] = Counter()
    for source in counted:
        left_out.update(source.get("left_out", {}))
    return {
        "unit": "reads per bin" if counted else "coverage" if sources else "signal per bin",
        "reads": totals["reads"] if counted else None,
        "used": totals["used"] if counted else None,
        "left_out": dict(left_out),
        "in_windows": totals["in_windows"] / totals["used"] if totals["used"] else None,
        "depth": totals["used"] / 1e6 if counted else None,
    }


def _signal(signal: Float[np.ndarray, "gene bin"]) -> dict[str, Any]:
    known = signal[~np.isnan(signal)]
    return {
        "mean": float(known.mean(dtype=np.float64)) if known.size else None,
        "max": float(known.max()) if known.size else None,
        "zero": float((known == 0).mean()) if known.size else None,
        "missing": 1 - known.size / signal.size,
    }


def mean_profiles(data: ChromatinDataset) -> xr.DataArray:
    """Average the signal over genes, missing values left out.

    Returns:
        ``[group, mark, bin]`` in the order of the dataset's bins, with ``bin_start`` (bp from the
        TSS) and ``genes[group]``, their number; ``bin_size`` and ``oriented`` are attributes. The
        groups are those of the labels that occur, ``on`` and ``off``, and without labels ``all``.
    """
    everything = np.ones(data.signal.sizes["gene"], dtype=bool)
    groups = {"all": everything}
    if "label" in data.xarray:
        groups = {"on": data.labels() == 1, "off": data.labels() == 0}
    groups = {name: chosen for name, chosen in groups.items() if chosen.any()}
    signal = data.signal.to_numpy()
    return xr.DataArray(
        np.stack([known_mean(signal[chosen], axis=0) for chosen in groups.values()]),
        dims=("group", "mark", "bin"),
        coords={
            "group": list(groups),
            "mark": data.marks,
            "bin_start": ("bin", data.xarray["bin_start"].to_numpy()),
            "genes": ("group", [int(chosen.sum()) for chosen in groups.values()]),
        },
        attrs={"bin_size": data.bin_size, "oriented": data.oriented},
    )


def known_mean(values: Float[np.ndarray, "..."], axis: int) -> Float[np.ndarray, "..."]:
    """Average the values that are not missing; missing where all are."""
    count = (~np.isnan(values)).sum(axis=axis)
    total = np.nansum(values, axis=axis, dtype=np.float64)
    mean = np.full_like(total, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def correlate(data: ChromatinDataset) -> xr.DataArray:
    """Correlate the marks: Pearson's r of log(1 + signal) over genes × bins, ``[mark, other]``.

    Bins where one of the two marks has no data are left out; a mark that does not vary correlates
    with none (NaN).
    """
    signal = data.signal.transpose("mark", "gene", "bin").to_numpy()
    values = np.log1p(signal.reshape(len(data.marks), -1))
    table = pd.DataFrame(values.T).corr().to_numpy()
    return xr.DataArray(table, coords={"mark": data.marks, "other": data.marks})
