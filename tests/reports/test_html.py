import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from attendome.evaluation.scores import score
from attendome.models.readout import Readout
from attendome.reports import write_report


def page(content, folder):
    write_report(content, folder / "report.html")
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


def without_scripts(text):
    return re.sub(r"<script.*?</script>", "", text, flags=re.S)


def test_scores_and_their_intervals_are_shown(text, content):
    shown = " ".join(without_scripts(text).split())
    for name in ("auroc", "brier", "calibration_error"):
        row = content.metrics[name]
        assert f"<td>{row['value']:.4f}</td>" in shown
        assert f"{row['low']:.4f} – {row['high']:.4f}" in shown
    assert "3 of 120 genes overlap." in shown


def test_every_figure_has_its_place_and_its_data(text):
    places = set(re.findall(r'data-figure="([^"]+)"', text))
    assert places == {"roc", "precision-recall", "calibration", "history", "alpha", "beta"}
    assert {f"figure-{place}" for place in places} == set(embedded(text)) - {"gene-data"}


def test_scores_before_and_after_calibration_are_shown(text, content):
    shown = " ".join(without_scripts(text).split())
    for name in ("brier", "calibration_error"):
        before = content.metrics[f"{name}_uncalibrated"]["value"]
        assert f"<td>{before:.4f}</td>" in shown
        assert before != content.metrics[name]["value"]
    curves = embedded(text)["figure-calibration"]["data"]
    names = [curve["name"] for curve in curves]
    assert names == ["perfect", "model (area: genes)", "before calibration (area: genes)"]
    log_odds = logit(content.maps["probability"].to_numpy())
    before = expit((log_odds - content.readout.offset) / content.readout.scale)
    mean, genes = (
        np.frombuffer(base64.b64decode(curves[2][key]["bdata"]), curves[2][key]["dtype"])
        for key in ("x", "customdata")
    )
    assert np.dot(mean, genes) == pytest.approx(before.sum(), rel=1e-4)


def test_expression(of_expression, tmp_path):
    text = page(of_expression, tmp_path)
    shown = " ".join(without_scripts(text).split())
    places = set(re.findall(r'data-figure="([^"]+)"', text))
    assert places == {"scatter", "history", "alpha", "beta"}
    assert {f"figure-{place}" for place in places} == set(embedded(text)) - {"gene-data"}
    for name in ("pearson", "spearman", "r2"):
        assert f"<td>{of_expression.metrics[name]['value']:.4f}</td>" in shown
    assert "expression is log2(1 + expression)" in shown
    assert "high is above the median prediction" in shown
    for word in ("AUROC", "Brier", "probability"):
        assert word not in shown
    genes = embedded(text)["gene-data"]
    assert genes["known_title"] == "Observed log2(1 + expression)"
    observed = of_expression.maps["observed_expression"].to_numpy()
    np.testing.assert_allclose(genes["known"], observed, rtol=1e-6)


def test_a_model_without_beta(alpha_only, tmp_path):
    text = page(alpha_only, tmp_path)
    shown = " ".join(without_scripts(text).split())
    assert "This model has no β: how much each mark counted is not shown." in shown
    assert "α says where along a mark the model looked" in shown
    assert 'data-figure="alpha"' in shown
    assert 'data-figure="beta"' not in shown
    assert "β of this gene" not in shown
    assert embedded(text)["gene-data"]["beta"] is None
    assert "figure-beta" not in embedded(text)


def test_attention_that_all_marks_share_is_called_so(shared_alpha, tmp_path):
    shown = " ".join(without_scripts(page(shared_alpha, tmp_path)).split())
    assert "All marks share it, so it does not say at which mark." in shown
    assert "<figcaption>Mean α</figcaption>" in shown


def test_a_model_without_attention(no_attention, tmp_path):
    text = page(no_attention, tmp_path)
    shown = " ".join(without_scripts(text).split())
    assert "This model has no attention: where it looked is not shown." in shown
    assert "lstm-alpha (α)" in shown
    assert set(re.findall(r'data-figure="([^"]+)"', text)) == {
        "roc",
        "precision-recall",
        "calibration",
        "history",
    }
    assert "Signal per mark" in shown
    assert "α (line" not in shown
    genes = embedded(text)["gene-data"]
    assert (genes["alpha"], genes["beta"]) == (None, None)


def test_nothing_is_loaded_from_outside(text):
    assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "@import" not in without_scripts(text)
    assert """content="default-src 'none';""" in text


def test_without_history_there_is_no_training_section(content, tmp_path):
    text = page(replace(content, history=None, best_epoch=None), tmp_path)
    assert "Training history" not in without_scripts(text)


def test_a_missing_class_is_said_in_words(content, tmp_path):
    maps = content.maps.copy()
    maps["label"] = maps["label"] * 0
    metrics = score(
        maps["label"].to_numpy(), maps["probability"].to_numpy(), split="test", data="here"
    )
    text = page(replace(content, maps=maps, metrics=metrics.to_dict()), tmp_path)
    shown = without_scripts(text)
    assert "none of the 120 genes in the split &#39;test&#39; is on" in shown
    assert "No curves: all genes scored have the same label." in shown
    assert "nan" not in shown.lower()


def test_names_are_shown_and_never_obeyed(hostile, tmp_path):
    text = page(hostile, tmp_path)
    assert "<img" not in without_scripts(text)
    assert "<script>window" not in text
    genes = embedded(text)["gene-data"]
    assert genes["columns"]["gene_name"][1] == "</script><script>window.hacked=2</script>"


@pytest.mark.parametrize("genes", [1, 2])
def test_few_genes(content, tmp_path, genes):
    maps = content.maps.isel(gene=slice(genes), predicted=slice(1))
    few = replace(content, maps=maps, signal=content.signal[:genes])
    assert embedded(page(few, tmp_path))["gene-data"]["marks"] == list(maps["mark"].to_numpy())


def test_thousands_of_genes_make_a_page_of_some_megabytes(content, tmp_path):
    """6,600 genes × 5 marks × 100 bins, the size of the published test split."""
    generator = np.random.default_rng(0)
    maps = content.maps.isel(gene=np.arange(6600) % 120, bin=np.arange(100) % 20)
    maps["alpha"] = (maps["alpha"].dims, generator.dirichlet(np.ones(100), (6600, 5)).astype("f4"))
    maps = maps.assign_coords(bin_start=("bin", np.arange(-5000, 5000, 100)))
    signal = generator.negative_binomial(1, 0.25, (6600, 5, 100)).astype(np.float32)
    size = len(page(replace(content, maps=maps, signal=signal), tmp_path))
    assert size < 20e6


def test_without_calibration_there_is_no_before(content, tmp_path):
    shown = page(replace(content, readout=Readout()), tmp_path)
    assert "before calibration" not in shown
    assert "Calibration error" in shown
