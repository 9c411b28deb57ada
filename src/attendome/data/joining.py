"""Use the datasets of several cell types together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from attendome.data.chromatin import ChromatinDataset
from attendome.data.splits import SPLITS
from attendome.errors import DataError
from attendome.genome.genes import without_version

_LAYOUT: dict[str, Callable[[ChromatinDataset], object]] = {
    "number": lambda data: data.bins,
    "length in bp": lambda data: data.bin_size,
    "order": lambda data: "5'→3'" if data.oriented else "of the genome",
    "scale of expression": lambda data: data.expression_scale,
}


def agree_on_splits(datasets: Sequence[ChromatinDataset]) -> tuple[list[ChromatinDataset], int]:
    """Put each gene into the same split in all datasets: the one in which it is held out most.

    A gene that is in the test split of one dataset goes there in all, one in the validation split
    goes there unless it is in the test split of another. So no model sees in one cell type, while
    it is trained, a gene that it is scored on in another. Versions in gene IDs are ignored.

    Returns:
        The datasets, and how many entries, a gene of a dataset each, were moved.

    Raises:
        DataError: a dataset is left without genes for training or validation.
    """
    numbers = _numbers_of_genes(datasets)
    ranks = [pd.Index(SPLITS).get_indexer(pd.Index(data.genes["split"])) for data in datasets]
    held_out = np.zeros(max(map(np.max, numbers)) + 1, dtype=np.intp)
    for number, rank in zip(numbers, ranks, strict=True):
        np.maximum.at(held_out, number, rank)
    agreed, moved = [], 0
    for data, number, rank in zip(datasets, numbers, ranks, strict=True):
        now = held_out[number]
        emptied = np.setdiff1d(rank, now)
        if len(emptied):
            raise DataError(
                f"{data.name}: each gene of its split '{SPLITS[emptied[0]]}' is held out more in "
                "another dataset, so that none is left; split the datasets by the same rule, such "
                "as chromosome:valid=chr8,test=chr1."
            )
        count = int((now != rank).sum())
        split = np.array(SPLITS, object)[now]
        content = data.xarray.assign_coords(split=("gene", split))
        agreed.append(replace(data, xarray=content) if count else data)
        moved += count
    return agreed, moved


def _numbers_of_genes(
    datasets: Sequence[ChromatinDataset],
) -> list[np.ndarray[Any, np.dtype[np.intp]]]:
    """Number the genes of all datasets; the same gene has the same number in each."""
    genes = [data.xarray["gene"].to_numpy() for data in datasets]
    codes, ids = pd.factorize(np.concatenate(genes))
    numbers = pd.factorize(without_version(pd.Series(ids, dtype=str)))[0][codes]
    return np.split(numbers, np.cumsum([len(part) for part in genes])[:-1])


def check_same_layout(datasets: Sequence[ChromatinDataset]) -> None:
    """Check that a bin, and the scale of expression, is the same in all datasets.

    Raises:
        DataError: two differ in the number of bins, their length or order, or in the scale.
    """
    first, *others = datasets
    for other in others:
        for what, of in _LAYOUT.items():
            if of(first) != of(other):
                raise DataError(
                    f"Expected datasets of the same layout; their {what} is {of(first)} in "
                    f"{first.name}, {of(other)} in {other.name}. Build them with the same settings."
                )


def shared_marks(datasets: Sequence[ChromatinDataset]) -> list[str]:
    """Give the marks that all datasets have, in the order of the first.

    Raises:
        DataError: there is none.
    """
    shared = [mark for mark in datasets[0].marks if all(mark in d.marks for d in datasets)]
    if not shared:
        listed = "; ".join(f"{data.name} has {', '.join(data.marks)}" for data in datasets)
        raise DataError(f"Expected a mark that all datasets have: {listed}.")
    return shared


def all_marks(datasets: Sequence[ChromatinDataset]) -> list[str]:
    """Give the marks that any dataset has, in the order in which they are first met."""
    return list(dict.fromkeys(mark for data in datasets for mark in data.marks))
