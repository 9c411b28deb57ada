"""Commands that write what other programs read."""

import numpy as np
import pytest

import attendome as ad
from attendome.data.store import save_dataset


def test_export(succeed, fail, dataset, tmp_path):
    out = tmp_path / "csv"
    said = succeed("export", "attentivechrome", dataset, out)
    assert said.splitlines()[0] == f"Wrote {out}: 120 genes × 5 marks × 20 bins."
    assert said.splitlines()[1].endswith(": H3K4me3, H3K4me1, H3K36me3, H3K27me3, H3K9me3.")
    assert (out / "train.csv").is_file()
    assert "--force" in fail("export", "attentivechrome", dataset, out)
    succeed("export", "attentivechrome", dataset, out, "--force")


@pytest.mark.parametrize("oriented", [True, False])
def test_the_order_of_the_bins_is_said(succeed, simulated, tmp_path, oriented):
    content = simulated.xarray.assign_attrs(oriented=oriented)
    path = save_dataset(ad.ChromatinDataset(content), tmp_path / "d.zarr").path
    said = succeed("export", "attentivechrome", path, tmp_path / "csv")
    order = "5'→3'" if oriented else "in genome order"
    assert said.endswith(f"The bins run {order}, as stored.\n")
    first = (tmp_path / "csv" / "test.csv").read_text().splitlines()[0].split(",")
    values = simulated.split("test").signal.to_numpy()[0, :, 0]
    np.testing.assert_array_equal(np.array(first[2:-1], np.float32), values)


def test_no_labels(fail, simulated, tmp_path):
    data = ad.ChromatinDataset(simulated.xarray.drop_vars("label"))
    path = save_dataset(data, tmp_path / "d.zarr").path
    assert "no labels" in fail("export", "attentivechrome", path, tmp_path / "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]


def test_a_track(succeed, fail, run, simulated, tmp_path):
    genes, out = simulated.split("test").genes, tmp_path / "a.bedgraph"
    said = succeed("export", "tracks", run, out, "--mark", "H3K4me3", "--split", "test")
    assert said == f"Wrote {out}: H3K4me3 by attention (share); genes: {len(genes)}.\n"
    assert out.read_text().startswith('track type=bedGraph name="simulated H3K4me3 attention"')
    again = ["export", "tracks", run, out, "--mark", "H3K4me3", "--method", "alpha"]
    assert "--force" in fail(*again)
    gene = genes.iloc[0]
    said = succeed(*again, "--force", "--gene", genes.index[0])
    assert said.endswith("by alpha (share); genes: 1.\n")
    lines = [line.split("\t") for line in out.read_text().splitlines()[1:]]
    half = simulated.bins * simulated.bin_size // 2
    assert (lines[0][0], int(lines[0][1])) == (gene["chrom"], gene["tss"] - half)
    assert int(lines[-1][2]) == gene["tss"] + half
    bigwig = ["export", "tracks", run, tmp_path / "a.bw", "--mark", "H3K4me3"]
    assert "assembly: simulated); give them with --chrom-sizes" in fail(*bigwig)
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("".join(f"{chrom}\t100000000\n" for chrom in set(simulated.genes["chrom"])))
    succeed(*bigwig, "--chrom-sizes", sizes)
    assert (tmp_path / "a.bw").stat().st_size > 0


def test_genes_without_a_location(succeed, run, simulated, tmp_path):
    content = simulated.xarray.copy(deep=True)
    content["chrom"][:2] = ""
    path = save_dataset(ad.ChromatinDataset(content), tmp_path / "d.zarr").path
    options = ["--mark", "H3K4me3", "--data", path]
    said = succeed("export", "tracks", run, tmp_path / "a.bedgraph", *options)
    assert said.endswith("Left out, since their location is not known: 2 genes.\n")


def test_figures(succeed, fail, run, simulated, tmp_path):
    succeed("explain", run, "--method", "class-optimisation", "--set", "steps=2")
    gene, out = simulated.genes.index[0], tmp_path / "figures"
    said = succeed("export", "figures", run, "--out", out, "--gene", gene)
    names = [f"beta-of-{gene}", "alpha-by-mark", "beta-genes", "class-patterns"]
    assert said == f"Wrote {out}: {', '.join(names)}, each as .pdf, .svg and .png.\n"
    assert len(list(out.iterdir())) == 12
    assert "--force" in fail("export", "figures", run, "--out", out)
    held_out = ["--held-out", "H3K4me1", "--force"]
    assert "not held out" in fail("export", "figures", run, "--out", out, *held_out)
