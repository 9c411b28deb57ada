import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from attendome.data.amend import with_split
from attendome.data.simulation import SimulationSettings, simulate_chromatin
from attendome.data.store import open_chromatin, save_dataset
from attendome.errors import DataError

VARIABLES = ("signal", "label", "expression", "gene", "gene_name", "chrom", "tss", "strand")
COORDINATES = ("split", "mark", "bin_start")


def files_in(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_round_trip(simulated, simulated_store):
    opened = open_chromatin(simulated_store)
    assert opened.xarray.identical(simulated.xarray)
    assert opened.path == simulated_store
    assert opened.fingerprint() == simulated.fingerprint()
    assert opened.signal.dtype == np.float32
    assert opened.labels().dtype == np.int8


def test_path_as_text(simulated, simulated_store):
    assert open_chromatin(str(simulated_store)).fingerprint() == simulated.fingerprint()


def test_round_trip_over_several_chunks(tmp_path):
    data = simulate_chromatin(SimulationSettings(genes=2100, bins=10))
    save_dataset(data, tmp_path / "large.zarr")
    assert open_chromatin(tmp_path / "large.zarr").xarray.identical(data.xarray)


def test_without_labels_and_expression(simulated, tmp_path):
    bare = replace(simulated, xarray=simulated.xarray.drop_vars(["label", "expression"]))
    save_dataset(bare, tmp_path / "bare.zarr")
    assert open_chromatin(tmp_path / "bare.zarr").xarray.identical(bare.xarray)


def test_opened_dataset_can_be_changed_and_saved_again(simulated_store, tmp_path):
    opened = open_chromatin(simulated_store)
    changed = with_split(opened.split("train").with_marks(["H3K9me3", "H3K4me3"]), "thirds")
    save_dataset(changed, tmp_path / "part.zarr")
    assert open_chromatin(tmp_path / "part.zarr").xarray.identical(changed.xarray)


@pytest.mark.parametrize("name", ["data", "data.zarr.gz", "data.csv"])
def test_name_must_end_in_zarr(simulated, tmp_path, name):
    with pytest.raises(DataError, match=r"ends in \.zarr"):
        save_dataset(simulated, tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_folder_must_exist(simulated, tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        save_dataset(simulated, tmp_path / "nowhere" / "data.zarr")


def test_existing_dataset_is_kept_without_force(simulated, simulated_store):
    before = files_in(simulated_store)
    with pytest.raises(DataError, match="--force"):
        save_dataset(simulated.split("test"), simulated_store)
    assert files_in(simulated_store) == before


def test_force_replaces_the_whole_dataset(simulated, simulated_store):
    (simulated_store / "stale").mkdir()
    save_dataset(simulated.split("test"), simulated_store, force=True)
    assert open_chromatin(simulated_store).xarray.identical(simulated.split("test").xarray)
    assert not (simulated_store / "stale").exists()
    assert [p.name for p in simulated_store.parent.iterdir()] == ["simulated.zarr"]


@pytest.mark.parametrize("content", [None, "", '{"attributes": {"method": "attention"}}'])
def test_force_never_deletes_what_is_not_a_dataset(simulated, tmp_path, content):
    folder = tmp_path / "thesis.zarr"
    folder.mkdir()
    save_dataset(simulated, folder, force=True)
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "thesis.txt").write_text("ten years")
    if content is not None:
        (folder / "zarr.json").write_text(content)
    for path in (folder, folder / "file.zarr"):
        if path != folder:
            path.write_text("ten years")
        before = files_in(folder)
        with pytest.raises(DataError, match=r"\.zarr: not replaced, since it is not a dataset"):
            save_dataset(simulated, path, force=True)
        assert files_in(folder) == before


def test_a_plain_open_zarr_does_not_warn(simulated, simulated_store):
    """Warnings are errors here."""
    assert xr.open_zarr(simulated_store).load()["signal"].equals(simulated.signal)


@pytest.fixture
def interrupted(simulated, monkeypatch):
    """Give a dataset whose writing stops in the middle, with the given error."""

    def make(error):
        def to_zarr(self, store, **options):
            original(self[["signal"]].drop_vars("gene_name"), store, **options)
            raise error

        kind = type(simulated.xarray)
        original = kind.to_zarr
        monkeypatch.setattr(kind, "to_zarr", to_zarr)
        return simulated.split("test")

    return make


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted_writing_leaves_nothing(interrupted, tmp_path, error):
    with pytest.raises(type(error)):
        save_dataset(interrupted(error), tmp_path / "data.zarr")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_interrupted_writing_keeps_the_old_dataset(interrupted, simulated_store, error):
    before = files_in(simulated_store)
    with pytest.raises(type(error)):
        save_dataset(interrupted(error), simulated_store, force=True)
    assert files_in(simulated_store) == before
    assert [p.name for p in simulated_store.parent.iterdir()] == ["simulated.zarr"]


def refuses(path, *parts):
    with pytest.raises(DataError) as caught:
        open_chromatin(path)
    for part in (str(path), *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", VARIABLES + COORDINATES)
def test_lost_chunk(simulated_store, name):
    shutil.rmtree(simulated_store / name / "c")
    refuses(simulated_store, "damaged", f"a chunk of '{name}' is missing")


def test_lost_chunk_of_zeros_is_noticed(simulated, tmp_path):
    zeros = replace(simulated, xarray=simulated.xarray.assign(label=simulated.xarray.label * 0))
    save_dataset(zeros, tmp_path / "zeros.zarr")
    assert not open_chromatin(tmp_path / "zeros.zarr").labels().any()
    (tmp_path / "zeros.zarr" / "label" / "c" / "0").unlink()
    refuses(tmp_path / "zeros.zarr", "a chunk of 'label'")


@pytest.mark.parametrize("name", VARIABLES + COORDINATES)
@pytest.mark.parametrize("content", [None, b"", b"\x00garbage" * 9], ids=["cut", "empty", "other"])
def test_broken_chunk(simulated_store, name, content):
    chunk = next(p for p in (simulated_store / name / "c").rglob("*") if p.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-5] if content is None else content)
    refuses(simulated_store, "damaged")


BROKEN_JSON = ["", "{", "null", "1", "[]", '{"zarr_format": 3}', '{"node_type": "array"}', "\0\1"]


@pytest.mark.parametrize("part", [".", "signal", "label", "split"])
@pytest.mark.parametrize("content", BROKEN_JSON)
def test_broken_zarr_json(simulated_store, part, content):
    (simulated_store / part / "zarr.json").write_text(content)
    refuses(simulated_store)


@pytest.mark.parametrize("name", VARIABLES + COORDINATES)
def test_lost_description_of_a_variable(simulated_store, name):
    (simulated_store / name / "zarr.json").unlink()
    refuses(simulated_store, f"{name}/zarr.json")


REQUIRED = sorted({*VARIABLES, *COORDINATES} - {"label", "expression"})


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_variable(simulated_store, name):
    shutil.rmtree(simulated_store / name)
    refuses(simulated_store, f"'{name}'")


def edit_attributes(path, **values):
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"].update(values)
    (path / "zarr.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("kind", "sequence", "expected a chromatin dataset, found a sequence"),
        ("kind", None, "found None"),
        ("schema_version", 2, "found 2"),
        ("schema_version", None, "found None"),
        ("bin_size", "100", "found '100'"),
        ("bin_size", 50, "evenly spaced"),
        ("oriented", "no", "found 'no'"),
        ("cell_type", None, "found None"),
    ],
)
def test_wrong_attribute(simulated_store, name, value, found):
    edit_attributes(simulated_store, **{name: value})
    refuses(simulated_store, found)


def test_missing_folder(tmp_path):
    refuses(tmp_path / "none.zarr", "no such dataset")


def test_folder_that_is_no_dataset(tmp_path):
    refuses(tmp_path, "zarr.json")


def test_file_in_place_of_a_dataset(tmp_path):
    (tmp_path / "data.zarr").touch()
    refuses(tmp_path / "data.zarr", "zarr.json")


def test_files_of_a_file_manager_do_no_harm(simulated, simulated_store):
    (simulated_store / ".DS_Store").write_bytes(b"x")
    (simulated_store / ".thumbnails").mkdir()
    assert open_chromatin(simulated_store).fingerprint() == simulated.fingerprint()
