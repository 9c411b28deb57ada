"""Links on disk: maps as Zarr, and the strongest of them as arcs of a genome browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
import zarr
from jaxtyping import Float

from attendome.data.store import check_replaceable_zarr, quietly, write_zarr
from attendome.errors import SettingsError
from attendome.genome.interactions import write_bedpe, write_interact
from attendome.interpretation.sequence.link_tables import Profile
from attendome.outputs import check_export, check_new
from attendome.reports.paper import FORMATS
from attendome.workflows.sequence.link_finding import Found

ARCS = (".bedpe", ".interact")
_KIND = "linked_by"


def check_links(path: Path, *, force: bool) -> None:
    """Check that links may be written at ``path``.

    Raises:
        SettingsError: the name has another ending.
        DataError: it exists, and ``force`` is not set or it is something else.
    """
    if path.suffix not in (".zarr", *ARCS, ""):
        raise SettingsError(
            f"{path}: expected a name that ends in .zarr, .bedpe or .interact, or one without an "
            "ending, for a folder of figures."
        )
    check_new(path, force=force)
    if path.suffix == ".zarr":
        check_replaceable_zarr(path, _KIND, "links")
    elif not path.suffix:
        check_export(path, lambda entry: entry.suffix[1:] in FORMATS)


class MapWriter:
    """Writes maps of links, a region at a time: ``link[target, position]``.

    Where there are heads, ``head_link[head, target, position]``, too. ``position`` is the place of
    a bin from ``region_start`` of its target, in bp.

    Args:
        made: the folder to make.
        targets: all targets, those of a region together; see ``link_targets``.
        region_start: first base of the region of each target, 0-based.
        positions: bins of the input.
        about: attributes; ``method`` and ``bin_size`` are among them.
    """

    def __init__(
        self,
        made: Path,
        targets: pd.DataFrame,
        region_start: pd.Series,
        positions: int,
        about: Mapping[str, Any],
    ) -> None:
        self._made, self._done, self._targets, self._positions = made, 0, len(targets), positions
        columns = targets.assign(region_start=region_start)
        coords: dict[str, Any] = {str(n): ("target", v.to_numpy()) for n, v in columns.items()}
        coords["position"] = about["bin_size"] * np.arange(positions)
        self._attrs = {_KIND: about["method"], **about}
        write_zarr(xr.Dataset(coords=coords, attrs=self._attrs), made)

    def add(self, found: Found) -> None:
        """Write the links of the next region."""
        self._write("link", ("target", "position"), found.links)
        if found.heads is not None:
            self._write("head_link", ("head", "target", "position"), found.heads)
        self._done += len(found.links)

    def finish(self, profile: Profile | None, bin_size: int) -> None:
        """Write the mean around TSSs, ``profile[offset]`` with ``profile_targets[offset]``."""
        if profile is not None:
            offset = bin_size * (np.arange(len(profile.mean)) + 1 - profile.positions)
            means = {"profile": profile.mean, "profile_targets": profile.count}
            content = {name: ("offset", values) for name, values in means.items()}
            # Zarr would take none to mean that there are none.
            whole = xr.Dataset(content, {"offset": offset}, self._attrs)
            write_zarr(whole, self._made, mode="a")
        with quietly():
            zarr.consolidate_metadata(self._made)

    def _write(self, name: str, dims: tuple[str, ...], values: Float[np.ndarray, "..."]) -> None:
        group = zarr.open_group(self._made, mode="a", use_consolidated=False)
        chunks = (*values.shape[:-2], min(256, self._targets), self._positions)
        if name not in group:
            shape = (*values.shape[:-2], self._targets, self._positions)
            group.create_array(
                name, shape=shape, dtype=np.float32, chunks=chunks, dimension_names=dims
            )
        array: Any = group[name]
        array[..., self._done : self._done + values.shape[-2], :] = values


def write_arcs(pairs: pd.DataFrame, made: Path, about: str) -> None:
    """Write the strongest links in the format that the ending of the name says."""
    if made.suffix == ".bedpe":
        write_bedpe(pairs, made, about)
    else:
        write_interact(pairs, made, f"attendome, {about.partition(':')[0]}", about)
