import json
from dataclasses import replace

import numpy as np
import pytest

from attendome.data.sequence import writer as writing
from attendome.data.sequence.layout import SequenceLayout
from attendome.data.sequence.store import open_sequence
from attendome.data.sequence.writer import SequenceWriter
from attendome.errors import DataError


@pytest.fixture
def layout(small_sequences):
    data = open_sequence(small_sequences)
    return SequenceLayout(data.regions, data.tracks, data.bin_size, data.crop)


@pytest.fixture
def region(small_sequences):
    return open_sequence(small_sequences).read


def files_in(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_regions_are_written_in_any_order(layout, region, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    for number in np.random.default_rng(0).permutation(10).tolist():
        writer.write(number, *region(number))
    writer.finish()
    made = open_sequence(tmp_path / "d.zarr")
    for number in range(10):
        assert all((a == b).all() for a, b in zip(made.read(number), region(number), strict=True))


@pytest.mark.parametrize("files", [10, 3])  # a file per region, and four regions per file
@pytest.mark.parametrize("stop", [0, 1, 5, 10])
def test_a_stopped_writer_is_gone_on_with_to_the_same_bytes(
    layout, region, tmp_path, monkeypatch, files, stop
):
    monkeypatch.setattr(writing, "_MOST_FILES", files)
    whole, stopped = (SequenceWriter(tmp_path / name, layout) for name in ("a.zarr", "b.zarr"))
    for number in range(10):
        whole.write(number, *region(number))
        if number < stop:
            stopped.write(number, *region(number))
    whole.finish()
    again = SequenceWriter(tmp_path / "b.zarr", layout)
    kept = stop if files == 10 or stop == 10 else stop // 4 * 4
    assert again.written.tolist() == [number < kept for number in range(10)]
    for number in np.flatnonzero(~again.written).tolist():
        again.write(number, *region(number))
    again.finish()
    assert files_in(tmp_path / "a.zarr") == files_in(tmp_path / "b.zarr")
    chunks = list((tmp_path / "a.zarr" / "coverage").glob("c.*"))
    assert len(chunks) == files
    assert (open_sequence(tmp_path / "b.zarr").read(9)[1] == region(9)[1]).all()


@pytest.mark.parametrize("change", ["tracks", "regions", "dtype", "bin_size", "crop"])
def test_the_beginning_of_another_dataset_is_refused(layout, region, tmp_path, change):
    SequenceWriter(tmp_path / "d.zarr", layout).write(0, *region(0))
    changed = {
        "tracks": layout.tracks.rename(index={"B": "C"}),
        "regions": layout.regions.assign(split="test"),
        "dtype": "float32",
        "bin_size": 16,
        "crop": 16,
    }
    with pytest.raises(DataError, match="holds the beginning of another dataset"):
        SequenceWriter(tmp_path / "d.zarr", replace(layout, **{change: changed[change]}))


def test_regions_of_zeros_are_seen_to_be_there(layout, tmp_path):
    writer = SequenceWriter(tmp_path / "d.zarr", layout)
    for number in range(10):
        writer.write(number, np.zeros(64, np.uint8), np.zeros((6, 3), np.float16))
    assert SequenceWriter(tmp_path / "d.zarr", layout).written.all()
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
