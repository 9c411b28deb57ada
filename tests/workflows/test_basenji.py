import shutil

import numpy as np
import pytest

import attendome as ad
from attendome.errors import DataError, SettingsError


@pytest.fixture(scope="module")
def folder(small_sequences, tmp_path_factory):
    out = tmp_path_factory.mktemp("basenji") / "folder"
    ad.export_basenji(small_sequences, out)
    return out


def test_export_and_import_are_the_identity(small_sequences, folder, tmp_path):
    before = ad.open_dataset(small_sequences)
    after = ad.import_basenji(folder, tmp_path / "again.zarr")
    assert after.fingerprint() == before.fingerprint()
    assert after.xarray.drop_attrs().identical(before.xarray.drop_attrs())
    assert after.xarray.attrs["assembly"] == "hg38"


def test_import_and_export_are_the_identity(folder, tmp_path):
    ad.import_basenji(folder, tmp_path / "again.zarr")
    ad.export_basenji(tmp_path / "again.zarr", tmp_path / "folder")
    for name in (
        "targets.txt",
        "sequences.bed",
        *(f"tfrecords/{s}-0.tfr" for s in ("train", "test")),
    ):
        assert (tmp_path / "folder" / name).read_bytes() == (folder / name).read_bytes()


def test_progress_and_sources(folder, tmp_path):
    told = []
    data = ad.import_basenji(
        folder, tmp_path / "d.zarr", assembly="hg19", progress=lambda *n: told.append(n)
    )
    assert told == [(number, 10) for number in range(1, 11)]
    attributes = data.xarray.attrs
    assert attributes["assembly"] == "hg19"
    assert [entry["file"] for entry in attributes["sources"]] == [
        *("statistics.json", "sequences.bed", "targets.txt"),
        *("train-0.tfr", "valid-0.tfr", "test-0.tfr"),
    ]
    assert all(len(entry["sha256"]) == 64 for entry in attributes["sources"])
    assert "√(1 + sum) − 1" in attributes["target_processing"]["steps"]


@pytest.mark.parametrize("linear", [True, False])
def test_joined_bins(folder, tmp_path, linear):
    before = ad.import_basenji(folder, tmp_path / "a.zarr")
    after = ad.import_basenji(folder, tmp_path / "b.zarr", bin_size=24, linear=linear)
    assert (after.bins, after.bin_size, after.crop) == (2, 24, 8)
    stored, found = before.read(4)[1].astype(float), after.read(4)[1]
    bins = stored[:3, 0]
    bins = np.where(bins > 8, 7 + (bins - 7) ** 2, bins)  # as the soft clip of 8 is undone
    total, average = ((1 + bins) ** 2 - 1).sum(), stored[:3, 2].mean()
    root = np.sqrt(1 + total) - 1
    again = 7 + np.sqrt(root - 7) if root > 8 else root
    assert found[0, 0] == pytest.approx(total if linear else again, rel=1e-3)
    assert found[0, 2] == pytest.approx(average, rel=1e-3)
    assert found.dtype == (np.float32 if linear else np.float16)
    processing = after.xarray.attrs["target_processing"]
    assert (processing["bin_size_before"], processing["applied_again"]) == (8, not linear)
    (note,) = after.xarray.attrs["build"]["notes"]
    assert note.startswith(
        "The soft clip and the square root of the targets were undone; bins of 8"
    )
    assert ("not applied again" in note) == linear


def test_bins_at_the_hard_clip_are_counted(folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "folder")
    table = (changed / "targets.txt").read_text()
    (changed / "targets.txt").write_text(table.replace("20.0", "0.5"))
    data = ad.import_basenji(changed, tmp_path / "d.zarr", linear=True)
    before = ad.open_dataset(ad.import_basenji(folder, tmp_path / "a.zarr").path)
    count = sum(int((before.read(n)[1][:, 2] >= 0.5).sum()) for n in range(10))
    assert data.xarray.attrs["build"]["notes"][1].startswith(
        f"{count} bins of 8 bp were at the hard"
    )


@pytest.mark.parametrize("bin_size", [12, 32, 4])
def test_bin_sizes_that_do_not_fit(folder, tmp_path, bin_size):
    with pytest.raises(SettingsError, match="must be a multiple of the folder's 8"):
        ad.import_basenji(folder, tmp_path / "d.zarr", bin_size=bin_size)
    assert not any(tmp_path.iterdir())


