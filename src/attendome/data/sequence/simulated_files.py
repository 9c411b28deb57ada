"""Store a simulation of sequence and tracks: as a dataset, and as the files of a genome."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import xarray as xr
import zarr
from pandas.api.types import is_numeric_dtype

from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.region_splits import assign_blocks
from attendome.data.sequence.schema import SequenceLayout
from attendome.data.sequence.simulation import TRACKS, SequenceSimulation, Simulated
from attendome.data.sequence.store import new_sequence_dataset, open_sequence
from attendome.data.store import write_zarr
from attendome.genome.writing import write_bigwig

_CHROMOSOMES = 6
_LINE = 60


def store(
    simulated: Simulated, settings: SequenceSimulation, path: Path, *, force: bool = False
) -> SequenceDataset:
    """Write a simulation as a dataset, with the planted truth.

    The truth is in ``element_region``, ``element_kind``, ``element_position`` and so on, and in
    ``pair_promoter``, ``pair_enhancer``, ``pair_distance`` and ``pair_reach``: the columns of
    ``Simulated.elements`` and ``Simulated.pairs``. The settings are the attribute ``truth``.

    Args:
        simulated: what ``simulate_regions`` gave.
        settings: its settings.
        path: the dataset to make.
        force: replace ``path`` where it exists.

    Raises:
        SettingsError: the split rule is unknown.
        DataError: ``path`` exists, or the rule does not fit.
    """
    regions = _places(settings)
    regions["split"] = assign_blocks(regions, settings.split)
    truth = settings.model_dump(mode="json")
    layout = SequenceLayout(
        regions,
        TRACKS,
        settings.bin_size,
        attributes={"assembly": "simulated", "truth": truth},
    )
    with new_sequence_dataset(path, layout, force=force) as writer:
        for region, sequence in enumerate(simulated.sequence):
            writer.write(region, sequence, simulated.coverage[region])
        group = zarr.open_group(writer.folder, use_consolidated=False)
        heading = group.attrs.asdict()
        write_zarr(_truth(simulated), writer.folder, mode="a")
        group.attrs.put(heading)
        writer.finish()
    return open_sequence(path)


def _truth(simulated: Simulated) -> xr.Dataset:
    """Give the columns of the tables of elements and pairs as variables."""
    variables: dict[str, Any] = {}
    for axis, table in (("element", simulated.elements), ("pair", simulated.pairs)):
        for name, values in table.items():
            dtype = None if is_numeric_dtype(values) else object
            variables[f"{axis}_{name}"] = (axis, np.asarray(values, dtype))
    return xr.Dataset(variables)


def write_genome(data: SequenceDataset, folder: Path) -> None:
    """Write the genome and the tracks of a simulation as files that ``build sequence`` takes.

    These are ``genome.fa``, a bigWig file per track and their table ``tracks.tsv``, and
    ``regions.bed``, whose fourth column is the split.

    Args:
        data: a simulated dataset.
        folder: an empty folder.
    """
    regions = data.regions
    ends = dict(zip(regions["chrom"].to_list(), regions["end"].to_list(), strict=True))
    read = [data.read(region) for region in range(len(data))]
    with (folder / "genome.fa").open("w", encoding="ascii") as file:
        for chrom in ends:
            codes = np.concatenate([read[n][0] for n in np.flatnonzero(regions["chrom"] == chrom)])
            letters = np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes().decode()
            file.write(f">{chrom}\n")
            file.writelines(f"{letters[n : n + _LINE]}\n" for n in range(0, len(letters), _LINE))
    regions.to_csv(folder / "regions.bed", sep="\t", header=False, index=False)
    start = regions["start"].to_numpy()[:, None] + np.arange(data.bins) * data.bin_size
    for number, name in enumerate(data.tracks.index):
        values = np.concatenate([coverage[:, number] for _, coverage in read])
        rows = {
            "chrom": np.repeat(regions["chrom"].to_numpy(str), data.bins),
            "start": start.reshape(-1),
            "end": start.reshape(-1) + data.bin_size,
            "value": values.astype(np.float32) / data.bin_size,
        }
        write_bigwig(pl.DataFrame(rows), folder / f"{name}.bw", ends)
    tracks = data.tracks[["assay", "description", "strand_pair"]]
    files = [f"{name}.bw" for name in tracks.index]
    table = tracks.assign(file=files, sum_stat="sum").reset_index(names="name")
    table.to_csv(folder / "tracks.tsv", sep="\t", index=False)


def _places(settings: SequenceSimulation) -> pd.DataFrame:
    """Lay the regions end to end on chromosomes."""
    number = np.arange(settings.regions)
    each = -(-settings.regions // _CHROMOSOMES)
    start = number % each * settings.length
    return pd.DataFrame(
        {
            "chrom": [f"chr{1 + n // each}" for n in number],
            "start": start,
            "end": start + settings.length,
            "name": "",
            "block": number,
        }
    )
