import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from attendome import open_dataset
from attendome.data.sequence.layout import SequenceLayout
from attendome.data.sequence.store import new_sequence_dataset, open_sequence
from attendome.data.store import open_chromatin
from attendome.errors import DataError


@pytest.fixture
def stored(small_sequences, tmp_path):
    return shutil.copytree(small_sequences, tmp_path / "copy.zarr")


@pytest.fixture
def layout(small_sequences):
    data = open_sequence(small_sequences)
    return SequenceLayout(data.regions, data.tracks, data.bin_size, data.crop)


def write(path, layout, **options):
    rng = np.random.default_rng(1)
    with new_sequence_dataset(path, layout, **options) as writer:
        for number in range(len(layout.regions)):
            coverage = rng.random((layout.bins, len(layout.tracks))).astype(np.float32)
            writer.write(number, rng.integers(0, 5, layout.length, dtype=np.uint8), coverage)
        writer.finish(build={"notes": ["A note."]})


def test_what_is_opened(small_sequences):
    data = open_dataset(small_sequences)
    assert (len(data), data.length, data.bins, data.bin_size, data.crop) == (10, 64, 6, 8, 8)
    assert data.regions.iloc[9].tolist() == ["chr1", 900, 964, "test"]
    assert data.tracks.index.tolist() == ["A+", "A-", "B"]
    assert data.tracks.loc["B", ["assay", "scale", "strand_pair"]].tolist() == ["DNASE", 0.1, 2]
    assert data.xarray.attrs["assembly"] == "hg38"
    assert data.path == small_sequences


def test_nothing_of_the_regions_is_read_before_it_is_asked_for(stored):
    """Damaged chunks are only noticed when they are read, and those of other regions never."""
    data = open_sequence(stored)
    before = [values.copy() for values in data.read(3)]
    for name in ("coverage", "sequence"):
        for chunk in (stored / name).glob("c.*"):
            if not chunk.name.startswith("c.3."):
                chunk.write_bytes(b"\0garbage" * 3)
    again = open_sequence(stored)
    assert all((a == b).all() for a, b in zip(again.read(3), before, strict=True))
    with pytest.raises(Exception, match=r"(?i)zstd"):
        again.read(4)


def test_a_plain_open_zarr_gives_the_same(small_sequences):
    plain, data = xr.open_zarr(small_sequences, chunks=None), open_sequence(small_sequences)
    assert (plain["coverage"][7].to_numpy() == data.read(7)[1]).all()
    assert list(plain["chrom"].to_numpy()) == data.regions["chrom"].tolist()


def test_a_dataset_can_be_sent_to_another_process(small_sequences):
    data = open_sequence(small_sequences).split("valid")
    sent = pickle.loads(pickle.dumps(data))
    assert (sent.read(1)[1] == open_sequence(small_sequences).read(7)[1]).all()


def test_existing_dataset_is_kept_without_force(stored, layout):
    before = open_sequence(stored).fingerprint()
    with pytest.raises(DataError, match="--force"):
        write(stored, layout)
    assert open_sequence(stored).fingerprint() == before
    write(stored, layout, force=True)
    assert open_sequence(stored).fingerprint() != before
    assert open_sequence(stored).xarray.attrs["build"] == {"notes": ["A note."]}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted_writing_leaves_nothing(layout, tmp_path, error):
    def stopped(writer):
        writer.write(0, np.zeros(64, np.uint8), np.zeros((6, 3), np.float16))
        raise error

    with pytest.raises(type(error)), new_sequence_dataset(tmp_path / "d.zarr", layout) as writer:
        stopped(writer)
    assert not any(tmp_path.iterdir())


def test_unfinished_writing_is_an_error(layout, tmp_path):
    with (
        pytest.raises(DataError, match="10 of 10 regions are not written; the first is number 0"),
        new_sequence_dataset(tmp_path / "d.zarr", replace(layout, crop=0)) as writer,
    ):
        writer.finish()
    assert not any(tmp_path.iterdir())


def test_name_must_end_in_zarr(layout, tmp_path):
    with pytest.raises(DataError, match=r"ends in \.zarr"):
        write(tmp_path / "d", layout)


# Damage


def refuses(path, *parts):
    with pytest.raises(DataError) as caught:
        open_sequence(path)
    for part in (str(path), *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["sequence", "coverage"])
def test_lost_region(stored, name):
    next((stored / name).glob("c.4.*")).unlink()
    refuses(stored, "damaged", f"a part of '{name}' is missing")


@pytest.mark.parametrize("name", ["chrom", "strand_pair", "crc32c", "track"])
def test_lost_chunk_of_a_coordinate(stored, name):
    shutil.rmtree(stored / name / "c")
    refuses(stored, "damaged")


@pytest.mark.parametrize("name", ["coverage", "sequence", "start", "coverage_max", "assay"])
def test_missing_variable(stored, name):
    shutil.rmtree(stored / name)
    refuses(stored, f"'{name}'")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("kind", "chromatin", "expected a sequence dataset, found a chromatin dataset"),
        ("kind", None, "found None"),
        ("schema_version", 2, "found 2"),
        ("bin_size", 16, "6 bins of 16 bp are not the 64 bp"),
        ("crop", "8", "found '8'"),
        ("sources", None, "found None"),
    ],
)
def test_wrong_attribute(stored, name, value, found):
    content = json.loads((stored / "zarr.json").read_text())
    content["attributes"][name] = value
    (stored / "zarr.json").write_text(json.dumps(content))
    refuses(stored, found)


def test_a_chromatin_function_says_what_it_was_given(small_sequences):
    with pytest.raises(DataError, match="expected a chromatin dataset, found a sequence dataset"):
        open_chromatin(small_sequences)


def test_a_sequence_function_says_what_it_was_given(simulated_store):
    with pytest.raises(DataError, match="expected a sequence dataset, found a chromatin dataset"):
        open_sequence(simulated_store)
    assert open_dataset(simulated_store).bins == 20


def test_nothing_there(tmp_path):
    refuses(tmp_path / "none.zarr", "no such dataset")
    refuses(tmp_path, "zarr.json")


def test_a_layout_that_does_not_fit_leaves_nothing(layout, tmp_path):
    wrong = replace(layout, bin_size=7)
    with pytest.raises(DataError, match="no whole number of bins of 7 bp"):
        write(tmp_path / "d.zarr", wrong)
    assert not any(tmp_path.iterdir())
