"""Amend a dataset: locations of its genes, their expression, another split."""

from dataclasses import replace

import numpy as np
import pandas as pd

from attendome.data.chromatin import ChromatinDataset
from attendome.data.schema import LINEAR, UNKNOWN
from attendome.data.splits import assign
from attendome.errors import DataError
from attendome.genome.genes import without_version


def with_locations(data: ChromatinDataset, annotation: pd.DataFrame) -> ChromatinDataset:
    """Add the genes' names and locations; genes that the annotation lacks stay unlocated.

    Args:
        data: the dataset; versions in its gene IDs are ignored.
        annotation: a row per gene as ``read_genes`` gives it; ``tss`` is 0-based.

    Raises:
        DataError: no gene of the dataset is in the annotation.
    """
    ids = without_version(pd.Series(data.genes.index, dtype=str))
    found = annotation.reindex(ids)
    if found["chrom"].isna().all():
        raise DataError(
            f"{data.name}: none of its genes is in the annotation; its IDs are such as {ids[0]}, "
            f"those of the annotation such as {annotation.index[0]}."
        )
    filled = found.fillna(UNKNOWN).astype({"tss": "int64"})
    coords = {
        name: ("gene", filled[name].to_numpy() if name == "tss" else filled[name].to_numpy(object))
        for name in UNKNOWN
    }
    return replace(data, xarray=data.xarray.assign_coords(coords))


def with_expression(data: ChromatinDataset, expression: pd.Series) -> ChromatinDataset:
    """Add the expression of the genes, such as RPKM or TPM; labels stay as they are.

    Args:
        data: the dataset; versions in its gene IDs are ignored.
        expression: a value per gene, on the linear scale, indexed by gene ID without version.

    Raises:
        DataError: a gene of the dataset has no value.
    """
    ids = without_version(pd.Series(data.genes.index, dtype=str))
    values = expression.reindex(ids)
    without = values.index[values.isna()]
    if len(without):
        raise DataError(
            f"{data.name}: expected the expression of every gene; {len(without)} of {len(ids)} "
            f"have none, such as {without[0]}. Give a table that names them, or leave them out."
        )
    content = data.xarray.assign(expression=("gene", values.to_numpy(np.float32)))
    return replace(data, xarray=content.assign_attrs(expression_scale=LINEAR))


def with_split(data: ChromatinDataset, rule: str) -> ChromatinDataset:
    """Split the genes again by a rule of ``attendome.data.splits``.

    Raises:
        SettingsError: the rule is unknown.
        DataError: the rule does not fit the genes.
    """
    split = assign(data.genes, rule).to_numpy(object)
    return replace(data, xarray=data.xarray.assign_coords(split=("gene", split)))
