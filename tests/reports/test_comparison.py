import base64
import json
import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from attendome.data.catalogue import CELL_TYPES
from attendome.evaluation.comparison import compare_models
from attendome.evaluation.predicted import Predicted
from attendome.reports.comparison import write_comparison
from attendome.reports.comparison_tables import cell_type_cells, latex, markdown, summary_cells

HOSTILE = "<img src=x onerror=window.hacked=1>"
LONG = "deep-chrome[dropout=0.3,conv_channels=32]"


def simulate(models, cells, failing=()):
    """Give results and predictions; each model is worse than the one before."""
    generator = np.random.default_rng(0)
    rows, predictions = [], []
    for cell in cells:
        genes = tuple(f"{cell}-{number}" for number in range(80))
        observed = (generator.random(80) < 0.5).astype(np.int8)
        for number, model in enumerate(models):
            row = {"cell_type": cell, "model": model, "seed": 0, "metric": "auroc", "seconds": 60.0}
            row["parameters"] = 1000 * number or None
            if (model, cell) in failing:
                rows.append(row | {"status": "failed", "error": HOSTILE, "value": np.nan})
                continue
            signal = (1.5 - number / len(models)) * observed
            predicted = (signal + generator.normal(size=(1, 80))).astype(np.float32)
            value = roc_auc_score(observed, predicted[0])
            rows.append(row | {"status": "done", "error": "", "value": value})
            predictions.append(Predicted(cell, model, genes, observed, predicted))
    return pd.DataFrame(rows), predictions


def written(folder, models=("lstm", LONG, "a_b"), cells=("E1", "E2"), failing=()):
    results, predictions = simulate(models, cells, failing)
    comparison = compare_models(results, predictions, baseline=models[-1])
    write_comparison(comparison, results, folder, facts={"Data": HOSTILE})
    return comparison, (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    folder = tmp_path_factory.mktemp("usual")
    return folder, *written(folder)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    models = [LONG, HOSTILE, "3", *(f"model{n}[preset=paper]" for n in range(11)), "deep-chrome"]
    cells = (*CELL_TYPES[:4], HOSTILE)
    return folder, *written(folder, models, cells, failing={("3", "E003")})


def shown(text):
    return " ".join(re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL).split())


def figure(text, name):
    pattern = rf'<script type="application/json" id="figure-{name}">(.*?)</script>'
    return json.loads(re.search(pattern, text, re.DOTALL)[1])


def test_the_files(usual):
    folder, comparison, _ = usual
    kinds = ("pdf", "svg", "png")
    figures = {f"{name}.{kind}" for name in ("bars", "critical-difference") for kind in kinds}
    tables = {"table.md", "table.tex", "differences.tsv", "by_cell_type.tsv", "report.html"}
    assert {path.name for path in folder.iterdir()} == figures | tables
    for name in ("differences", "by_cell_type"):
        read = pd.read_csv(folder / f"{name}.tsv", sep="\t")
        pd.testing.assert_frame_equal(read, getattr(comparison, name), check_dtype=False)
    assert (folder / "bars.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "bars.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_comparison_gives_the_same_files(usual, tmp_path):
    folder = usual[0]
    (tmp_path / "table.md").write_text("old")
    written(tmp_path)
    for path in folder.iterdir():
        if path.suffix != ".html":  # plotly gives its figures no fixed order of keys
            assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_picture_shows_all_models(usual):
    text = usual[2]
    assert text.count("data:image/svg+xml;base64,") == 1
    means = figure(text, "means")
    names = ["lstm", "deep-chrome<br>[dropout=0.3,<br>conv_channels=32]", "a_b"]
    assert means["data"][0]["y"] == names
    assert means["data"][1]["text"] == ["E1"] * 3 + ["E2"] * 3
    assert figure(text, "differences")["data"][0]["y"] == names[:2]


def test_bars_start_at_chance(usual):
    bars = figure(usual[2], "means")["data"][0]
    assert bars["base"] == 0.5
    lengths = np.frombuffer(base64.b64decode(bars["x"]["bdata"]), bars["x"]["dtype"])
    np.testing.assert_allclose(0.5 + lengths, usual[1].summary["mean"])


def test_one_cell_type_has_no_ranks(tmp_path):
    _, text = written(tmp_path, cells=["E1"])
    assert not (tmp_path / "critical-difference.pdf").exists()
    assert "here 3 models share 1." in shown(text)
    assert "data:image" not in shown(text)
    assert 'id="figure-cell-types"' not in text


def test_one_model_has_no_differences(tmp_path):
    _, text = written(tmp_path, models=["lstm"])
    assert 'id="figure-differences"' not in text
    assert "Differences from" not in shown(text)


def test_a_baseline_without_a_score(tmp_path):
    _, text = written(tmp_path, models=["a", "b", "c"], failing={("c", "E1"), ("c", "E2")})
    assert "c (0)" in shown(text)
    assert 'id="figure-differences"' not in text
    assert "<td>0 of 2</td>" in shown(text)


def test_failed_runs_are_listed_and_marked(many):
    folder, _, text = many
    assert "&lt;img src=x onerror=window.hacked=1&gt;</td></tr>" in shown(text)
    assert "3†" in shown(text)
    assert "4 of 5" in (folder / "table.md").read_text()
    assert "- † Mean over fewer cell types." in (folder / "table.md").read_text()


def test_markdown():
    cells = pd.DataFrame({"Model": ["a_b", "lstm[x=1|2]*"], "Mean": ["0.5", "0.6123"]})
    assert markdown(cells, ["A *note*."]) == (
        "| Model            |   Mean |\n"
        "| ---------------- | -----: |\n"
        "| a\\_b             |    0.5 |\n"
        "| lstm\\[x=1\\|2\\]\\* | 0.6123 |\n"
        "\n- A \\*note\\*.\n"
    )


def test_latex():
    cells = pd.DataFrame({"Model": ["[a]_b"], "Mean": ["50% & $5 #1 {x} ~ ^ \\ <>"]})
    assert latex(cells, ["† 100%"]).splitlines()[1:] == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"Model & Mean \\",
        r"\midrule",
        r"{[}a]\_b & 50\% \& \$5 \#1 \{x\} \textasciitilde{} \textasciicircum{} "
        r"\textbackslash{} \textless{}\textgreater{} \\",
        r"\bottomrule",
        r"\end{tabular}",
        "",
        r"\par\smallskip{\footnotesize\raggedright",
        r"† 100\%\par",
        "}",
    ]


