"""The difference between two cell types: which genes are more active in one than in the other.

The task of DeepDiff (Sekhon, Singh, Qi, Bioinformatics 2018): from the marks of both cell types,
predict the log ratio of a gene's expression in the second to that in the first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.joining import agree_on_splits, check_same_layout
from attendome.data.labels import label
from attendome.data.schema import LINEAR, LOG2_RATIO, may_miss
from attendome.errors import DataError
from attendome.genome.genes import without_version


def difference(a: ChromatinDataset, b: ChromatinDataset) -> ChromatinDataset:
    """Join two cell types in a dataset whose expression is log2((1 + b) / (1 + a)).

    It holds the genes of both, in the order of ``a`` and where ``a`` has them, and the marks of
    ``a``, then of ``b``, each named ``cell type:mark``. The label is 1 where the expression is
    higher in ``b``. A gene whose splits differ goes where ``agree_on_splits`` puts it.

    Args:
        a: the cell type to start from.
        b: the cell type to compare with it.

    Raises:
        DataError: the cell types have no names or the same, their bins differ, no gene is in both,
            expression is missing, no gene or every gene is higher in ``b``, or a dataset is left
            without genes for training or validation when the splits agree.
    """
    pair = [a, b]
    _check_pair(pair)
    (a, b), moved = agree_on_splits(pair)
    ids = [without_version(pd.Series(data.genes.index, dtype=str)) for data in pair]
    of_a, of_b = _shared(pair, ids)
    ratio = b.log_expression()[of_b] - a.log_expression()[of_a]
    genes = a.genes.iloc[of_a].assign(expression=ratio)
    genes["label"], _ = label(genes["expression"], "zero")
    left_out = {
        f"only in {data.cell_type}": len(data.genes) - len(of_a)
        for data in pair
        if len(data.genes) > len(of_a)
    }
    return assemble(
        np.concatenate([a.signal.to_numpy()[of_a], b.signal.to_numpy()[of_b]], axis=1),
        genes,
        [_joint(data, mark) for data in pair for mark in data.marks],
        {
            "cell_type": f"{b.cell_type} vs {a.cell_type}",
            "assembly": a.xarray.attrs["assembly"],
            "bin_size": a.bin_size,
            "oriented": a.oriented,
            "expression_scale": LOG2_RATIO,
            "label_rule": f"expression higher in {b.cell_type} than in {a.cell_type}",
            "sources": [source for data in pair for source in _sources(data)],
            "build": {
                "settings": {"missing": "nan"} if any(may_miss(d.xarray) for d in pair) else {},
                "genes_left_out": left_out,
                "notes": _notes(pair, moved),
            },
        },
    )


def _check_pair(pair: Sequence[ChromatinDataset]) -> None:
    one, other = names = [data.cell_type for data in pair]
    if not all(names) or one == other:
        listed = " and ".join(f"{data.name}: {data.cell_type!r}" for data in pair)
        raise DataError(f"Expected two cell types with different names, found {listed}.")
    for data in pair:
        if data.expression_scale != LINEAR:
            raise DataError(
                f"{data.name}: expected the expression of one cell type, found its "
                f"{data.expression_scale} between two."
            )
    check_same_layout(pair)


def _shared(
    pair: Sequence[ChromatinDataset], ids: Sequence[pd.Series]
) -> tuple[np.ndarray[Any, np.dtype[np.intp]], np.ndarray[Any, np.dtype[np.intp]]]:
    """Give the positions, in each of two datasets, of the genes that are in both."""
    one, other = ids
    _, of_one, of_other = np.intersect1d(
        one.to_numpy(object), other.to_numpy(object), return_indices=True
    )
    if not len(of_one):
        raise DataError(
            f"No gene is in both: {pair[0].name} has IDs such as {one[0]}, {pair[1].name} such as "
            f"{other[0]}."
        )
    order = np.argsort(of_one)
    return of_one[order], of_other[order]


def _joint(data: ChromatinDataset, mark: str) -> str:
    return f"{data.cell_type}:{mark}"


def _sources(data: ChromatinDataset) -> list[dict[str, Any]]:
    """Give the sources of one of the two, with its cell type, and its marks named as in both."""
    sources: list[dict[str, Any]] = data.xarray.attrs["sources"]
    return [
        {"cell_type": data.cell_type}
        | source
        | ({"mark": _joint(data, source["mark"])} if "mark" in source else {})
        for source in sources
    ]


def _notes(pair: Sequence[ChromatinDataset], moved: int) -> list[str]:
    notes = []
    if moved:
        notes.append(
            f"{moved} genes were moved to the split in which the other cell type has them."
        )
    one, other = assemblies = [data.xarray.attrs["assembly"] for data in pair]
    if one != other:
        notes.append(f"The assemblies differ ({' and '.join(assemblies)}); locations are of {one}.")
    return notes
