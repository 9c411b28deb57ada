"""Maps on disk, as Zarr or netCDF."""

from pathlib import Path

import xarray as xr

from attendome.errors import SettingsError
from attendome.outputs import new_output


def save_maps(maps: xr.Dataset, path: Path, *, force: bool = False) -> None:
    """Write maps to a folder .zarr or a file .nc (netCDF 4, needs the extra 'netcdf').

    Raises:
        SettingsError: the name has another ending, or netCDF support is not installed.
        DataError: ``path`` exists and ``force`` is not set.
    """
    if path.suffix not in {".zarr", ".nc"}:
        raise SettingsError(f"{path}: expected a name that ends in .zarr or .nc.")
    with new_output(path, force=force) as made:
        if path.suffix == ".zarr":
            maps.to_zarr(made, zarr_format=3, consolidated=False)
            return
        try:
            # netCDF knows numbers and text, not truth values.
            plain = {name: int(v) if isinstance(v, bool) else v for name, v in maps.attrs.items()}
            maps.assign_attrs(plain).to_netcdf(made, engine="h5netcdf")
        except (ValueError, ModuleNotFoundError) as error:
            raise SettingsError(f"{path} needs: pip install 'attendome[netcdf]'") from error
