"""A report's content, made up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

HOSTILE = "<img src=x onerror=window.hacked=1>"
ASSAYS = ("CAGE", "DNASE", "CHIP")


@pytest.fixture(scope="session")
def make_content():
    """Give a function that makes up a report of so many tracks, regions and bins."""
    return _content


@pytest.fixture(scope="session")
def content(make_content):
    """A report on 30 tracks, of which the first does not vary, with all there can be."""
    return make_content(30)


@pytest.fixture(scope="session")
def bare(content):
    """The same of a model without attention, whose reach was not computed."""
    return replace(
        content,
        title="dilated on simulated",
        coverage=None,
        positions=None,
        attention=None,
        reach=None,
        history=None,
        best_epoch=None,
        reach_command="attendome evaluate run --reach",
    )


@pytest.fixture(scope="session")
def hostile(content):
    """The same with names that try to be markup and script."""
    from attendome.reports.sequence.browser import Browser

    tracks = content.tracks.copy()
    tracks.loc[1, ["track", "assay", "description"]] = [HOSTILE, HOSTILE, "</script><b>b</b>" * 50]
    names = content.coverage["track"].to_numpy().astype(object)
    names[0] = HOSTILE
    coverage = content.coverage.assign_coords(
        track=names,
        unit=("track", [HOSTILE] * len(names)),
        chrom=("region", [HOSTILE] * content.coverage.sizes["region"]),
    )
    positions = content.positions.assign_coords(head=[HOSTILE, "</script>"])
    metrics = content.metrics.copy()
    for metric in ("pearson", "r2"):
        scores = content.metrics[metric]
        named = {HOSTILE: scores["overall"]}
        metrics[metric] = {"overall": scores["overall"], "by_assay": named}
    return replace(
        content,
        title=HOSTILE,
        facts={HOSTILE: "</script><script>window.hacked=3</script>"},
        warnings=[HOSTILE],
        notes=[HOSTILE],
        tracks=tracks,
        coverage=coverage,
        browser=Browser(coverage.isel(region=slice(8))),
        positions=positions,
        metrics=metrics,
        reach=content.reach.assign(assay=HOSTILE),
    )


def _content(number, regions=12, bins=64, heads=2):
    from attendome.reports.sequence.browser import Browser
    from attendome.reports.sequence.content import SequenceReportContent, chosen_tracks

    generator = np.random.default_rng(0)
    r = np.round(np.clip(generator.normal(0.5, 0.2, number), -1, 1), 6)
    r[0] = np.nan
    tracks = pd.DataFrame(
        {
            "track": [f"T{n}" for n in range(number)],
            "assay": [ASSAYS[n % 3] for n in range(number)],
            "description": [
                f"{ASSAYS[n % 3]}:cell {n}, {'adult ' * (n % 9)}" for n in range(number)
            ],
            "pearson": r,
            "r2": r**2 - 0.1,
        }
    )
    offset = np.arange(1 - bins, bins) * 128
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "train_loss": [0.7, 0.6, 0.5],
            "valid_loss": [0.7, 0.65, 0.66],
            "valid_pearson": [0.1, 0.4, 0.3],
        }
    )
    coverage = _coverage(chosen_tracks(tracks, 24), regions, bins)
    return SequenceReportContent(
        title=f"attention on {number} tracks",
        facts={"Model": "attention", "Versions": "attendome 0.1.0"},
        warnings=["3 of 12 regions scored overlap the input of a training region."],
        metrics=_metrics(tracks, regions),
        tracks=tracks,
        history=history,
        best_epoch=2,
        coverage=coverage,
        browser=Browser(coverage.isel(region=slice(8))),
        margin=2,
        positions=xr.DataArray(
            np.stack([np.exp(-np.abs(offset - 128 * 8 * n) / 2000) for n in range(heads)]),
            {"head": [f"head {n + 1}" for n in range(heads)], "offset": offset},
            ("head", "offset"),
            attrs={"role": "multiplies"},
        ),
        attention=_attention(offset, heads, bins),
        reach=_reach(),
    )


def _metrics(tracks, regions):
    def of(values):
        mean = float(values.mean())
        return {"value": mean, "low": mean - 0.03, "high": mean + 0.02}

    scores = {
        metric: {
            "overall": of(tracks[metric]),
            "by_assay": {assay: of(rows[metric]) for assay, rows in tracks.groupby("assay")},
        }
        for metric in ("pearson", "r2")
    }
    return {"split": "test", "n": regions, "tracks": len(tracks), "left_out": 1} | scores


def _coverage(chosen, regions, bins):
    generator = np.random.default_rng(1)
    shape = (regions, len(chosen), bins)
    observed = generator.gamma(0.3, 8, shape)
    # The last four regions vary little.
    observed[-4:] = 1
    predicted = observed * generator.uniform(0.3, 1.2, shape) + 0.1
    return xr.Dataset(
        {
            "observed": (("region", "track", "bin"), observed),
            "predicted": (("region", "track", "bin"), predicted),
        },
        {
            "chrom": ("region", [f"chr{n + 1}" for n in range(regions)]),
            "split": ("region", ["test"] * regions),
            "bin_start": ("region", 1_000_000 + 200_000 * np.arange(regions)),
            "track": chosen,
            "unit": ("track", ["coverage (sum over 128 bp)"] * len(chosen)),
        },
        {"bin_size": 128},
    )


def _attention(offset, heads, bins):
    even = (bins - np.abs(offset) // 128) / bins**2
    mass = np.stack([even * np.exp(-np.abs(offset) / 3000 / (n + 1)) for n in range(heads)])
    return xr.Dataset(
        {
            "mass": (("head", "offset"), mass / mass.sum(axis=1, keepdims=True)),
            "even": (("offset",), even),
        },
        {"head": [f"head {n + 1}" for n in range(heads)], "offset": offset},
        {"regions": 4},
    )


def _reach():
    rows = [
        {"distance": d, "assay": assay, "pearson": 0.2 + 0.05 * n, "low": 0.15, "high": 0.5}
        for n, d in enumerate((0, 512, 4096, 32_768))
        for assay in ASSAYS
    ]
    return pd.DataFrame(rows)
