"""From AttentiveChrome's files to the report, on real data, through the command line."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

from attendome.cli.app import app


def attendome(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def data(shared_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("chromatin") / "E123.zarr"
    genes = shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz"
    folder = shared_data / "chromatin" / "E123"
    attendome("import", "attentivechrome", folder, out, "--genes", genes)
    return out


@pytest.fixture(scope="module")
def run(data):
    out = data.parent / "run"
    sizes = ["--set", "bin_hidden=4", "--set", "mark_hidden=3", "--set", "epochs=2"]
    options = ["--set", "batch_size=8", "--set", "learning_rate=0.02", *sizes]
    attendome("train", data, "--model", "attentive-chrome", "--out", out, *options)
    return out


def test_info(data):
    content = json.loads(attendome("info", data, "--json"))
    assert (content["cell_type"], content["genes"], content["bins"]) == ("E123", 600, 100)
    for name, counts in content["splits"].items():
        assert counts["genes"] == counts["on"] + counts["off"] == 200, name
    assert content["leak"]["test"] == {"genes": 200, "located": 200, "overlapping": 1}


def test_evaluate(run):
    scores = json.loads(attendome("evaluate", run, "--json"))
    assert (scores["split"], scores["n"]) == ("test", 200)
    assert scores["auroc"]["low"] < scores["auroc"]["value"] < scores["auroc"]["high"]
    assert scores["auroc"]["value"] > 0.7, "two epochs of a tiny model see more than chance"


@pytest.mark.parametrize("name", ["p.tsv", "p.parquet"])
def test_predict(run, data, tmp_path, name):
    attendome("predict", run, "--data", data, "--out", tmp_path / name)
    read = {".tsv": lambda path: pd.read_csv(path, sep="\t"), ".parquet": pd.read_parquet}
    table = read[(tmp_path / name).suffix](tmp_path / name)
    assert table.columns[0] == "gene"
    assert table["gene"].nunique() == len(table) == 600
    assert table["probability"].between(0, 1).all()
    on, off = (table.query("label == @label")["probability"].mean() for label in (1, 0))
    assert on > off


def test_explain(run):
    attendome("explain", run, "--method", "attention")
    maps = xr.open_zarr(run / "attention.zarr").load()
    assert maps["alpha"].shape == (600, 5, 100)
    assert maps["genes"].sum() == 600
    np.testing.assert_allclose(maps["alpha"].sum("bin"), 1, atol=1e-4)
    np.testing.assert_allclose(maps["beta"].sum("mark"), 1, atol=1e-4)
    assert maps["bin_start"].to_numpy()[[0, -1]].tolist() == [-5000, 4900]


def test_report(run, tmp_path):
    attendome("report", run, "--out", tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 0
