import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from attendome import open_dataset
from attendome.data.sequence import store
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.store import SequenceWriter, new_sequence_dataset, open_sequence
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


@pytest.fixture
def region(small_sequences):
    return open_sequence(small_sequences).read


def test_regions_are_written_in_any_order(layout, region, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    for number in np.random.default_rng(0).permutation(10).tolist():
        writer.write(number, *region(number))
    writer.finish()
    made = open_sequence(tmp_path / "d.zarr")
    for number in range(10):
        assert all((a == b).all() for a, b in zip(made.read(number), region(number), strict=True))


@pytest.mark.parametrize("files", [10, 3])  # a file per region, and four regions per file
def test_regions_share_files_where_there_are_many(layout, region, tmp_path, monkeypatch, files):
    monkeypatch.setattr(store, "_MOST_FILES", files)
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    for number in range(10):
        writer.write(number, *region(number))
    writer.finish()
    assert len(list((tmp_path / "d.zarr" / "coverage").glob("c.*"))) == files
    assert (open_sequence(tmp_path / "d.zarr").read(9)[1] == region(9)[1]).all()


def test_regions_of_zeros_are_seen_to_be_there(layout, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    for number in range(10):
        writer.write(number, np.zeros(64, np.uint8), np.zeros((6, 3), np.float16))
    writer.finish()
    assert not open_sequence(tmp_path / "d.zarr").read(5)[1].any()


def test_float32(layout, region, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", replace(layout, dtype="float32"))
    for number in range(10):
        sequence, coverage = region(number)
        writer.write(number, sequence, coverage.astype(np.float32) * 1e6)
    writer.finish()
    coverage = open_sequence(tmp_path / "d.zarr").read(2)[1]
    assert coverage.dtype == np.float32
    assert (coverage == region(2)[1].astype(np.float32) * 1e6).all()


@pytest.mark.parametrize(("bases", "shape"), [(63, (6, 3)), (64, (5, 3)), (64, (6, 4))])
def test_wrong_shapes(layout, tmp_path, bases, shape):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    with pytest.raises(DataError, match="expected 64 bases and 6 bins × 3 tracks"):
        writer.write(0, np.zeros(bases, np.uint8), np.zeros(shape, np.float16))


def test_a_region_is_written_once(layout, region, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    writer.write(0, *region(0))
    with pytest.raises(DataError, match="Region 0 is written already"):
        writer.write(0, *region(0))


def test_attributes_of_the_end_replace_those_of_the_beginning(layout, region, tmp_path):
    given = replace(layout, attributes={"assembly": "hg19", "build": {"a": 1}})
    writer = SequenceWriter(tmp_path / "d.zarr", given)
    for number in range(10):
        writer.write(number, *region(number))
    writer.finish(build={"b": 2})
    attributes = json.loads((tmp_path / "d.zarr" / "zarr.json").read_text())["attributes"]
    assert (attributes["assembly"], attributes["build"]) == ("hg19", {"b": 2})


def change(table, row, **values):
    changed = table.copy()
    for name, value in values.items():
        changed.iloc[row, changed.columns.get_loc(name)] = value
    return changed


@pytest.mark.parametrize(
    ("part", "make", "message"),
    [
        ("regions", lambda t: change(t, 3, end=400), "regions of one length above 0 bp"),
        ("regions", lambda t: change(t, 3, split="fold3"), "found fold3"),
        ("regions", lambda t: t.drop(columns="chrom"), "no chrom"),
        ("regions", lambda t: t.iloc[:0], "expected regions, found none"),
        ("tracks", lambda t: t.iloc[:0], "expected tracks, found none"),
        ("tracks", lambda t: t.rename(index={"B": "A+"}), "two tracks have the name 'A"),
        ("tracks", lambda t: change(t, 0, strand_pair=2), "track 0 .* has the strand pair 2"),
        ("tracks", lambda t: change(t, 2, strand_pair=3), "track 2 .* has the strand pair 3"),
        ("tracks", lambda t: change(t, 2, strand_pair=-1), "track 2 .* has the strand pair -1"),
        ("tracks", lambda t: t.drop(columns="assay"), "no assay"),
    ],
)
def test_tables_that_do_not_fit(layout, tmp_path, part, make, message):
    with pytest.raises(DataError, match=message):
        SequenceWriter(tmp_path / "d.zarr", replace(layout, **{part: make(getattr(layout, part))}))
    assert not any(tmp_path.iterdir())
