import json
import re
from dataclasses import replace

import numpy as np
import pytest

from attendome.reports.sequence.html import NAME_LENGTH, write_sequence_report


def page(content, folder):
    write_sequence_report(content, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(content, tmp_path_factory):
    return page(content, tmp_path_factory.mktemp("report"))


def embedded(text):
    """Everything that the page holds as JSON, by name."""
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', text, re.S)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return {name: json.loads(body, parse_constant=refuse) for name, body in found}


def shown(text):
    """The page without its scripts, on one line."""
    return " ".join(re.sub(r"<script.*?</script>", "", text, flags=re.S).split())


def test_scores_and_their_intervals_are_shown(text, content):
    for metric in ("pearson", "r2"):
        scores = content.metrics[metric]
        for row in (scores["overall"], *scores["by_assay"].values()):
            assert f"<td>{row['value']:.4f}</td>" in shown(text)
            assert f"{row['low']:.4f} to {row['high']:.4f}" in shown(text)
    assert content.warnings[0] in shown(text)


def test_every_figure_has_its_place_and_its_data(text):
    places = set(re.findall(r'data-figure="([^"]+)"', text))
    attention = {"positions", "attention-offset", "attention-within"}
    assert places == attention | {"pearson", "r2", "distribution", "reach", "history"}
    assert {f"figure-{place}" for place in places} == set(embedded(text)) - {"sequence-data"}


def test_what_there_is_not_is_left_out_or_said(bare, tmp_path):
    text = page(bare, tmp_path)
    places = set(re.findall(r'data-figure="([^"]+)"', text))
    assert places == {"pearson", "r2", "distribution"}
    assert {f"figure-{place}" for place in places} == set(embedded(text)) - {"sequence-data"}
    assert "<code>attendome evaluate run --reach</code>" in shown(text)
    for section in ("coverage", "attention", "training"):
        assert f'id="{section}"' not in text
        assert f'href="#{section}"' not in text


def test_the_table_holds_every_track(text, content):
    tracks = embedded(text)["sequence-data"]["tracks"]
    assert tracks["track"] == content.tracks["track"].tolist()
    assert tracks["pearson"][0] is None
    np.testing.assert_allclose(tracks["r2"][1:], content.tracks["r2"][1:], atol=5e-5)


def test_the_best_and_the_worst_tracks_are_listed(text, content):
    ranked = content.tracks.dropna().sort_values("pearson")["track"].tolist()
    found = re.findall(r'<th scope="row">(T\d+)</th>', text)
    assert found == ranked[::-1][:5] + ranked[:5]


def test_scores_that_are_not_defined(content, tmp_path):
    none = {"value": None, "low": None, "high": None, "note": "not defined"}
    nothing = {"overall": none, "by_assay": {"CAGE": none}}
    metrics = content.metrics | {"pearson": nothing, "r2": nothing}
    tracks = content.tracks.assign(pearson=np.nan, r2=np.nan)
    text = page(replace(content, metrics=metrics, tracks=tracks, coverage=None), tmp_path)
    assert "r is not defined" in shown(text)
    assert {"pearson", "r2", "distribution"}.isdisjoint(re.findall(r'data-figure="([^"]+)"', text))


def test_a_score_without_an_interval(content, tmp_path):
    one = {"value": 0.25, "low": None, "high": None, "note": "one region"}
    scores = {"overall": one, "by_assay": {"CAGE": one}}
    text = page(replace(content, metrics=content.metrics | {"pearson": scores}), tmp_path)
    assert "<td>0.2500</td>" in shown(text)
    assert "figure-pearson" in embedded(text)


def test_long_descriptions_are_cut(hostile, tmp_path):
    text = page(hostile, tmp_path)
    longest = max(map(len, embedded(text)["sequence-data"]["tracks"]["description"]))
    assert longest == NAME_LENGTH


def test_the_size_of_the_page_is_bounded(make_content, tmp_path):
    small = len(page(make_content(30), tmp_path))
    many = len(page(make_content(4229, regions=32, bins=1024, heads=100), tmp_path))
    assert many - small < 8_000_000
    assert "The first 40 of 100 heads are shown." in shown((tmp_path / "report.html").read_text())
