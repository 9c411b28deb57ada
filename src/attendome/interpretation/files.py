"""Maps on disk, as Zarr or netCDF."""

from importlib.util import find_spec
from pathlib import Path

import xarray as xr

from attendome.data.store import check_replaceable_zarr, write_zarr
from attendome.errors import SettingsError
from attendome.outputs import check_new, new_output

_NETCDF = ("h5netcdf", "h5py")


def check_maps(path: Path, *, force: bool = False) -> None:
    """Check that maps may be written at ``path``.

    Raises:
        SettingsError: the name has another ending, or netCDF support is not installed.
        DataError: ``path`` exists, and ``force`` is not set or it is a folder that is not of maps.
    """
    if path.suffix not in {".zarr", ".nc"}:
        raise SettingsError(f"{path}: expected a name that ends in .zarr or .nc.")
    if path.suffix == ".nc" and not all(map(find_spec, _NETCDF)):
        raise SettingsError(f"{path} needs: pip install 'attendome[netcdf]'")
    check_new(path, force=force)
    if path.suffix == ".zarr":
        check_replaceable_zarr(path, "method", "a folder of maps")


def save_maps(maps: xr.Dataset, path: Path, *, force: bool = False) -> None:
    """Write maps to a folder .zarr or a file .nc (netCDF 4, needs the extra 'netcdf').

    Raises:
        SettingsError: the name has another ending, or netCDF support is not installed.
        DataError: ``path`` exists, and ``force`` is not set or it is a folder that is not of maps.
    """
    check_maps(path, force=force)
    with new_output(path, force=force) as made:
        if path.suffix == ".zarr":
            write_zarr(maps, made)
            return
        # netCDF knows numbers and text, not truth values.
        plain = {name: int(v) if isinstance(v, bool) else v for name, v in maps.attrs.items()}
        # In memory first: HDF5 does not survive a disk that is full.
        made.write_bytes(maps.assign_attrs(plain).to_netcdf(engine="h5netcdf"))
