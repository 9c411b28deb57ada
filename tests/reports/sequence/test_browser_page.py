"""The region browser of the report, in a real browser, offline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from attendome.reports.sequence.browser import (
    GENES,
    LINKS,
    VARIANTS,
    Browser,
    region_entries,
    row_texts,
)
from attendome.reports.sequence.html import write_sequence_report

HOSTILE = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def browsed(content):
    """The report with everything beside coverage; the first region begins at chr1:1,000,000."""
    return replace(content, title="browsed", browser=_browser(content.browser.coverage))


def _browser(coverage, name="", start=1_000_000):
    tracks = coverage["track"].to_numpy()
    genes = [("GENE1", "+", 1000), ("GENE2", "-", 1010), ("GENE3", "+", 8100), ("other", "+", 9000)]
    links = [
        (500, 628, 4000, 4128, 1000.0),
        (-900, -772, 700, 828, np.nan),
        (-9, -1, 9000, 9001, 5.0),
    ]
    return Browser(
        coverage,
        attention=pd.DataFrame(
            {
                "region": np.repeat(np.arange(8), 4),
                "head": ["mean over heads", "mean over heads", "head 1", "head 1"] * 8,
                "target": [3, 4, 5, 60] * 8,
                "source": [40, -10, 9, 2] * 8,
                "share": [0.5, 0.1, 0.3, 0.2] * 8,
            }
        ),
        genes=pd.DataFrame(
            {"chrom": "chr1", "tss": start + at, "strand": strand, "name": name or gene}
            for gene, strand, at in genes
        ),
        links=pd.DataFrame(
            {
                "chrom1": "chr1",
                "start1": start + a,
                "end1": start + b,
                "chrom2": "chr1",
                "start2": start + c,
                "end2": start + d,
                "name": name or "GENE1",
                "score": score,
            }
            for a, b, c, d, score in links
        ),
        variants=pd.DataFrame(
            {
                "variant": f"v{number}{name}",
                "id": name or ("rs7" if number else "."),
                "chrom": "chr1",
                "position": start + at,
                "ref": name or "A",
                "alt": name or "C" * 60,
                "track": track,
                "site_sum": effect * (place + 1),
                "site_max": 2 * effect,
                "window_sum": np.nan,
            }
            for number, (at, effect) in enumerate([(2000, 0.25), (5000, -0.5), (90_000, 9)])
            for place, track in enumerate(tracks)
        ),
    )


def test_what_lies_in_a_region_is_held(browsed):
    first, second, *_ = region_entries(browsed.browser)
    assert first["genes"]["name"] == ["GENE1", "GENE2", "GENE3"]
    assert first["links"]["score"] == [1000.0, None]
    assert first["variants"]["name"] == ["v0", "rs7"]
    assert first["variants"]["alt"][0] == "C" * 39 + "…"
    assert first["attention"][1]["share"] == [0.3, 0.2]
    assert second["split"] == "test"
    assert second["genes"]["all"] == second["links"]["all"] == second["variants"]["all"] == 0


def test_an_infinite_score_is_held_as_none(browsed):
    links = browsed.browser.links.assign(score=np.inf)  # −log10 of p = 0; JSON has no such number
    first, *_ = region_entries(replace(browsed.browser, links=links))
    assert first["links"]["score"] == [None, None]


def test_rows_that_were_not_given_are_not_there(content):
    entry = region_entries(content.browser)[0]
    assert set(entry) == {"chrom", "start", "split"}
    assert row_texts(content.browser) == ["observed and predicted coverage of the track"]


def test_the_page_holds_the_strongest_of_many(browsed):
    browser = browsed.browser
    many, start = np.arange(2000), 1_000_000
    genes = pd.DataFrame(
        {"chrom": "chr1", "tss": start + many, "strand": "+", "name": many.astype(str)}
    )
    links = pd.concat([browser.links.head(1)] * 2000, ignore_index=True)
    variants = browser.variants.drop_duplicates("track").head(1)
    variants = pd.concat([variants] * 2000, ignore_index=True)
    variants = variants.assign(variant=many.astype(str), position=start + many, site_sum=-many)
    entry = region_entries(
        replace(browser, genes=genes, links=links.assign(score=many), variants=variants)
    )[0]
    assert entry["genes"]["all"] == entry["links"]["all"] == entry["variants"]["all"] == 2000
    assert len(entry["genes"]["name"]) == GENES
    assert entry["links"]["score"] == (1999.0 - np.arange(LINKS)).tolist()
    assert entry["variants"]["position"] == (start + many[-VARIANTS:]).tolist()


@pytest.fixture(scope="module")
def opened(browsed, tmp_path_factory):
    """The page with everything, and one of hostile names."""
    folder = tmp_path_factory.mktemp("browsers")
    hostile = _browser(browsed.browser.coverage, HOSTILE)
    for name, made in (("plain", browsed.browser), ("hostile", hostile)):
        write_sequence_report(replace(browsed, browser=made), folder / f"{name}.html")
    return folder


def drawn(page):
    return page.evaluate(
        """() => document.getElementById('coverage-plot').data.map(
            t => ({x: Array.from(t.x), y: Array.from(t.y), text: t.text, name: t.name}))"""
    )


def of(page, name):
    return [trace for trace in drawn(page) if trace["name"] == name]


def arcs(page, name):
    """Where the arcs of a row begin and end."""
    found = (trace["x"] for trace in of(page, name))
    return {(x[at], x[at + 24]) for x in found for at in range(0, len(x), 26)}


@pytest.mark.browser
def test_everything_is_drawn_along_one_axis(open_offline, opened):
    page = open_offline((opened / "plain.html").as_uri())
    titles = page.locator("#coverage-plot [class$='title']").all_text_contents()
    assert {"genes", "observed", "predicted", "attention", "links"} <= set(titles)
    (genes,) = of(page, "genes")
    assert genes["x"] == [1_001_010.5, 1_001_000.5, 1_008_100.5]
    assert genes["y"][1] != genes["y"][0], "names that would meet stand in two lanes"
    assert arcs(page, "attention") == {(1_000_448, 1_005_184), (1_000_576, 998_784)}
    assert arcs(page, "links") == {(1_000_564, 1_004_064), (999_164, 1_000_764)}
    (variants,) = of(page, "variants")
    assert variants["x"] == [1_002_000.5, 1_005_000.5]
    np.testing.assert_allclose(variants["y"], [0.25, -0.5])
    assert "rs7, 1,005,000, A&gt;CCC" in variants["text"][1]
    assert "around it -0.500, of the largest bin -1.00, of the window –" in variants["text"][1]
    assert page.inner_text("#region-facts") == "Split test; 3 TSSs; 2 links; 2 variants."
    assert page.evaluate("document.getElementById('coverage-plot').layout.xaxis2") is None


@pytest.mark.browser
def test_a_track_a_head_and_a_region_are_chosen(open_offline, opened):
    page = open_offline((opened / "plain.html").as_uri())
    page.select_option("#track", "2")
    np.testing.assert_allclose(of(page, "variants")[0]["y"], [0.75, -1.5])
    page.select_option("#head", "1")
    assert (1_000_704, 1_001_216) in arcs(page, "attention")
    page.select_option("#region", "3")
    assert of(page, "genes")[0]["x"] == []
    assert of(page, "variants")[0]["x"] == []
    assert of(page, "observed")[0]["x"][0] == 1_600_064


@pytest.mark.browser
def test_hostile_names_are_text(open_offline, opened):
    page = open_offline((opened / "hostile.html").as_uri())
    assert "<img src=x" in page.text_content("#coverage-plot")
    box = page.locator("#coverage-plot .nsewdrag").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 2000 / 8192, box["y"] + box["height"] * 0.25)
    page.wait_for_timeout(300)
    assert page.locator("img").count() == 0
    assert page.evaluate("window.hacked") is None
