"""Simulate a dataset into a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attendome.config import validate
from attendome.data import ChromatinDataset, simulate_chromatin
from attendome.data.simulation import SimulationSettings
from attendome.data.store import check_new_dataset, save_dataset


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
