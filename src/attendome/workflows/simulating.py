"""Simulate datasets into files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attendome.config import validate
from attendome.data import ChromatinDataset, SequenceDataset, simulate_chromatin
from attendome.data.sequence.simulated_files import store
from attendome.data.sequence.simulated_files import write_genome as write_files
from attendome.data.sequence.simulation import SequenceSimulation, simulate_regions
from attendome.data.simulation import SimulationSettings
from attendome.data.store import check_new_dataset, save_dataset
from attendome.errors import DataError
from attendome.outputs import check_new, new_output


def simulate(
    out: str | Path, settings: Mapping[str, Any] | None = None, *, force: bool = False
) -> ChromatinDataset:
    """Simulate a chromatin dataset with a planted truth and store it.

    Args:
        out: the dataset to make; its name ends in .zarr.
        settings: settings of the simulation by name.
        force: replace ``out`` where it exists.

    Raises:
        SettingsError: a setting is unknown or not valid.
        DataError: ``out`` exists.
    """
    check_new_dataset(Path(out), force=force)
    data = simulate_chromatin(validate(SimulationSettings, settings or {}))
    return save_dataset(data, Path(out), force=force)


def simulate_sequence(
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    write_genome: str | Path | None = None,
    force: bool = False,
) -> SequenceDataset:
    """Simulate DNA and tracks along it, with a planted truth, and store them.

    Args:
        out: the dataset to make; its name ends in .zarr.
        settings: settings of ``attendome.data.sequence.simulation`` by name.
        write_genome: a folder to make, for the same as FASTA and bigWig files; none by default.
        force: replace ``out`` where it exists; a folder that exists is never replaced.

    Raises:
        SettingsError: a setting is unknown or not valid.
        DataError: ``out`` or the folder exists, or cannot be made there.
    """
    check_new_dataset(Path(out), force=force)
    if write_genome:
        if Path(write_genome).exists():
            raise DataError(f"{write_genome} exists already; name another folder for the genome.")
        check_new(Path(write_genome))
    values = validate(SequenceSimulation, settings or {})
    data = store(simulate_regions(values), values, Path(out), force=force)
    if write_genome:
        with new_output(Path(write_genome)) as folder:
            folder.mkdir()
            write_files(data, folder)
    return data
