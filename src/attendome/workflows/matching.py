"""Datasets as a trained model takes them."""

from collections.abc import Sequence
from pathlib import Path

from attendome.data import ChromatinDataset, as_chromatin
from attendome.errors import DataError
from attendome.models.descriptions import ChromatinDescription
from attendome.models.registry import chromatin_architecture
from attendome.training.batches import check_complete
from attendome.workflows.configuration import RunConfig

Data = ChromatinDataset | str | Path | None


def with_marks_of(data: ChromatinDataset, marks: Sequence[str], model: str) -> ChromatinDataset:
    """Select the marks of a model, in its order; those that are there, where it takes any.

    Raises:
        DataError: marks are missing; of a model that takes any, all of them.
    """
    present = [mark for mark in marks if mark in data.marks]
    return data.with_marks(
        present if present and chromatin_architecture(model).any_marks else marks
    )


def matching(
    config: RunConfig, description: ChromatinDescription, folder: Path, data: Data
) -> ChromatinDataset:
    """Open a dataset as the model of a run takes it: its marks, by name, in its order.

    Args:
        config: what the run was made from.
        description: what its model takes.
        folder: the run folder.
        data: a dataset, or where it is stored; None for the one that the run was made from.

    Raises:
        DataError: it is not there, its marks, bins or orientation do not fit, its signal has
            missing values, or the run's own dataset has changed.
    """
    where = _own_dataset(config, folder) if data is None else data
    opened = as_chromatin(where)
    expected = description.bins, description.bin_size, description.oriented
    found = opened.bins, opened.bin_size, opened.oriented
    if expected != found:
        layout = "{} bins of {} bp, oriented = {}".format
        raise DataError(
            f"{opened.name}: the model of {folder} expects {layout(*expected)}; "
            f"found {layout(*found)}."
        )
    chosen = with_marks_of(opened, description.marks, description.model)
    if data is None and chosen.fingerprint() != config.fingerprint:
        raise DataError(
            f"{opened.name}: changed since {folder} was made from it, and its splits may be "
            "others; name it with --data to use it all the same."
        )
    check_complete(chosen)
    return chosen


def _own_dataset(config: RunConfig, folder: Path) -> str:
    own, *others = config.data
    if others:
        raise DataError(
            f"{folder} was trained on {len(config.data)} datasets; name the one that is meant with "
            f"--data, such as {own}."
        )
    if not Path(own).exists():
        raise DataError(f"{own}: the dataset of {folder} is not there; name it with --data.")
    return own
