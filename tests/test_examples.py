"""The examples run."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import attendome as ad
from attendome.data.simulation import SimulationSettings, simulate_chromatin
from attendome.models.sequence.bases import one_hot

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(name, *arguments, check=True):
    """Run an example in a process of its own."""
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        check=check,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def test_build_from_reads(tmp_path):
    printed = run("build_from_reads.py", tmp_path / "made").stdout
    assert "400 genes × 2 marks × 20 bins" in printed
    assert float(printed.partition("test AUROC: ")[2].split()[0]) > 0.85
    for name in ("quality.html", "run/report.html"):
        assert (tmp_path / "made" / name).stat().st_size > 1_000_000


def test_pilot_cell_types(shared_data, tmp_path):
    printed = run("pilot_cell_types.py", shared_data, tmp_path / "made").stdout
    assert printed.count("371 genes (216 train, 73 valid, 82 test)") == 2
    path = shared_data / "chromatin" / "pilot" / "E116.pilot_genes_100bins.npz"
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file}
    data = ad.open_dataset(tmp_path / "made" / "E116.zarr")
    assert (data.cell_type, data.bin_size, data.oriented) == ("E116", 100, True)
    assert list(data.genes.index) == arrays["gene"].tolist()
    np.testing.assert_array_equal(data.labels(), arrays["y"])
    np.testing.assert_allclose(data.genes["expression"], arrays["rpkm"], rtol=1e-6)
    for number, mark in enumerate(arrays["marks"]):
        np.testing.assert_array_equal(data.signal.sel(mark=mark), arrays["X"][:, :, number])
    assert data.leak()["overlapping"] == 0
    by_region = data.genes.groupby(arrays["region"])["split"]
    assert by_region.nunique().max() == 1
    assert by_region.first().tolist()[:6] == ["test", "train", "valid", "train", "train", "test"]
    assert ad.open_dataset(tmp_path / "made" / "E123.zarr").log_expression().shape == (600,)


@pytest.mark.parametrize("spoilt", ["missing", "text"])
def test_pilot_files_that_do_not_fit(shared_data, tmp_path, spoilt):
    pilot = tmp_path / "chromatin" / "pilot"
    pilot.mkdir(parents=True)
    (tmp_path / "annotation").symlink_to(shared_data / "annotation")
    path = pilot / "E065.pilot_genes_100bins.npz"
    if spoilt == "missing":
        np.savez(path, X=np.zeros((1, 2, 3)), marks=["A"])
    else:
        path.write_text("text")
    done = run("pilot_cell_types.py", tmp_path, tmp_path / "made", check=False)
    assert done.returncode == 1
    expected = "it has no y, rpkm, gene, chrom, region" if spoilt == "missing" else "cannot be read"
    assert done.stderr.startswith(f"Error: {path}: ")
    assert expected in done.stderr
    assert not (tmp_path / "made").exists()


def test_ablation(tmp_path):
    data = simulate_chromatin(SimulationSettings(genes=60, bins=10, seed=1))
    path = ad.save_dataset(data, tmp_path / "small.zarr").path
    printed = run("ablation.py", path, "--seeds", "1", "--epochs", "1").stdout
    rows = [line.split(" | ") for line in printed.splitlines()[2:]]
    assert rows[0][0].strip("| ") == "default"
    assert len(rows) == 10
    assert all(0 <= float(row[1]) <= 1 for row in rows)


def test_recovery():
    few = ["--genes", "60", "--epochs", "1", "--models", "deep-chrome", "svm"]
    rows = [line.split(" | ") for line in run("recovery.py", *few).stdout.splitlines()[2:]]
    methods = [row[2] for row in rows if row[0] == "| deep-chrome"]
    assert {"saliency", "deeplift", "occlusion", "occlusion, width=5"} < set(methods)
    assert [row[2] for row in rows if row[0] == "| svm"] == ["occlusion", "occlusion, width=5"]
    assert all(0 <= float(row[3]) <= 1 for row in rows)
    assert all("(H3K4me1)" in row[5] and "(H3K27me3)" not in row[5] for row in rows)


def test_distal_simulation(tmp_path):
    options = ["--regions", "30", "--epochs", "1", "--seeds", "1", "--models", "dilated", "hybrid"]
    printed = run("distal_simulation.py", tmp_path / "made", *options).stdout
    heading, _, dilated, hybrid = printed.splitlines()
    assert heading.split(" | ")[2:4] == ["near", "far"]
    assert dilated.startswith("| dilated | 138,813 | ")
    assert hybrid.startswith("| hybrid | ")
    assert (tmp_path / "made" / "table.md").read_text() == printed
    rows = pd.read_csv(tmp_path / "made" / "results.tsv", sep="\t")
    assert rows["model"].tolist() == ["dilated", "hybrid"]
    for measure in ("near", "far", "local", "pearson"):
        assert (rows[f"{measure}_low"] <= rows[measure]).all()
        assert (rows[measure] <= rows[f"{measure}_high"]).all()


def test_captum_explains_the_bin_behind_the_crop(small_sequences, tmp_path, monkeypatch, capsys):
    settings = {"scale": "small", "epochs": 1, "batch_size": 2}
    trained = ad.train(small_sequences, "standard", tmp_path / "run", settings, seed=1)
    with torch.no_grad():
        codes = torch.from_numpy(trained.dataset().read(8)[0])
        strongest = int(trained.model.eval()(one_hot(codes)[None])[0, :, 0].argmax())
    monkeypatch.setattr(sys, "argv", ["", str(trained.path), "--steps", "2"])
    runpy.run_path(str(EXAMPLES / "captum_sequence.py"), run_name="__main__")
    heading, *_, last = capsys.readouterr().out.splitlines()
    assert heading == f"A+ at chr1:{800 + 8 + 8 * strongest}"
    base, beside, *_ = last.split()
    assert "ACGTN"[codes[8 + 8 * strongest + int(beside)]] == base


def test_variants_simulation_and_what_explains_its_models(tmp_path):
    options = ["--regions", "30", "--epochs", "1", "--scored", "2", "--models", "hybrid"]
    out = tmp_path / "made"
    printed = run("variants_simulation.py", out, *options).stdout
    assert printed.startswith("| measure | hybrid |\n")
    assert (out / "table.md").read_text() == printed
    rows = pd.read_csv(out / "results.tsv", sep="\t").set_index("measure")
    measures = {"a base: AUROC", "a motif: AUROC", "links, of bins: AUROC, attention"}
    assert measures < set(rows.index)
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    assert -1.5 < rows.loc["a motif: the truth", "value"] < 0

    explained = run("captum_sequence.py", out / "seed1" / "hybrid", "--steps", "4").stdout
    assert explained.startswith("CAGE+ at chr")
    assert len(explained.splitlines()) == 14
    pytest.importorskip("tangermeme", reason="tangermeme is not installed")
    few = ["--regions", "1", "--width", "6", "--shuffles", "1"]
    asked = run("tangermeme_sequence.py", out / "seed1" / "hybrid", *few).stdout.splitlines()
    assert [line.split(" in the middle, ")[1].split(":")[0] for line in asked[:5]] == [
        "CAGE+",
        "CAGE-",
        "DNASE",
        "H3K27AC",
        "FACTOR",
    ]
    assert len(asked) == 7 + 6
