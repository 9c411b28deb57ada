import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from attendome.evaluation.scores import score
from attendome.models.readout import Readout
from attendome.reports import html, write_report
from attendome.reports.content import Explanations
from attendome.reports.packing import pack_map


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
    curves = {"roc", "precision-recall", "calibration", "history"}
    assert places == curves | {"alpha", "beta", "beta-genes"}
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
    assert places == {"scatter", "history", "alpha", "beta", "beta-genes"}
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
    assert "<figcaption>Signal per mark</figcaption>" in shown
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


def words(text):
    return " ".join(without_scripts(text).split())


def test_maps_have_their_figures(explained, tmp_path):
    text = page(explained, tmp_path)
    places = set(re.findall(r'data-figure="([^"]+)"', text))
    assert {"marks", "patterns", "importance-gradient-x-input", "importance-occlusion"} < places
    assert {f"figure-{place}" for place in places} == set(embedded(text)) - {"gene-data"}
    shown = words(text)
    assert "<figcaption>occlusion (baseline = zero, width = 5)</figcaption>" in shown
    assert "<figcaption>gradient-x-input</figcaption>" in shown
    assert "Above 0 (red) speaks for on, below (blue) for off." in shown
    layers = embedded(text)["gene-data"]["layers"]
    assert [layer["name"] for layer in layers] == ["gradient-x-input", "occlusion"]
    assert [layer["unit"] for layer in layers] == ["log odds", "log odds"]
    assert [layer["signed"] for layer in layers] == [True, True]


def test_without_maps_there_are_no_figures_of_them(text):
    assert "figure-marks" not in text
    assert embedded(text)["gene-data"]["layers"] == []
    assert embedded(text)["gene-data"]["removal"] is None


def test_how_far_sums_miss_the_prediction_is_said(explained, tmp_path):
    found = explained.explanations.maps["gradient-x-input"]
    maps = {"integrated-gradients": found.assign_attrs(completeness_error=0.123)}
    text = page(_with(explained, maps=maps), tmp_path)
    assert "integrated-gradients (sums miss the change of the prediction by 12%)" in words(text)


def _with(content, **changes):
    return replace(content, explanations=replace(content.explanations, **changes))


def test_what_was_not_computed_is_said_twice_with_the_command(content, tmp_path):
    missing = {
        "gradient-x-input": "svm has no gradient",
        "occlusion": "attendome explain run --method occlusion --split test",
    }
    shown = words(page(_with(content, missing=missing), tmp_path))
    assert shown.count("Not computed: gradient-x-input. svm has no gradient.") == 2
    command = f"<code>{missing['occlusion']}</code> (<code>--set width=5</code>"
    assert shown.count(f"Not computed: occlusion. Make it with {command}") == 2


def test_the_verdicts_of_a_validation_are_quoted(explained, tmp_path):
    before = words(page(explained, tmp_path))
    command = "<code>attendome explain run --validate --held-out MARK</code>"
    assert f"measure it with {command}." in before
    assert "was not measured for this run" in before
    verdicts = {"occlusion": "no better than distance to the TSS"}
    shown = words(page(_with(explained, verdicts=verdicts), tmp_path))
    assert "<dt>occlusion</dt><dd>no better than distance to the TSS</dd>" in shown
    assert "was not measured" not in shown


def test_maps_that_are_left_out_are_noted(explained, tmp_path):
    note = "deeplift.zarr is left out: it is of other weights."
    assert f"<p>{note}</p>" in words(page(_with(explained, notes=[note]), tmp_path))


def test_maps_that_would_make_the_page_too_large_are_left_out(explained, tmp_path, monkeypatch):
    first = explained.explanations.maps["gradient-x-input"]["importance"].to_numpy()
    monkeypatch.setattr(html, "MAPS_LIMIT", sum(map(len, pack_map(first).values())))
    text = page(explained, tmp_path)
    names = [layer["name"] for layer in embedded(text)["gene-data"]["layers"]]
    assert names == ["gradient-x-input"]
    assert "Not shown: occlusion. Maps may take" in words(text)
    assert "importance-occlusion" in text, "its means take no space"


def test_a_map_that_fits_is_shown_after_one_that_does_not(explained, tmp_path, monkeypatch):
    large = explained.explanations.maps["occlusion"]
    maps = {"occlusion": large, "saliency": large * 0}
    maps["saliency"].attrs = large.attrs
    size = len(pack_map(large["importance"].to_numpy())["multiples"])
    monkeypatch.setattr(html, "MAPS_LIMIT", size)
    text = page(_with(explained, maps=maps), tmp_path)
    assert [layer["name"] for layer in embedded(text)["gene-data"]["layers"]] == ["saliency"]


def test_maps_of_expression_speak_for_more_of_it(explained, of_expression, tmp_path):
    maps = {
        "occlusion": explained.explanations.maps["occlusion"].assign_attrs(unit="log2 expression")
    }
    text = page(replace(of_expression, explanations=Explanations(maps)), tmp_path)
    assert "Above 0 (red) speaks for more expression, below (blue) for less." in words(text)
    assert embedded(text)["gene-data"]["layers"][0]["unit"] == "log2<br>expression"


def test_thousands_of_genes_make_a_page_of_some_megabytes(content, tmp_path):
    """6,600 genes × 5 marks × 100 bins, the size of the published test split, with five maps."""
    generator = np.random.default_rng(0)
    maps = content.maps.isel(gene=np.arange(6600) % 120, bin=np.arange(100) % 20)
    maps["alpha"] = (maps["alpha"].dims, generator.dirichlet(np.ones(100), (6600, 5)).astype("f4"))
    maps = maps.assign_coords(bin_start=("bin", np.arange(-5000, 5000, 100)))
    signal = generator.negative_binomial(1, 0.25, (6600, 5, 100)).astype(np.float32)
    names = ("integrated-gradients", "deeplift", "gradient-x-input", "saliency", "occlusion")
    attributes = {"unit": "log odds", "signed": True, "method_settings": "{}"}
    made = {}
    for name in names:
        values = generator.laplace(size=(6600, 5, 100)).astype(np.float32)
        found = maps[[]].assign(
            importance=(maps["alpha"].dims, values), mark_importance=maps["beta"]
        )
        made[name] = found.assign_attrs(attributes)
    full = replace(content, maps=maps, signal=signal, explanations=Explanations(made))
    text = page(full, tmp_path)
    assert len(embedded(text)["gene-data"]["layers"]) == 5
    assert len(text) < 40e6


def test_without_calibration_there_is_no_before(content, tmp_path):
    shown = page(replace(content, readout=Readout()), tmp_path)
    assert "before calibration" not in shown
    assert "Calibration error" in shown