def test_targets_made_in_another_way_are_not_joined(folder, tmp_path):
    ad.import_basenji(folder, tmp_path / "linear.zarr", linear=True)
    ad.export_basenji(tmp_path / "linear.zarr", tmp_path / "folder")
    with pytest.raises(SettingsError, match="were not made as Basenji's programs make them"):
        ad.import_basenji(tmp_path / "folder", tmp_path / "d.zarr", bin_size=16)
    again = ad.import_basenji(tmp_path / "folder", tmp_path / "d.zarr")
    assert again.xarray.attrs["target_processing"]["applied_again"] is False


def test_bins_are_joined_again(folder, tmp_path):
    ad.import_basenji(folder, tmp_path / "a.zarr", bin_size=16)
    ad.export_basenji(tmp_path / "a.zarr", tmp_path / "folder")
    twice = ad.import_basenji(tmp_path / "folder", tmp_path / "b.zarr", bin_size=48)
    once = ad.import_basenji(folder, tmp_path / "c.zarr", bin_size=48)
    np.testing.assert_allclose(twice.read(3)[1], once.read(3)[1], rtol=5e-3)


def test_empty_files_are_noted(folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "folder")
    import zlib

    (changed / "tfrecords" / "valid-1.tfr").write_bytes(zlib.compress(b""))
    data = ad.import_basenji(changed, tmp_path / "d.zarr")
    assert data.xarray.attrs["build"]["notes"] == ["valid-1.tfr holds no record."]


def test_a_damaged_folder_leaves_nothing(folder, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "folder")
    path = changed / "tfrecords" / "test-0.tfr"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"test-0\.tfr, record 2"):
        ad.import_basenji(changed, tmp_path / "d.zarr")
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def large(small_sequences, value):
    data = ad.open_dataset(small_sequences)
    coverage = data.xarray["coverage"].astype(np.float32)
    coverage[7, 0, 0] = value
    return ad.SequenceDataset(data.xarray.assign(coverage=coverage))


def test_float32_is_exported_as_float16(small_sequences, tmp_path):
    ad.export_basenji(large(small_sequences, 1234.56), tmp_path / "out")
    data = ad.import_basenji(tmp_path / "out", tmp_path / "d.zarr")
    assert data.read(7)[1][0, 0] == np.float16(1234.56)


@pytest.mark.parametrize(("value", "fits"), [(np.inf, True), (65504, True), (65530, False)])
def test_what_float16_does_not_hold_is_not_exported(small_sequences, tmp_path, value, fits):
    data = large(small_sequences, value)
    if fits:
        ad.export_basenji(data, tmp_path / "out")
        return
    with pytest.raises(DataError, match="region 7 has values beyond 65,504"):
        ad.export_basenji(data, tmp_path / "out")
    assert not any(tmp_path.iterdir())


def test_an_export_replaces_only_an_export(small_sequences, tmp_path):
    ad.export_basenji(small_sequences, tmp_path / "out")
    with pytest.raises(DataError, match="--force"):
        ad.export_basenji(small_sequences, tmp_path / "out")
    ad.export_basenji(small_sequences, tmp_path / "out", force=True)
    (tmp_path / "out" / "thesis.txt").write_text("ten years")
    with pytest.raises(DataError, match="not replaced, since it is not an export"):
        ad.export_basenji(small_sequences, tmp_path / "out", force=True)


def test_a_chromatin_dataset_is_refused(simulated_store, tmp_path):
    with pytest.raises(DataError, match="expected a sequence dataset, found a chromatin"):
        ad.export_basenji(simulated_store, tmp_path / "out")


def test_real_files(shared_data, tmp_path):
    folder = shared_data / "sequence" / "hg38_tiny"
    data = ad.import_basenji(folder, tmp_path / "tiny.zarr")
    assert (len(data), len(data.tracks), data.bins, data.bin_size) == (65, 74, 2048, 32)
    ad.export_basenji(data, tmp_path / "folder")
    again = ad.import_basenji(tmp_path / "folder", tmp_path / "again.zarr")
    assert again.fingerprint() == data.fingerprint()
    assert again.tracks.equals(data.tracks)
    assert again.regions.equals(data.regions)
