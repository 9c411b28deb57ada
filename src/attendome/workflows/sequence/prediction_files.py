"""Predictions of a sequence model as files: a folder of bigWig files, Parquet, or Zarr."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import xarray as xr
import zarr

from attendome.data.store import check_replaceable_zarr, quietly, write_zarr
from attendome.errors import SettingsError
from attendome.genome.bigwig_writing import Stretches, write_stretches
from attendome.outputs import check_export, check_new, safe_name
from attendome.workflows.parts import Progress
from attendome.workflows.sequence.prediction_parts import Parts
from attendome.workflows.sequence.prediction_sources import Source

TRACKS = "tracks.tsv"
_BIGWIG = ".bw"
_CHUNK = 1 << 20
"""Values in a chunk of predictions along chromosomes, about."""


@dataclass(frozen=True)
class Predictions:
    """What is written.

    Attributes:
        parts: the predictions, as they were computed.
        source: what they are of.
        about: where they come from, and how they were made.
    """

    parts: Parts
    source: Source
    about: Mapping[str, Any]

    @property
    def tracks(self) -> pd.DataFrame:
        """A row per track: ``track``, ``assay``."""
        model = self.parts.windows.model
        names = {"track": model.tracks, "assay": model.assays}
        return pd.DataFrame(names).iloc[self.parts.windows.tracks].reset_index(drop=True)

    @property
    def track_names(self) -> dict[str, Any]:
        """Give the same as coordinates."""
        return {name: ("track", self.tracks[name].to_numpy()) for name in ("track", "assay")}

    def places(self, first: int, last: int) -> pd.DataFrame:
        """Say where the bins of windows are: ``region``, ``chrom``, ``start``, ``end``."""
        windows, chosen = self.parts.windows, slice(first, last)
        sizes, size = windows.sizes[chosen], windows.model.bin_size
        table = windows.table[chosen][["region", "chrom"]].loc[lambda t: t.index.repeat(sizes)]
        offset = np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)
        start = np.repeat(windows.begins[chosen], sizes) + offset * size
        end = start + size
        if self.source.regions is None:
            end = np.minimum(end, table["chrom"].map(self.source.ends).to_numpy())
        return table.assign(start=start, end=end).reset_index(drop=True)


Write = Callable[[Path, Predictions, Progress], None]


def writer_for(path: Path, *, force: bool) -> Write:
    """Say how predictions are written, by the ending of the name.

    Raises:
        SettingsError: the name has another ending.
        DataError: ``path`` exists, and ``force`` is not set or it is something else.
    """
    writers: dict[str, Write] = {".parquet": _table, ".zarr": _arrays, "": _bigwigs}
    if path.suffix not in writers:
        raise SettingsError(
            f"{path}: expected a name that ends in .parquet or .zarr, or one without an ending, "
            "for a folder of bigWig files."
        )
    check_new(path, force=force)
    if path.suffix == ".zarr":
        check_replaceable_zarr(path, "predicted_by", "predictions")
    elif not path.suffix:
        check_export(path, lambda entry: entry.name == TRACKS or entry.suffix == _BIGWIG)
    return writers[path.suffix]


def _table(made: Path, predictions: Predictions, progress: Progress) -> None:
    """Write a row per bin; a row group holds one region, or a part of it."""
    bounds, whole = predictions.parts.windows.bounds, pa.int64()
    columns = {"region": whole, "chrom": pa.string(), "start": whole, "end": whole}
    tracks = [(name, pa.float32()) for name in predictions.tracks["track"]]
    about = {"attendome": json.dumps(predictions.about)}
    schema = pa.schema([*columns.items(), *tracks], metadata=about)
    with pq.ParquetWriter(made, schema, compression="zstd") as file:
        for part, windows in enumerate(bounds):
            values, places = predictions.parts.read(part), predictions.places(*windows)
            for _, rows in places[~np.isnan(values[0])].groupby("region", sort=False):
                content = [*(rows[name] for name in columns), *values[:, rows.index]]
                file.write_table(pa.Table.from_arrays([*map(pa.array, content)], schema=schema))
            progress(part + 1, len(bounds))


def _arrays(made: Path, predictions: Predictions, progress: Progress) -> None:
    """Write prediction[region, bin, track], or for each chromosome prediction[bin, track]."""
    if predictions.source.regions is None:
        _along_chromosomes(made, predictions, progress)
    else:
        _of_regions(made, predictions, predictions.source.regions, progress)


def _of_regions(
    made: Path, predictions: Predictions, regions: pd.DataFrame, progress: Progress
) -> None:
    parts, model = predictions.parts, predictions.parts.windows.model
    within = model.crop + np.arange(model.shape.bins) * model.bin_size
    places = {name: ("region", column.to_numpy()) for name, column in regions.items()}
    own = {"region": regions.index.to_numpy(), "bin_start": ("bin", within)}
    heading = xr.Dataset(coords=predictions.track_names | places | own, attrs=predictions.about)
    write_zarr(heading, made, mode="w")
    sizes = {"region": len(regions), "bin": len(within), "track": len(predictions.tracks)}
    array = _new_array(made, "", sizes, 1)
    for part, (first, last) in enumerate(parts.windows.bounds):
        numbers = regions.index.get_indexer(pd.Index(parts.windows.table["region"][first:last]))
        array.oindex[numbers] = parts.read(part).T.reshape(last - first, *array.shape[1:])
        progress(part + 1, len(parts.windows.bounds))
    with quietly():
        zarr.consolidate_metadata(made)


def _along_chromosomes(made: Path, predictions: Predictions, progress: Progress) -> None:
    parts, tracks = predictions.parts, predictions.track_names
    windows, wide = parts.windows, len(predictions.tracks)
    zarr.open_group(made, mode="w", zarr_format=3, attributes=dict(predictions.about))
    arrays, done = dict[str, zarr.Array[Any]](), dict[str, int]()
    for name, rows in windows.table.groupby("chrom"):
        chrom = str(name)
        places = predictions.places(rows.index[0], rows.index[-1] + 1)
        along = {name: ("bin", places[name].to_numpy()) for name in ("start", "end")}
        write_zarr(xr.Dataset(coords=along | tracks), made, group=chrom, mode="a")
        sizes = {"bin": len(places), "track": wide}
        arrays[chrom], done[chrom] = _new_array(made, chrom, sizes, _CHUNK // wide + 1), 0
    for part, (first, last) in enumerate(windows.bounds):
        values = parts.read(part)
        names = predictions.places(first, last)["chrom"].to_numpy(str)
        for chrom in np.unique(names).tolist():
            columns = np.flatnonzero(names == chrom)
            behind = done[chrom] + len(columns)
            arrays[chrom][done[chrom] : behind] = values[:, columns].T
            done[chrom] = behind
        progress(part + 1, len(windows.bounds))
    with quietly():
        for place in (*arrays, None):
            zarr.consolidate_metadata(made, path=place)


def _new_array(made: Path, group: str, sizes: Mapping[str, int], together: int) -> zarr.Array[Any]:
    """Make the array of predictions, NaN until it is written."""
    shape = tuple(sizes.values())
    return zarr.open_group(made, mode="a", path=group, use_consolidated=False).create_array(
        "prediction",
        shape=shape,
        dtype=np.float32,
        chunks=(min(together, shape[0]), *shape[1:]),
        fill_value=np.nan,
        dimension_names=tuple(sizes),
    )


def _bigwigs(made: Path, predictions: Predictions, progress: Progress) -> None:
    """Write a file per track, and a table that says which is which."""
    made.mkdir()
    tracks = predictions.tracks
    files = _file_names(tracks["track"])
    for track, file in enumerate(files):
        write_stretches(made / file, predictions.source.ends, _stretches(predictions, track))
        progress(track + 1, len(files))
    tracks.assign(file=files).to_csv(made / TRACKS, sep="\t", index=False)


def _file_names(tracks: Iterable[str]) -> list[str]:
    """Give each track a file; names that a file cannot have, or that are the same, are changed.

    >>> _file_names(["CAGE:K562/+", "CAGE:K562:+", "cage_K562_+"])
    ['CAGE_K562_+.bw', 'CAGE_K562_+_.bw', 'cage_K562_+__.bw']
    """
    taken = dict[str, str]()
    for track in tracks:
        name = safe_name(track)
        while name.casefold() in taken:  # some file systems do not tell a from A
            name += "_"
        taken[name.casefold()] = f"{name}{_BIGWIG}"
    return list(taken.values())


def _stretches(predictions: Predictions, track: int) -> Iterator[Stretches]:
    windows = predictions.parts.windows
    size, chroms = windows.model.bin_size, windows.table["chrom"].to_numpy()
    for window, values in predictions.parts.track(track):
        start = windows.begins[window] + np.arange(len(values)) * size
        bounds = predictions.source.shares[window]
        start, end = start.clip(*bounds), (start + size).clip(*bounds)
        known = (start < end) & ~np.isnan(values)
        yield str(chroms[window]), start[known], end[known], values[known]