def test_the_table_of_two_models(tmp_path):
    results, predictions = simulate(["lstm", "a_b"], ["E1", "E2"], {("a_b", "E2")})
    comparison = compare_models(results, predictions, baseline="lstm")
    numbers = {"mean": [0.8, 0.7], "median": [0.8, 0.7], "max": [0.9, 0.7], "min": [0.7, 0.7]}
    interval = {"low": [0.7512, 0.65], "high": [0.84999, 0.75]}
    summary = comparison.summary.assign(**numbers, **interval)
    write_comparison(replace(comparison, summary=summary), results, tmp_path, facts={})
    assert (tmp_path / "table.md").read_text().partition("\n\n")[0] == (
        "| Model | Mean AUROC |     95% interval | Median |    Max |    Min | Cell types |"
        " Better than lstm in | SD over seeds | Seconds a run | Parameters |\n"
        "| ----- | ---------: | ---------------: | -----: | -----: | -----: | ---------: |"
        " ------------------: | ------------: | ------------: | ---------: |\n"
        "| lstm  |     0.8000 | 0.7512 to 0.8500 | 0.8000 | 0.9000 | 0.7000 |          2 |"
        "                   – |             – |            60 |          – |\n"
        "| a\\_b† |     0.7000 | 0.6500 to 0.7500 | 0.7000 | 0.7000 | 0.7000 |     1 of 2 |"
        "              0 of 1 |             – |            60 |      1,000 |"
    )
    assert cell_type_cells(comparison).iloc[1].tolist()[::2] == ["E2", "–"]


def test_the_published_rows_stand_below_where_the_cell_types_are_the_same(tmp_path):
    models = ["attentive-chrome", "deep-chrome[preset=paper]"]
    results, predictions = simulate(models, CELL_TYPES)
    comparison = compare_models(results, predictions, baseline=models[1])
    write_comparison(comparison, results, tmp_path, facts={})
    table = (tmp_path / "table.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[4:11]]
    assert rows[0] == [
        *("lstm-alpha (published, recalled\\*)", "0.8133", "–", "0.8143", "0.9218", "0.7250"),
        *("56", "50 of 56", "–", "–", "–"),
    ]
    assert rows[1][0] == "attentive-chrome (published)"
    assert "\\* Recalled: not checked against a stored source." in table
    assert "lstm-alpha (published, recalled*)" in (tmp_path / "report.html").read_text()


def test_published_counts_are_shown_against_deep_chrome_only(tmp_path):
    from attendome.evaluation.published import published_scores

    comparison, _ = written(tmp_path, models=["lstm", "mlp"], cells=CELL_TYPES[:2])
    cells = summary_cells(comparison, published_scores(CELL_TYPES, "auroc"))
    assert cells["Better than mlp in"].tolist()[2:] == ["–"] * 7


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 400])
def test_in_a_browser(open_offline, many, width):
    folder, comparison, _ = many
    page = open_offline((folder / "report.html").as_uri())
    page.set_viewport_size({"width": width, "height": 800})
    assert page.locator("[data-figure] .main-svg").count() >= 3
    assert page.locator("img").count() == 1  # the diagram, and none of the names
    assert page.evaluate("document.querySelector('.diagram').naturalWidth") > 0
    assert page.evaluate("window.hacked") is None
    labels = page.locator("[data-figure='means'] .ytick text").all_text_contents()
    assert len(labels) == 15
    assert HOSTILE in labels
    page.locator("summary").click()
    pairs = page.locator("details tbody tr")
    assert pairs.count() == len(comparison.differences)
    deadline = time.monotonic() + 30
    while page.evaluate("document.documentElement.scrollWidth") > width:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
