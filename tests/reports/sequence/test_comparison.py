"""The files and the page of a comparison of sequence models, of made-up runs."""

import json
import re
import shutil
import time

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr

from attendome.evaluation.sequence.comparison import compare_sequence_models
from attendome.reports.sequence.comparison import Shown, write_sequence_comparison
from attendome.training.sequence.sums import RegionSums

HOSTILE = "<img src=x onerror=window.hacked=1>"
ATTENTION = "attention[heads=2,position=two-sided]"
MODELS = ("standard", "dilated", ATTENTION)
TRACKS = {"CAGE one": "CAGE", "CAGE two": "CAGE", HOSTILE: "DNASE"}
REGIONS, BINS = 6, 40


def sums_of(number, seed):
    """Sums of a model that is better, the higher its number."""
    generator = torch.Generator().manual_seed(0)
    observed = torch.rand(REGIONS, BINS, len(TRACKS), generator=generator)
    noise = torch.rand(observed.shape, generator=torch.Generator().manual_seed(10 * number + seed))
    names = [f"chr1:{start}-{start + BINS}" for start in range(REGIONS)]
    sums = RegionSums(names, list(TRACKS), list(TRACKS.values()))
    sums.add(torch.arange(REGIONS), observed, observed + noise / (number + 1))
    return sums


def results_of(models=MODELS, datasets=("hg38",), seeds=(1, 2)):
    rows = [
        {
            "dataset": dataset,
            "model": model,
            "seed": seed,
            "status": "done",
            "error": "",
            "run": f"{models.index(model)} {seed}",
            "seconds": 60.0,
            "step_seconds": 0.25,
            "parameters": 1000 * models.index(model) + 1000,
            "dilated": model == "dilated",
            "attention_layers": int(model == ATTENTION),
            "heads": 2 * (model == ATTENTION),
            "position": "two-sided" if model == ATTENTION else "",
            "machine": "1 of 2 processors",
        }
        for dataset in datasets
        for model in models
        for seed in seeds
    ]
    return pd.DataFrame(rows)


def shown_of(results, *, reach=True):
    offset = 128 * np.arange(-20, 21)
    f = np.exp(-np.abs(offset) / np.array([[500], [2000]]))
    positions = xr.DataArray(
        f, {"head": ["head 1", "head 2"], "offset": offset}, attrs={"role": "multiplies"}
    )
    models, generator = list(results["model"].unique()), np.random.default_rng(0)
    shape = (2, BINS, len(TRACKS))
    coverage = xr.Dataset(
        {
            "observed": (("region", "bin", "track"), generator.random(shape)),
            "predicted": (
                ("model", "region", "bin", "track"),
                generator.random((len(models), *shape)),
            ),
        },
        {
            "model": models,
            "chrom": ("region", ["chr1", "chr2"]),
            "bin_start": ("region", [1000, 5000]),
            "track": list(TRACKS),
            "assay": ("track", list(TRACKS.values())),
            "unit": ("track", ["sum over a bin of 128 bp"] * len(TRACKS)),
        },
        {"bin_size": 128},
    )
    far = pd.DataFrame(
        [
            {"dataset": "hg38", "model": model, "assay": assay, "distance": distance}
            | {"pearson": 0.1 * rank, "low": 0.1 * rank - 0.02, "high": 0.1 * rank + 0.02}
            for model in models
            for assay in ("all tracks", "CAGE", "DNASE")
            for rank, distance in enumerate((0, 1024, 4096))
        ]
    )
    return Shown(
        {(ATTENTION, "hg38", seed): positions for seed in (1, 2)},
        {"hg38": coverage},
        far if reach else far.iloc[:0],
    )


def compared(results):
    load = lambda run: sums_of(*map(int, run.split()))  # noqa: E731
    return compare_sequence_models(results, load, baseline="dilated")


