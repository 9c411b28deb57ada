"""The command links."""

import pytest
import xarray as xr

QUICK = ["--set", "scale=small", "--set", "batch_size=2", "--set", "epochs=1"]


@pytest.fixture(scope="module")
def attention(succeed, small_sequences, tmp_path_factory):
    """A run that no test changes."""
    out = tmp_path_factory.mktemp("runs") / "attention"
    succeed("train", small_sequences, "--model", "attention", "--out", out, *QUICK)
    return out


def test_links_are_written(succeed, attention, tmp_path):
    maps, arcs = tmp_path / "a.zarr", tmp_path / "a.bedpe"
    options = ["--targets", "2", "--split", "test", "--heads", "--one-strand"]
    said = succeed("links", attention, "--out", maps, "--out", arcs, *options)
    assert said == (
        f"4 targets; 0 links of at least 0.25 (attention).\nWrote {maps}.\nWrote {arcs}.\n"
    )
    with xr.open_zarr(maps, chunks=None) as found:
        assert dict(found.sizes) == {"target": 4, "position": 8, "head": 5}
    options = ["--method", "masking", "--region", "chr1:0-10", "--tracks", "A+,DNASE"]
    said = succeed(
        "links", attention, "--out", arcs, "--force", *options, "--set", "threshold=1e-9"
    )
    assert said.endswith(f"(ln fold change).\nWrote {arcs}.\n")
    assert len(arcs.read_text().splitlines()) > 2


def test_bad_requests(fail, invoke, attention, tmp_path):
    assert invoke("links", attention).exit_code == 2
    assert "--targets" in invoke("links", attention, "--out", "a.zarr", "--targets", "x").stderr
    assert "expected a name" in fail("links", attention, "--out", tmp_path / "a.csv")
