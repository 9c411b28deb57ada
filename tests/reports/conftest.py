"""A report's content, made from simulated data, and a browser to open it in."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

# The flags that keep Chromium from calling home, which an offline machine would report as errors.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="session")
def content(simulated):
    """A report on 120 genes, with the attention of an untrained model, calibrated."""
    from attendome.evaluation.scores import score
    from attendome.models.readout import Readout
    from attendome.reports import ReportContent

    readout = Readout(scale=0.5, offset=0.1)
    maps = _maps(simulated, readout)
    probabilities = maps["probability"].to_numpy()
    before = readout.uncalibrated(probabilities)
    metrics = score(
        simulated.labels(), probabilities, before, split="test", data="simulated.zarr"
    ).to_dict()
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "train_loss": [0.7, 0.6, 0.5],
            "valid_loss": [0.7, 0.65, 0.66],
            "valid_auroc": [0.5, 0.8, 0.7],
        }
    )
    return ReportContent(
        title="attentive-chrome on simulated",
        facts={"Model": "attentive-chrome", "Versions": "attendome 0.1.0"},
        warnings=["3 of 120 genes overlap."],
        metrics=metrics,
        history=history,
        best_epoch=2,
        maps=maps,
        readout=readout,
        signal=simulated.signal.to_numpy(),
    )


def _maps(data, readout):
    from attendome.interpretation.attention import prediction_maps

    model, description = _model(data, readout)
    return prediction_maps(model, data, description)


def _model(data, readout):
    from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings
    from attendome.workflows.configuration import describe_model

    torch.manual_seed(0)
    settings = AttentiveChromeSettings(initialisation="pytorch")
    model = AttentiveChrome(5, 20, settings)
    # An untrained model says nearly the same of each gene: spread that out, on both sides of .5.
    with torch.no_grad():
        model.output.weight *= 100
        model.output.bias -= model(torch.tensor(data.signal.to_numpy())).prediction.median()
    return model, describe_model("attentive-chrome", settings, data, data.marks, readout)


@pytest.fixture(scope="session")
def explanations(content, simulated):
    """Maps of gradient × input and of occlusion; occlusion covers all but the first 20 genes."""
    from attendome.reports.content import Explanations
    from attendome.workflows.explaining import explain

    model, description = _model(simulated, content.readout)
    gradient = explain(model, description, simulated, "gradient-x-input")
    occlusion = explain(model, description, simulated, "occlusion", {"width": 5})
    patterns = explain(model, description, simulated, "class-optimisation", {"steps": 5})
    partly = occlusion.isel(gene=slice(20, None))[["importance", "mark_importance"]]
    partly = partly.reset_coords(drop=True).reindex(gene=gradient["gene"].to_numpy())
    return Explanations(
        maps={"gradient-x-input": gradient, "occlusion": partly},
        patterns=patterns["importance_mean"],
        validate="attendome explain run --validate --held-out MARK",
    )


@pytest.fixture(scope="session")
def explained(content, explanations):
    """The report with these maps."""
    return replace(content, title="explained", explanations=explanations)


@pytest.fixture(scope="session")
def of_expression(content, simulated):
    """The same of a model that was trained on expression."""
    from attendome.evaluation.regression import score_regression
    from attendome.models.readout import Readout

    readout = Readout(target="expression", scale=1.5, offset=2.0)
    maps = _maps(simulated, readout)
    metrics = score_regression(
        maps["observed_expression"].to_numpy(),
        maps["predicted_expression"].to_numpy(),
        split="test",
        data="simulated.zarr",
        unit="log2(1 + expression)",
    ).to_dict()
    history = content.history.rename(columns={"valid_auroc": "valid_pearson"})
    return replace(
        content,
        title="expression of simulated genes",
        maps=maps,
        readout=readout,
        metrics=metrics,
        history=history,
    )


@pytest.fixture(scope="session")
def alpha_only(content):
    """The same of a model without β."""
    maps = content.maps.drop_vars(["beta", "beta_mean"])
    return replace(content, title="lstm-alpha on simulated", maps=maps)


@pytest.fixture(scope="session")
def shared_alpha(alpha_only):
    """The same of a model with one attention for all marks."""
    first = alpha_only.maps[["alpha", "alpha_mean"]].isel(mark=[0] * 5)
    maps = alpha_only.maps.assign({name: (v.dims, v.to_numpy()) for name, v in first.items()})
    maps.attrs["alpha_shared"] = True
    return replace(alpha_only, title="lstm-attention on simulated", maps=maps)


@pytest.fixture(scope="session")
def no_attention(alpha_only):
    """The same of a model without attention."""
    maps = alpha_only.maps.drop_vars(["alpha", "alpha_mean"])
    return replace(alpha_only, title="deep-chrome on simulated", maps=maps)


@pytest.fixture(scope="session")
def hostile(content, explanations):
    """The same with names that try to be markup and script, and without history."""
    maps = content.maps.copy()
    names = maps["gene_name"].to_numpy().copy()
    names[0] = HOSTILE
    names[1] = "</script><script>window.hacked=2</script>"
    genes = maps["gene"].to_numpy().copy()
    genes[2] = "a&b#c=d é"
    marks = np.array([HOSTILE, "<b>bold</b>", *maps["mark"].to_numpy()[2:]], object)
    maps = maps.assign_coords(gene_name=("gene", names), gene=genes, mark=marks)
    explained = replace(
        explanations,
        missing={"occlusion": f"attendome explain '{HOSTILE}' --method occlusion"},
        notes=[HOSTILE],
        verdicts={HOSTILE: HOSTILE},
        maps={"saliency": explanations.maps["gradient-x-input"].assign_attrs(unit=HOSTILE)},
    )
    return replace(
        content,
        title=HOSTILE,
        facts={HOSTILE: "</script><script>window.hacked=3</script>"},
        warnings=[HOSTILE],
        maps=maps,
        history=None,
        best_epoch=None,
        explanations=explained,
    )


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_offline(browser):
    """Give a function that opens a page; afterwards the page must have had no error."""
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    troubles = []

    def open_page(address):
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda m: m.type == "error" and troubles.append(m.text))
        page.on(
            "request",
            lambda r: r.url.startswith(("file:", "data:", "blob:")) or troubles.append(r.url),
        )
        page.goto(address)
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_page
    context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def hostile_quality(simulated):
    """The quality of a built dataset whose names try to be markup and script."""
    from attendome import ChromatinDataset
    from attendome.evaluation.quality import assess
    from attendome.reports.quality import QualityContent

    marks = np.array([HOSTILE, "<b>bold</b>", "3", "2020-01-01", "</script>"], object)
    sources = [
        {"role": "signal", "mark": HOSTILE, "file": HOSTILE, "sha256": "ab" * 32, "format": "BAM",
         "reads": 1500, "used": 1200, "left_out": {HOSTILE: 300, "unmapped": 0},
         "in_windows": 300, "chromosomes": "as in the annotation"},
        {"role": "signal", "mark": "3", "file": "x.bw", "sha256": "cd" * 32, "format": "bigWig",
         "summary": "mean", "covered": 0.25},
        {"role": "genes", "file": "</script>", "sha256": "ef" * 32, "format": "GTF", "genes": 120},
    ]  # fmt: skip
    data = simulated.xarray.assign_coords(mark=marks).assign_attrs(sources=sources)
    return QualityContent(
        title=HOSTILE,
        facts={HOSTILE: "</script><script>window.hacked=3</script>"},
        quality=assess(ChromatinDataset(data)),
        sources=sources,
        genes_left_out={HOSTILE: 1234},
    )
