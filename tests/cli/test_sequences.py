import json
import os
import signal
import time

import pytest

from attendome import open_dataset

SMALL = ["--regions", 24, "--length", 4096, "--seed", 5]


@pytest.fixture(scope="module")
def simulated_files(succeed, tmp_path_factory):
    """A simulated dataset, and the same as files."""
    folder = tmp_path_factory.mktemp("simulated")
    out, genome = folder / "s.zarr", folder / "genome"
    said = succeed("simulate", "sequence", out, *SMALL, "--write-genome", genome)
    assert "24 regions of 4,096 bp (16 train, 4 valid, 4 test), 32 bins of 128 bp, 5 tracks" in said
    return out, genome


def options(genome, **more):
    files = {"genome": genome / "genome.fa", "tracks": genome / "tracks.tsv"}
    values = files | {"length": 4096, "workers": 1} | more
    return [word for name, value in values.items() for word in (f"--{name}", value)]


def test_the_files_of_a_simulation_build_the_same_dataset(simulated_files, succeed, tmp_path):
    stored, genome = simulated_files
    out = tmp_path / "d.zarr"
    given = options(genome, regions=genome / "regions.bed", split="column")
    assert "Wrote" in succeed("build", "sequence", out, *given)
    simulated, built = open_dataset(stored), open_dataset(out)
    for name in ("sequence", "coverage"):
        assert (simulated.xarray[name].to_numpy() == built.xarray[name].to_numpy()).all()
    assert built.regions.to_dict("list") == simulated.regions.to_dict("list")
    columns = ["assay", "description", "strand_pair"]
    assert built.tracks[columns].to_dict() == simulated.tracks[columns].to_dict()


def test_the_truth_is_in_the_dataset(simulated_files, succeed):
    assert "24 regions of 4,096 bp" in succeed("info", simulated_files[0])
    content = open_dataset(simulated_files[0]).xarray
    assert {"chrom", "split", "track", "coverage_mean"} < set(content.coords)
    assert content.attrs["truth"]["distal_effect"] == 3.0
    elements = {name for name in content.variables if name.startswith("element_")}
    assert {"element_position", "element_strand", "element_strength", "element_rate"} < elements
    kind = content["element_kind"].to_numpy()
    assert (kind[content["pair_promoter"].to_numpy()] == "promoter").all()
    assert (kind[content["pair_enhancer"].to_numpy()] == "enhancer").all()


def test_the_genome_is_tiled_and_tracks_are_added(simulated_files, succeed, tmp_path):
    _, genome = simulated_files
    out, more = tmp_path / "d.zarr", tmp_path / "more.tsv"
    said = succeed("build", "sequence", out, *options(genome, crop=1024, split="random"))
    assert "16 bins of 128 bp, 5 tracks; assembly unknown." in said
    more.write_text(f"name\tfile\tsum_stat\nmaximum\t{genome / 'DNASE.bw'}\tmax\n")
    said = succeed("build", "more-tracks", tmp_path / "e.zarr", out, "--tracks", more)
    assert "6 tracks" in said
    assert open_dataset(tmp_path / "e.zarr").tracks.index[-1] == "maximum"


def test_what_does_not_fit_is_one_message(simulated_files, fail, tmp_path):
    _, genome = simulated_files
    out = tmp_path / "d.zarr"
    table = tmp_path / "tracks.tsv"
    table.write_text("name\tfile\na\tno.bw\nb\tnot.bw\n")
    said = fail("build", "sequence", out, *options(genome, tracks=table))
    assert "2 of 2 files are missing" in said
    assert "b: " in said
    assert "dtype" in fail("build", "sequence", out, *options(genome, dtype="int8"))
    assert "Unknown split rule" in fail("build", "sequence", out, *options(genome, split="x"))
    assert "exists already" in fail("simulate", "sequence", out, *SMALL, "--write-genome", genome)
    assert not out.exists()


@pytest.fixture(scope="module")
def many(simulated_files, succeed, tmp_path_factory):
    """The options of a build of 40 tracks, and what it makes without being stopped."""
    _, genome = simulated_files
    table, out = genome / "many.tsv", tmp_path_factory.mktemp("many") / "d.zarr"
    table.write_text("name\tfile\n" + "".join(f"t{n}\tDNASE.bw\n" for n in range(40)))
    given = options(genome, tracks=table, split="random")
    succeed("build", "sequence", out, *given)
    return given, out


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(("how", "workers"), [(signal.SIGINT, 2), (signal.SIGKILL, 1)])
def test_a_build_that_is_killed_goes_on_to_the_same_bytes(
    many, succeed, start, tmp_path, how, workers
):
    (given, whole), out = many, tmp_path / "d.zarr"
    process = start("build", "sequence", out, *given, "--workers", workers)
    parts = tmp_path / ".d.zarr.parts"
    until = time.monotonic() + 120
    while not list(parts.glob("track-*.json")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(process.pid, how)
    _, said = process.communicate()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "Give the same command again: it goes on." in said
    assert not out.exists()
    done = {path: path.stat().st_mtime_ns for path in parts.glob("track-*.json")}
    assert 0 < len(done) < 40
    assert all(json.loads(path.read_bytes())["track"] == f"t{int(path.stem[6:])}" for path in done)
    succeed("build", "sequence", out, *given)
    assert [path.name for path in tmp_path.iterdir()] == ["d.zarr"]
    assert content(out) == content(whole)
