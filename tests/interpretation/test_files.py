import numpy as np
import pytest
import xarray as xr

from attendome.errors import DataError, SettingsError
from attendome.interpretation import files
from attendome.interpretation.files import save_maps


@pytest.fixture
def maps():
    return xr.Dataset(
        {"alpha": (("gene", "mark", "bin"), np.arange(6, dtype=np.float32).reshape(1, 2, 3))},
        {
            "gene": np.array(["G1"], object),
            "mark": np.array(["A", "β"], object),
            "bin_start": ("bin", [-100, 0, 100]),
        },
        {"method": "attention", "oriented": True},
    )


def test_zarr_round_trip(maps, tmp_path):
    save_maps(maps, tmp_path / "maps.zarr")
    opened = xr.open_zarr(tmp_path / "maps.zarr", consolidated=False)
    xr.testing.assert_equal(opened.load(), maps)
    assert opened.attrs == maps.attrs


def test_netcdf_round_trip(maps, tmp_path):
    pytest.importorskip("h5netcdf", reason="the extra 'netcdf' is not installed")
    pytest.importorskip("h5py", reason="the extra 'netcdf' is not installed")
    save_maps(maps, tmp_path / "maps.nc")
    with xr.open_dataset(tmp_path / "maps.nc", engine="h5netcdf") as opened:
        xr.testing.assert_equal(opened.load(), maps)
        assert opened.attrs == {"method": "attention", "oriented": 1}


def test_netcdf_without_the_extra(maps, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_NETCDF", ("a_package_that_is_not_there",))
    with pytest.raises(SettingsError, match=r"pip install 'attendome\[netcdf\]'"):
        save_maps(maps, tmp_path / "maps.nc")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["maps", "maps.tsv", "maps.zarr.zip"])
def test_another_ending_is_refused(maps, tmp_path, name):
    with pytest.raises(SettingsError, match=r"ends in \.zarr or \.nc"):
        save_maps(maps, tmp_path / name)
    assert not any(tmp_path.iterdir())


def test_what_exists_is_replaced_only_with_force(maps, tmp_path):
    path = tmp_path / "maps.zarr"
    save_maps(maps, path)
    with pytest.raises(DataError, match="--force"):
        save_maps(maps + 1, path)
    xr.testing.assert_equal(xr.open_zarr(path, consolidated=False).load(), maps)
    save_maps(maps + 1, path, force=True)
    xr.testing.assert_equal(xr.open_zarr(path, consolidated=False).load(), maps + 1)


@pytest.mark.parametrize("content", [None, '{"attributes": {"kind": "chromatin"}}'])
def test_force_never_deletes_what_is_not_maps(maps, tmp_path, content):
    path = tmp_path / "maps.zarr"
    path.mkdir()
    (path / "thesis.txt").write_text("ten years")
    if content:
        (path / "zarr.json").write_text(content)
    with pytest.raises(DataError, match="not replaced, since it is not a folder of maps"):
        save_maps(maps, path, force=True)
    assert (path / "thesis.txt").read_text() == "ten years"


def test_a_plain_open_zarr_does_not_warn(maps, tmp_path):
    """Warnings are errors here."""
    save_maps(maps, tmp_path / "maps.zarr")
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "maps.zarr").load(), maps)