def written(folder, results, **options):
    comparison = compared(results)
    shown = shown_of(results, **options)
    write_sequence_comparison(comparison, results, shown, folder, facts={"Data": HOSTILE})
    return comparison, (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usual")
    return folder, *written(folder, results_of())


def figure(text, name):
    pattern = rf'<script type="application/json" id="figure-{name}">(.*?)</script>'
    return json.loads(re.search(pattern, text, re.DOTALL)[1])


def cells(folder):
    lines = (folder / "table.md").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_the_files(usual):
    folder, comparison, _ = usual
    assert {path.name for path in folder.iterdir()} == {
        *(f"{name}.{kind}" for name in ("bars", "bars-r2", "reach-hg38") for kind in KINDS),
        *("table.md", "table.tex", "by_assay.tsv", "by_dataset.tsv", "differences.tsv"),
        *("report.html", "position-functions", "coverage"),
    }
    assert {path.stem for path in (folder / "position-functions").iterdir()} == {
        f"{ATTENTION}-hg38-seed-{seed}" for seed in (1, 2)
    }
    drawn = {path.stem for path in (folder / "coverage").iterdir()}
    assert "hg38-chr1-1000-CAGE_one" in drawn
    assert len(drawn) == 2, "one track of each assay, of the first region"
    read = pd.read_csv(folder / "differences.tsv", sep="\t")
    pd.testing.assert_frame_equal(read, comparison.differences, check_dtype=False)


KINDS = ("pdf", "svg", "png")


def test_the_paper_s_table(usual):
    folder, comparison, _ = usual
    titles, _, best, *others = cells(folder)
    row = dict(zip(titles, best, strict=True))
    assert row["Model"].replace("\\", "") == ATTENTION
    assert (row["Dilated"], row["Attention layers"], row["Heads"], row["f"]) == (
        "no", "1", "2", "two-sided"
    )  # fmt: skip
    first = comparison.summary.iloc[0]
    assert row["Mean r"] == f"{first['pearson']:.4f}"
    assert row["SD over seeds"] == f"{first['pearson_seed_sd']:.4f}"
    assert row["95% interval of R²"] == f"{first['r2_low']:.4f} to {first['r2_high']:.4f}"
    assert (row["Parameters"], row["Seconds a step"]) == ("3,000", "0.25")
    assert "Datasets" not in row
    assert [other[:5] for other in others] == [
        ["dilated", "yes", "–", "–", "–"],
        ["standard", "no", "–", "–", "–"],
    ]
    assert "each run on 1 of 2 processors" in (folder / "table.md").read_text()


def test_the_page_shows_names_as_text(usual):
    text = usual[2]
    assert HOSTILE not in text
    assert "&lt;img src=x" in text
    panels = figure(text, "coverage-2")
    titles = [note["text"] for note in panels["layout"]["annotations"]]
    assert titles[0].startswith("&lt;img")
    assert titles[1:4] == [*MODELS][::-1], "the best first, as in the table"


def test_what_is_chosen_from(usual):
    text = usual[2]
    options = re.findall(r'<option value="(\w+-\d+)">(.*?)</option>', text)
    names = [name for name, _ in options]
    assert len(names) == len(set(names))
    by_name = dict(options)
    assert [by_name[f"bars-{n}"] for n in range(2)] == ["Pearson&#39;s r", "R²"]
    assert by_name["coverage-0"] == "hg38, chr1 1,000, CAGE one"
    assert by_name["reach-1"] == "hg38, CAGE"
    assert by_name["positions-1"] == f"{ATTENTION} on hg38, seed 2"
    for name in names:
        assert f'id="figure-{name}"' in text


def test_a_model_of_which_all_runs_failed_and_old_figures(usual, tmp_path):
    shutil.copytree(usual[0], tmp_path, dirs_exist_ok=True)
    results = results_of().astype(object)
    failed = results["model"] == ATTENTION
    results.loc[failed, ["status", "error"]] = "failed", HOSTILE
    results.loc[failed, ["dilated", "attention_layers", "heads", "position", "machine"]] = np.nan
    comparison = compared(results)
    shown = Shown({}, {}, shown_of(results).reach.iloc[:0])
    write_sequence_comparison(comparison, results, shown, tmp_path, facts={})
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Failed runs" in text
    assert HOSTILE not in text
    assert "--reach" in text
    assert cells(tmp_path)[-1][1:6] == ["–"] * 5
    assert [path for path in tmp_path.rglob("*.png") if path.parent != tmp_path] == []
    assert not (tmp_path / "reach-hg38.png").exists()


def test_two_datasets_and_one_model(tmp_path):
    results = results_of(models=MODELS[1:2], datasets=("one", "two"))
    _, text = written(tmp_path, results, reach=False)
    assert cells(tmp_path)[2][cells(tmp_path)[0].index("Datasets")] == "2"
    assert "Differences from" not in text


def titles_of(page, place):
    notes = f"document.getElementById('{place}').layout.annotations"
    return page.evaluate(f"{notes}.map((note) => note.text)")


@pytest.mark.browser
def test_figures_are_drawn_and_chosen(usual, open_offline):
    page = open_offline((usual[0] / "report.html").as_uri())
    places = page.locator("[data-figure]")
    assert page.locator("[data-figure] .main-svg").count() >= places.count() == 5
    assert titles_of(page, "coverage-plot")[0] == "CAGE one, observed"
    page.get_by_label("Dataset, region, track").select_option("hg38, chr2 5,000, CAGE two")
    assert titles_of(page, "coverage-plot")[0] == "CAGE two, observed"
    title = page.evaluate("document.getElementById('coverage-plot').layout.xaxis4.title.text")
    assert title.startswith("position on chr2 (bp, 0-based)")
    page.get_by_label("Score", exact=True).select_option("R²")
    assert page.locator("#bars-plot .ytitle").text_content() == "mean R² over tracks"
    assert page.evaluate("window.hacked") is None
    page.set_viewport_size({"width": 400, "height": 800})
    deadline = time.monotonic() + 30
    while page.evaluate("document.documentElement.scrollWidth") > 400:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
