import json
import re
import time

import numpy as np
import pandas as pd
import pytest

from attendome.interpretation.agreement import agreement_rows
from attendome.interpretation.faithfulness import RANDOM, SHARES
from attendome.interpretation.held_out import ALL_MARKS, HeldOut
from attendome.interpretation.verdicts import verdict
from attendome.reports.validation import (
    Validation,
    by_mark_cells,
    summary_cells,
    write_validation,
)

HOSTILE = "<img src=x onerror=window.hacked=1>"
METHODS = ["attention", "beta", "occlusion"]
KINDS = ("pdf", "svg", "png")


def validated(*, seeds=True, mark="H3K4me3"):
    """Make a validation of random maps, and of one that is the same in all bins."""
    generator = np.random.default_rng(0)
    genes = generator.random((30, 2, 12))
    held = HeldOut(("A", HOSTILE), genes, genes.sum(axis=1), np.arange(12.0))
    rows, curves = [], [{"method": RANDOM, "slope": 1.0}]
    for number, method in enumerate(METHODS):
        flat = method == "beta"
        maps = [np.ones_like(genes) if flat else generator.random(genes.shape) for _ in range(3)]
        rows += held.rows(method, maps[0], maps[2])
        for check in ("deletion", "insertion"):
            about = {"method": method, "profile": ALL_MARKS, "check": check, "n": 30, "left_out": 0}
            rows.append(about | {"null": "", "value": 0.5, "low": 0.4, "high": 0.6})
            rows.append(
                about
                | {"null": RANDOM, "value": 0.3, "low": 0.2, "high": 0.4}
                | {"difference": 0.2, "difference_low": 0.1, "difference_high": 0.3}
            )
        if seeds:
            rows += agreement_rows(method, maps[:2], untrained=maps[2], reversed_marks=maps[1])
        curves.append({"method": method, "slope": 1.5 + number})
    table = pd.DataFrame(rows)
    drawn = [
        {"method": one["method"], "check": check, "share": share, "change": one["slope"] * share}
        for one in curves
        for check in ("deletion", "insertion")
        for share in SHARES
    ]
    return Validation(
        held_out=mark,
        unit="log odds",
        table=table,
        curves=pd.DataFrame(drawn),
        verdicts={name: verdict(table, name, mark, "log odds") for name in METHODS},
        notes=("Something was left out.",),
        facts={"Dataset": HOSTILE},
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("validation")
    found = validated(mark=HOSTILE)
    write_validation(found, folder)
    return folder, found, (folder / "report.html").read_text()


def test_the_files(written):
    folder, found, _ = written
    tables = {"validation.tsv", "curves.tsv", "table.md", "verdicts.md", "verdicts.json"}
    figures = {f"validation.{kind}" for kind in KINDS}
    assert {path.name for path in folder.iterdir()} == tables | figures | {"report.html"}
    read = pd.read_csv(folder / "validation.tsv", sep="\t", keep_default_na=False, na_values=[""])
    np.testing.assert_allclose(read["value"], found.table["value"])
    rows = json.loads((folder / "verdicts.json").read_text())
    assert {row["method"]: row["verdict"] for row in rows} == found.verdicts


def test_the_same_validation_gives_the_same_figure(written, tmp_path):
    write_validation(written[1], tmp_path)
    for kind in KINDS:
        name = f"validation.{kind}"
        assert (written[0] / name).read_bytes() == (tmp_path / name).read_bytes()


def test_names_are_text(written):
    page = re.sub(r"<(script|style).*?</\1>", "", written[2], flags=re.DOTALL)
    assert "<img" not in page
    assert "&lt;img src=x onerror" in page


def test_the_table_has_each_check_of_each_method():
    found = validated()
    cells = summary_cells(found).set_index("Method")
    assert list(cells.index) == METHODS
    row = found.rows("pearson").loc["attention"]
    shown = cells.loc["attention", "r with H3K4me3"]
    assert float(shown.split()[0].replace("−", "-")) == pytest.approx(row["value"], abs=0.005)
    assert cells.loc["attention", "deletion minus random"] == ".20 (.10 to .30)"
    assert cells.loc["beta", "r with H3K4me3"] == "–"
    assert "ρ with marks reversed" in cells
    assert list(by_mark_cells(found)) == ["Method", "A", HOSTILE, ALL_MARKS]


def test_without_other_seeds_their_columns_are_not_there(tmp_path):
    cells = summary_cells(validated(seeds=False))
    assert not [name for name in cells if "seeds" in name or "reversed" in name]
    write_validation(validated(seeds=False), tmp_path)
    table = (tmp_path / "table.md").read_text()
    assert "- Something was left out." in table
    assert "same in all bins have no correlation and are left out: beta (30)." in table


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 400])
def test_in_a_browser(open_offline, written, width):
    page = open_offline((written[0] / "report.html").as_uri())
    page.set_viewport_size({"width": width, "height": 800})
    assert page.locator("[data-figure] .main-svg").count() >= 3
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None
    deadline = time.monotonic() + 30
    while page.evaluate("document.documentElement.scrollWidth") > width:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
