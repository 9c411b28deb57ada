"""Datasets from real reads, tracks, annotation and expression, through the command line."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pysam
import pytest
from typer.testing import CliRunner

from attendome import open_dataset
from attendome.cli.app import app

MARKS = ["H3K4me3", "H3K36me3", "Input"]


def attendome(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def golden(shared_data):
    """What bedtools multicov counts: a row per gene and bin, in genome order."""
    return pd.read_csv(shared_data / "golden" / "K562_chr1_multicov.tsv.gz", sep="\t")


@pytest.fixture(scope="module")
def genes(golden, tmp_path_factory):
    """The genes of those windows, as a table."""
    first = golden.iloc[::100]
    gene, strand = first["gene|strand|bin"].str.split("|", expand=True)[[0, 1]].to_numpy().T
    table = pd.DataFrame({"gene": gene, "chrom": "chr1", "strand": strand})
    path = tmp_path_factory.mktemp("genes") / "genes.tsv"
    table.assign(tss=first["start"].to_numpy() + 5000).to_csv(path, sep="\t", index=False)
    return path


def as_tag_align(bam, path):
    """Write the reads that multicov counts; an unmapped one at its mate's place has one base."""
    with pysam.AlignmentFile(bam) as reads, path.open("w") as file:
        for read in reads:
            if read.reference_id >= 0 and not (read.is_duplicate or read.is_qcfail):
                start, strand = read.reference_start, "+-"[read.is_reverse]
                end = read.reference_end or start + 1
                file.write(f"{read.reference_name}\t{start}\t{end}\tN\t1000\t{strand}\n")
    return path


@pytest.mark.parametrize("kind", ["BAM", "BED"])
def test_k562_equals_bedtools_multicov(kind, golden, genes, shared_data, tmp_path):
    signal = []
    for mark in MARKS:
        path = shared_data / "reads" / "K562_chr1" / f"K562_{mark}.bam"
        path = path if kind == "BAM" else as_tag_align(path, tmp_path / f"{mark}.tagAlign")
        signal += ["--signal", f"{mark}={path}"]
    out, options = tmp_path / "K562.zarr", ["--genome-order", "--split", "random"]
    attendome("build", "chromatin", out, "--genes", genes, *signal, *options)
    data = open_dataset(out)
    assert data.marks == MARKS
    assert data.signal.shape == (37, 3, 100)
    found = data.signal.transpose("gene", "bin", "mark").to_numpy().reshape(-1, 3)
    assert (found == golden[MARKS].to_numpy()).all()
    assert data.xarray.attrs["assembly"] == ("hg19" if kind == "BAM" else "unknown")
    assert {s["format"] for s in data.xarray.attrs["sources"][1:]} == {kind}


@pytest.fixture(scope="module")
def gm12878(shared_data, tmp_path_factory):
    tracks = shared_data / "tracks" / "E116"
    pilot = np.load(shared_data / "chromatin" / "pilot" / "E116.pilot_genes_100bins.npz")
    signal = [f"--signal={m}={tracks / f'E116-{m}.pval.signal.bw'}" for m in pilot["marks"]]
    out = tmp_path_factory.mktemp("gm12878") / "E116.zarr"
    genes = shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz"
    expression = shared_data / "expression" / "57epigenomes.RPKM.pc.gz"
    options = ["--expression", expression, "--column", "E116", "--missing", "drop"]
    # In a process of its own, where jaxtyping does not check each of 100,000 windows.
    main = [sys.executable, "-c", "from attendome.cli.app import main; main()"]
    command = [*main, "build", "chromatin", out, "--genes", genes, *signal, *options]
    return out, pilot, subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_gm12878_has_the_genes_of_the_covered_regions(gm12878):
    out, pilot, words = gm12878
    data = open_dataset(out)
    assert len(data.genes) == 371
    assert set(data.genes.index) == set(pilot["gene"])
    assert "a bin that no signal file covers" in words
    assert data.xarray.attrs["assembly"] == "hg19"
    assert not np.isnan(data.signal).any()
    assert (data.genes["split"].groupby(data.genes["chrom"]).nunique() == 1).all()


def test_gm12878_has_the_labels_of_others(gm12878):
    out, pilot, _ = gm12878
    ours = open_dataset(out).genes.loc[pilot["gene"]]
    assert (ours["label"].to_numpy() == pilot["y"]).all()
    np.testing.assert_allclose(ours["expression"], pilot["rpkm"], rtol=1e-3, atol=1e-3)


def test_gm12878_has_the_signal_of_others(gm12878):
    """Theirs is the mean of arcsinh in steps of 25 bp, ours the arcsinh of the mean."""
    out, pilot, _ = gm12878
    ours = np.arcsinh(open_dataset(out).signal.sel(gene=pilot["gene"]).to_numpy())
    for number, mark in enumerate(pilot["marks"]):
        theirs = pilot["X"][:, :, number]
        assert np.corrcoef(ours[:, number].ravel(), theirs.ravel())[0, 1] > 0.985, mark


@pytest.mark.usefixtures("few_resamples")
def test_gm12878_can_be_looked_at_and_trained_on(gm12878, tmp_path):
    out, _, _ = gm12878
    content = json.loads(attendome("info", out, "--json"))
    assert (content["cell_type"], content["genes"], content["bins"]) == ("E116", 371, 100)
    sizes = [f"--set={name}" for name in ("bin_hidden=4", "mark_hidden=3", "epochs=1")]
    run = tmp_path / "run"
    attendome("train", out, "--model", "attentive-chrome", "--out", run, *sizes)
    scores = json.loads(attendome("evaluate", run, "--json"))
    assert scores["auroc"]["low"] < scores["auroc"]["value"] < scores["auroc"]["high"]
