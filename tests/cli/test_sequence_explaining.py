"""Explaining a run of a model that reads DNA, and what is made of it, from the command line."""

import numpy as np
import pybigtools
import pytest
import xarray as xr

import attendome as ad


@pytest.fixture(scope="session")
def dna(succeed, small_sequences, tmp_path_factory):
    """A run that no test changes."""
    out = tmp_path_factory.mktemp("runs") / "standard"
    settings = ["scale=small", "epochs=1", "batch_size=2"]
    options = [word for setting in settings for word in ("--set", setting)]
    succeed("train", small_sequences, "--model", "standard", "--out", out, *options)
    return out


@pytest.fixture(scope="session")
def fasta(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(">chr1\n" + "ACGTTGCA" * 100 + "\n")
    return path


@pytest.fixture(scope="session")
def maps(succeed, dna, fasta, tmp_path_factory):
    out = tmp_path_factory.mktemp("maps") / "maps.zarr"
    options = ("--region", "chr1:400-420", "--track", "B", "--genome", fasta, "--out", out)
    said = succeed("explain", dna, *options)
    assert f"Wrote {out}: 20 bases × 1 tracks." in said
    assert "Explained is the coverage predicted for chr1:400-424." in said
    return out


def test_integrated_gradients_say_how_they_add_up(succeed, dna, tmp_path):
    options = ["--method", "integrated-gradients", "--set", "steps=2", "--track", "DNASE"]
    out = tmp_path / "m.zarr"
    said = succeed("explain", dna, "--region", "chr1:820-830", *options, "--out", out)
    assert "importance adds up to the change from N everywhere" in said


def test_tracks_for_browsers(succeed, fail, maps, tmp_path):
    values = xr.open_zarr(maps)["importance"].sel(track="B").to_numpy()
    out = tmp_path / "b.bw"
    said = succeed("export", "importance", maps, out, "--track", "B")
    assert f"Wrote {out}: B, chr1:400-420: effect of the base over" in said
    with pybigtools.open(str(out)) as track:
        assert track.chroms() == {"chr1": 800}
        rows = list(track.records("chr1"))
    assert [row[:2] for row in rows] == [(place, place + 1) for place in range(400, 420)]
    np.testing.assert_allclose([row[2] for row in rows], values, rtol=1e-6)
    lines = tmp_path / "b.bedgraph"
    succeed("export", "importance", maps, lines, "--track", "B")
    heading, first, *_ = lines.read_text().splitlines()
    assert heading.startswith('track type=bedGraph name="B mutagenesis"')
    assert first.split("\t")[:3] == ["chr1", "400", "401"]
    assert float(first.split("\t")[3]) == pytest.approx(values[0], rel=1e-5)
    assert "Unknown track 'b'" in fail(
        "export", "importance", maps, tmp_path / "c.bw", "--track", "b"
    )
    assert "--force" in fail("export", "importance", maps, out, "--track", "B")


def test_lengths_of_chromosomes(succeed, fail, dna, tmp_path):
    maps, out = tmp_path / "m.zarr", tmp_path / "b.bw"
    options = ("--method", "saliency", "--track", "B", "--out", maps)
    succeed("explain", dna, "--region", "chr1:820-830", *options)
    assert "--chrom-sizes" in fail("export", "importance", maps, out, "--track", "B")
    sizes = tmp_path / "chrom.sizes"
    sizes.write_text("1\t900\n")
    succeed("export", "importance", maps, out, "--track", "B", "--chrom-sizes", sizes)
    sizes.write_text("1\t829\n")
    said = fail(
        "export", "importance", maps, out, "--track", "B", "--chrom-sizes", sizes, "--force"
    )
    assert "said to be 829 bp" in said


def test_logos(succeed, fail, maps, dataset, tmp_path):
    out = tmp_path / "logos"
    said = succeed("export", "logos", maps, out)
    assert said == f"Wrote {out}: logo-B, each as .pdf, .svg and .png.\n"
    names = ["logo-B.pdf", "logo-B.png", "logo-B.svg"]
    assert sorted(path.name for path in out.iterdir()) == names
    succeed("export", "logos", maps, out, "--track", "B", "--force")
    assert "expected the importance of bases" in fail("export", "logos", dataset, tmp_path / "x")
    assert "cannot be read" in fail("export", "logos", tmp_path / "none.zarr", tmp_path / "x")


def test_a_run_of_the_other_kind(fail, run, dna, invoke):
    assert "reads DNA; say which bases with --region" in fail("explain", dna)
    said = fail("explain", run, "--region", "chr1:1-5")
    assert "--region, --at, --track and --genome are for models that read DNA" in said
    assert invoke("explain", dna, "--track", "B").exit_code == 2
    assert invoke("explain", dna, "--region", "chr1:1-5", "--gene", "A").exit_code == 2


def test_python(dna, tmp_path):
    found = ad.open_run(dna).explain("chr1:820-830", "saliency", tmp_path / "m.nc", tracks=("B",))
    assert xr.load_dataset(tmp_path / "m.nc")["importance"].equals(found["importance"])
