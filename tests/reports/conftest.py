"""A report's content, made from simulated data."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

HOSTILE = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="session")
def content(simulated):
    """A report on 120 genes, with the attention of an untrained model."""
    from attendome.evaluation.scores import score
    from attendome.interpretation.attention import attention_maps
    from attendome.models.attentive_chrome import AttentiveChrome, AttentiveChromeSettings
    from attendome.reports import ReportContent

    torch.manual_seed(0)
    model = AttentiveChrome(5, 20, AttentiveChromeSettings(initialisation="pytorch"))
    # An untrained model says nearly the same of each gene: spread that out, on both sides of .5.
    with torch.no_grad():
        model.output.weight *= 100
        model.output.bias -= model(torch.tensor(simulated.signal.to_numpy())).logit.median()
    maps = attention_maps(model, simulated)
    metrics = score(
        simulated.labels(), maps["probability"].to_numpy(), split="test", data="simulated.zarr"
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
        signal=simulated.signal.to_numpy(),
    )


@pytest.fixture(scope="session")
def hostile(content):
    """The same with names that try to be markup and script, and without history."""
    maps = content.maps.copy()
    names = maps["gene_name"].to_numpy().copy()
    names[0] = HOSTILE
    names[1] = "</script><script>window.hacked=2</script>"
    genes = maps["gene"].to_numpy().copy()
    genes[2] = "a&b#c=d é"
    marks = np.array([HOSTILE, "<b>bold</b>", *maps["mark"].to_numpy()[2:]], object)
    maps = maps.assign_coords(gene_name=("gene", names), gene=genes, mark=marks)
    return replace(
        content,
        title=HOSTILE,
        facts={HOSTILE: "</script><script>window.hacked=3</script>"},
        warnings=[HOSTILE],
        maps=maps,
        history=None,
        best_epoch=None,
    )
