"""The command predict, on models that read DNA and on those that read marks."""

import signal

import numpy as np
import pandas as pd
import pytest
import xarray as xr

QUICK = ["--set", "scale=small", "--set", "batch_size=2", "--set", "epochs=1"]
# Ends itself, as the system would for lack of memory, when it predicts for the third time.
KILLED = """
import os, signal
from attendome.workflows.sequence import prediction_parts as parts
real, calls, parts._BASES = parts.averaged, [], 64
def averaged(*given):
    calls.append(1)
    return os.kill(os.getpid(), signal.SIGKILL) if len(calls) == 3 else real(*given)
parts.averaged = averaged
from attendome.cli.app import main; main()
"""


@pytest.fixture(scope="module")
def standard(succeed, small_sequences, tmp_path_factory):
    """A run that no test changes."""
    out = tmp_path_factory.mktemp("runs") / "standard"
    succeed("train", small_sequences, "--model", "standard", "--out", out, *QUICK)
    return out


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    path, generator = tmp_path_factory.mktemp("genome") / "genome.fa", np.random.default_rng(1)
    path.write_text(f">21\n{''.join(generator.choice(list('ACGT'), 200))}\n>22\nNNNNNNNNACGTACGT\n")
    return path


def test_regions_of_a_dataset(succeed, standard, tmp_path):
    out = tmp_path / "a.parquet"
    options = ["--split", "test", "--tracks", "A+, DNASE", "--both-strands", "--shifts", "-1,1"]
    said = succeed("predict", standard, "--out", out, *options)
    assert said == f"Wrote {out}: 12 bins × 2 tracks.\n"
    assert list(pd.read_parquet(out)) == ["region", "chrom", "start", "end", "A+", "B"]
    averaging = {"reverse_complement": True, "shifts": [0, -1, 1]}
    succeed("predict", standard, "--out", tmp_path / "a.zarr", *options)
    with xr.open_zarr(tmp_path / "a.zarr", chunks=None) as found:
        assert found.attrs["averaging"] == averaging


def test_along_a_genome(succeed, standard, fasta, tmp_path):
    out = tmp_path / "tracks"
    said = succeed("predict", standard, "--genome", fasta, "--out", out)
    assert said == (
        f"Wrote {out}: 27 bins × 3 tracks.\nOf 1 bins all bases are N; they have no prediction.\n"
    )
    assert {path.name for path in out.iterdir()} == {"A+.bw", "A-.bw", "B.bw", "tracks.tsv"}
    table = tmp_path / "a.parquet"
    places = ["--region", "chr21:8-24", "--region", "22", "--stride", 16, "--batch-size", 1]
    succeed("predict", standard, "--genome", fasta, "--out", table, *places)
    assert pd.read_parquet(table)[["chrom", "start"]].to_numpy().tolist() == [
        ["21", 8],
        ["21", 16],
        ["22", 8],
    ]


def test_killed_predictions_go_on(start, succeed, standard, fasta, tmp_path):
    out, whole = tmp_path / "a.parquet", tmp_path / "whole.parquet"
    options = ["predict", standard, "--genome", fasta, "--stride", 16]
    process = start(*options, "--out", out, code=KILLED)
    process.communicate(timeout=100)
    assert process.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".a.parquet.parts/*.float32"))) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attendome.workflows.sequence.prediction_parts._BASES", 64)
        succeed(*options, "--out", out)
        succeed(*options, "--out", whole)
    assert out.read_bytes() == whole.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {out.name, whole.name}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "p.tsv"], "p.tsv: expected a name that ends in .parquet or .zarr"),
        (["--out", "p", "--region", "chr21"], "are those of a genome"),
        (["--out", "p", "--tracks", "CAGF"], "did you mean 'CAGE'"),
        (["--out", "p", "--shifts", "a"], "expected whole numbers of bp"),
    ],
    ids=str,
)
def test_wrong_requests(fail, standard, options, said):
    assert said in fail("predict", standard, *options)


def test_models_of_marks_take_none_of_these_options(fail, succeed, trained, fasta, tmp_path):
    out = tmp_path / "a.tsv"
    for option in (["--genome", fasta], ["--split", "test"], ["--both-strands"], ["--stride", 8]):
        said = fail("predict", trained, "--out", out, *option)
        assert "the other options are for models that read DNA" in said
    assert succeed("predict", trained, "--out", out) == f"Wrote {out}: 120 genes.\n"
