import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from attendome.evaluation.quality import assess
from attendome.reports.quality import QualityContent, write_quality


@pytest.fixture(scope="module")
def clean(simulated):
    return QualityContent(
        title="clean",
        facts={"Cell type": "simulated"},
        quality=assess(simulated),
        sources=[{"file": "train.csv", "sha256": "ab", "genes": 200}],
        genes_left_out=None,
    )


def written(content, folder):
    write_quality(content, folder / "qc.html")
    return (folder / "qc.html").read_text(encoding="utf-8")


def shown(text):
    return " ".join(re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL).split())


def figure(text, name):
    pattern = rf'<script type="application/json" id="figure-{name}">(.*?)</script>'
    return json.loads(re.search(pattern, text, re.DOTALL)[1])


def test_what_is_not_known_is_a_dash(clean, tmp_path):
    text = shown(written(clean, tmp_path))
    assert "No warnings." in text
    assert "<td>–</td><td>–</td> <td>–</td>" in text
    assert "200 genes" in text
    assert "Genes left out" not in text
    assert "No gene was left out." not in text


def test_the_profiles_are_those_of_the_dataset(clean, simulated, tmp_path):
    drawn = figure(written(clean, tmp_path), "profiles")
    layout = drawn["layout"]
    assert layout["xaxis5"]["title"]["text"] == "position from the TSS (bp), 5'→3'"
    assert layout["yaxis"]["title"]["text"] == "signal per bin"
    assert "matches" not in layout["yaxis2"], "each mark has its own scale"
    on = int(simulated.labels().sum())
    assert [t["name"] for t in drawn["data"][:2]] == [f"on ({on} genes)", f"off ({120 - on} genes)"]
    values = np.frombuffer(base64.b64decode(drawn["data"][0]["y"]["bdata"]))
    expected = simulated.signal[simulated.labels() == 1, 0].mean("gene", dtype=float)
    np.testing.assert_allclose(values, expected)


def test_reads_reasons_files_and_genes(hostile_quality, tmp_path):
    text = written(hostile_quality, tmp_path)
    for words in (
        "<td>1,500</td><td>1,200</td> <td>0.00</td>",
        "<td>25.0%</td>",
        "300 &lt;img",
        "1,500 reads; 1,200 used; chromosomes: as in the annotation",
        "25.0% of bins with data",
        "ef" * 32,
        "1,200 reads were used, below 1,000,000",
        "1,234",
    ):
        assert words in shown(text)
    titles = figure(text, "profiles")["layout"]
    assert [titles[f"yaxis{n}"]["title"]["text"] for n in ("", 3, 2)] == [
        "reads per bin", "coverage", "signal per bin"
    ]  # fmt: skip


def test_names_are_shown_and_never_obeyed(hostile_quality, tmp_path):
    text = written(hostile_quality, tmp_path)
    assert "<img" not in text
    assert "<script>window" not in text
    assert "unmapped" not in text, "a reason that never occurred"


def test_one_mark_has_no_correlation(simulated, tmp_path):
    quality = assess(simulated.with_marks(["H3K4me1"]))
    content = QualityContent("one", {}, quality, [], {})
    text = written(content, tmp_path)
    assert "Correlation" not in shown(text)
    assert "made from no file" in text
    assert "No gene was left out." in text


def test_the_same_content_gives_the_same_page(clean, tmp_path):
    assert written(clean, tmp_path) == written(replace(clean), tmp_path)


@pytest.mark.browser
def test_the_page_opens_offline(open_offline, hostile_quality, tmp_path):
    written(hostile_quality, tmp_path)
    page = open_offline((tmp_path / "qc.html").as_uri())
    assert page.locator("[data-figure] .main-svg").count() >= 2
    assert page.inner_text("h1").startswith("<img")
    assert page.evaluate("window.hacked") is None
    names = page.locator("[data-figure='correlation'] .xtick text").all_text_contents()
    assert names[1:4] == ["<b>bold</b>", "3", "2020-01-01"]
    assert page.get_by_role("note", name="Warnings").locator("p").count() == len(
        hostile_quality.quality.warnings
    )


@pytest.mark.browser
def test_a_narrow_screen_does_not_scroll_sideways(open_offline, hostile_quality, tmp_path):
    written(hostile_quality, tmp_path)
    page = open_offline((tmp_path / "qc.html").as_uri())
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
