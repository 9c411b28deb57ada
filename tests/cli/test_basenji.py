"""Basenji's folders in and out, and what is said of bad ones."""

import json
import shutil
import signal
import time

import pytest

import attendome as ad


@pytest.fixture(scope="module")
def folder(succeed, small_sequences, tmp_path_factory):
    out = tmp_path_factory.mktemp("basenji") / "folder"
    said = succeed("export", "basenji", small_sequences, out)
    assert said == f"Wrote {out}: 10 regions × 64 bp, 3 tracks × 6 bins of 8 bp.\n"
    return out


def test_import(succeed, fail, folder, small_sequences, tmp_path):
    out = tmp_path / "d.zarr"
    said = succeed("import", "basenji", folder, out, "--assembly", "hg38")
    assert said == f"Wrote {out}: 10 regions × 64 bp, 3 tracks × 6 bins of 8 bp.\n"
    assert ad.open_dataset(out).fingerprint() == ad.open_dataset(small_sequences).fingerprint()
    assert "replace it with --force" in fail("import", "basenji", folder, out)


def test_joining_bins_is_said(succeed, fail, folder, tmp_path):
    said = succeed("import", "basenji", folder, tmp_path / "d.zarr", "--bin-size", 16)
    assert "undone; bins of 8 bp were joined to 16 bp; square root, soft clip and clip" in said
    said = succeed("import", "basenji", folder, tmp_path / "l.zarr", "--linear")
    assert "undone; they were not applied again, the coverage is on the linear scale" in said
    said = succeed("export", "basenji", tmp_path / "l.zarr", tmp_path / "out")
    assert "rounded to float16" in said
    said = fail("import", "basenji", folder, tmp_path / "x.zarr", "--bin-size", 20)
    assert "bin size 20 must be a multiple of the folder's 8" in said


def test_info(succeed, small_sequences):
    said = succeed("info", small_sequences)
    for text in (
        "assembly hg38",
        "10 regions of 64 bp; 6 bins of 8 bp after a crop of 8 bp",
        "DNASE",
    ):
        assert text in said
    assert json.loads(succeed("info", small_sequences, "--json"))["kind"] == "sequence"


def test_problems_are_shown(succeed, folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "folder")
    bed = (changed / "sequences.bed").read_text()
    (changed / "sequences.bed").write_text(bed.replace("chr1\t908\t956", "chr1\t510\t558"))
    said = succeed("import", "basenji", changed, tmp_path / "d.zarr")
    warning = "Warning: 1 of 2 test regions overlap the input of a training region."
    assert warning in said
    assert warning in succeed("info", tmp_path / "d.zarr")


def test_bad_files(fail, folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "folder")
    shard = changed / "tfrecords" / "train-0.tfr"
    shard.write_bytes(shard.read_bytes()[:-7])
    said = fail("import", "basenji", changed, tmp_path / "d.zarr")
    assert f"{shard}, record 6: expected a zlib-compressed TFRecord, but" in said
    assert "statistics.json: no such file" in fail(
        "import", "basenji", tmp_path, tmp_path / "d.zarr"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    "command",
    [
        ["train", "DATA", "--model", "linear", "--out", "OUT"],
        ["compare", "DATA", "--models", "linear", "--out", "OUT"],
    ],
)
def test_models_of_histone_marks_read_no_dna(fail, small_sequences, tmp_path, command):
    places = {"DATA": small_sequences, "OUT": tmp_path / "out"}
    said = fail(*(places.get(word, word) for word in command))
    assert "linear reads histone marks, and the data are of DNA; choose from: attention" in said
    assert not any(tmp_path.iterdir())


def test_a_command_for_chromatin_says_so(fail, small_sequences, tmp_path):
    said = fail("export", "attentivechrome", small_sequences, tmp_path / "out")
    assert f"{small_sequences}: expected a chromatin dataset, found a sequence dataset" in said
    assert not any(tmp_path.iterdir())


def test_a_command_for_sequences_says_so(fail, dataset, tmp_path):
    said = fail("export", "basenji", dataset, tmp_path / "out")
    assert f"{dataset}: expected a sequence dataset, found a chromatin dataset" in said


def test_an_interrupted_import_leaves_nothing(start, shared_data, tmp_path):
    folder = shared_data / "sequence" / "hg38_tiny"
    running = start("import", "basenji", folder, tmp_path / "d.zarr")
    while not list(tmp_path.glob(".d.zarr.*/d.zarr/coverage/c.*")):
        assert running.poll() is None
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert "Interrupted; nothing is half written" in said
    assert not any(tmp_path.iterdir())
