"""A chromatin dataset: the signal of histone marks in bins around each gene's TSS."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from attendome.data.schema import (
    GENE_COLUMNS,
    LINEAR,
    SCHEMA_VERSION,
    UNKNOWN,
    UNKNOWN_CHROM,
    UNKNOWN_TSS,
    check,
)
from attendome.errors import DataError
from attendome.genome.windows import overlapping


@dataclass(frozen=True)
class ChromatinDataset:
    """A checked chromatin dataset of one cell type.

    Attributes:
        xarray: the data. ``signal[gene, mark, bin]`` float32; where known ``expression[gene]`` and
            ``label[gene]`` (int8, 1 = on). Coordinates ``gene``, ``gene_name``, ``chrom``, ``tss``
            (0-based; −1 where unknown), ``strand``, ``split``, ``mark`` and ``bin_start`` (bp from
            the TSS). A simulated dataset also holds its planted truth: ``planted[mark, bin]`` and
            ``effect[mark]``.
        path: where the dataset is stored, if it is.
    """

    xarray: xr.Dataset
    path: Path | None = None

    def __post_init__(self) -> None:
        """Check the schema.

        Raises:
            DataError: a variable, coordinate or attribute is missing or has wrong values.
        """
        check(self.xarray, str(self.path or "the dataset"))

    @property
    def name(self) -> str:
        """What to call the dataset in messages: its path, or its cell type."""
        return str(self.path or self.cell_type or "the dataset")

    @property
    def signal(self) -> xr.DataArray:
        """Signal of each gene, mark and bin."""
        return self.xarray["signal"]

    @property
    def genes(self) -> pd.DataFrame:
        """One row per gene, indexed by gene ID: name, location, split, label, expression."""
        columns = [*GENE_COLUMNS, *(c for c in ("label", "expression") if c in self.xarray)]
        table = {column: self.xarray[column].to_numpy() for column in columns}
        return pd.DataFrame(table, index=pd.Index(self.xarray["gene"].to_numpy(), name="gene"))

    @property
    def marks(self) -> list[str]:
        """Names of the marks, in the order of the signal."""
        return [str(mark) for mark in self.xarray["mark"].to_numpy()]

    @property
    def bins(self) -> int:
        """Number of bins."""
        return int(self.xarray.sizes["bin"])

    @property
    def bin_size(self) -> int:
        """Length of a bin, in bp."""
        return int(self.xarray.attrs["bin_size"])

    @property
    def oriented(self) -> bool:
        """Whether bins run 5'→3' on both strands, rather than in genome order."""
        return bool(self.xarray.attrs["oriented"])

    @property
    def cell_type(self) -> str:
        """Name of the cell type."""
        return str(self.xarray.attrs["cell_type"])

    def split(self, name: str) -> "ChromatinDataset":
        """Select the genes of one split: ``train``, ``valid`` or ``test``.

        Raises:
            DataError: no gene is in that split.
        """
        chosen = self.xarray["split"].to_numpy() == name
        if not chosen.any():
            raise DataError(f"{self.name}: no gene is in the split '{name}'.")
        return replace(self, xarray=self.xarray.isel(gene=chosen))

    def with_marks(self, marks: Sequence[str]) -> "ChromatinDataset":
        """Select marks by name, in the order given.

        Raises:
            DataError: the dataset does not hold all of them.
        """
        missing = [mark for mark in marks if mark not in self.marks]
        if missing:
            raise DataError(
                f"{self.name}: expected the marks {', '.join(marks)}; it has no "
                f"{', '.join(missing)}, only {', '.join(self.marks)}."
            )
        return replace(self, xarray=self.xarray.sel(mark=list(marks)))

    def with_genes(self, names: Sequence[str]) -> "ChromatinDataset":
        """Select genes by ID or by name, in the order of the dataset.

        Raises:
            DataError: the dataset does not hold all of them, or two genes have such a name.
        """
        table = self.genes
        chosen = np.zeros(len(table), dtype=bool)
        for name in names:
            found = np.asarray((table.index == name) | (table["gene_name"] == name))
            if found.sum() != 1:
                said = "no gene has" if not found.any() else f"{found.sum()} genes have"
                raise DataError(f"{self.name}: {said} the ID or the name '{name}'.")
            chosen |= found
        return replace(self, xarray=self.xarray.isel(gene=chosen))

    def labels(self) -> np.ndarray[Any, np.dtype[np.int8]]:
        """Give the label of each gene: 1 = on, 0 = off.

        Raises:
            DataError: the dataset has no labels.
        """
        if "label" not in self.xarray:
            raise DataError(f"{self.name}: the genes have no labels (on or off); add them.")
        return self.xarray["label"].to_numpy()

    @property
    def expression_scale(self) -> str:
        """Scale of the stored expression: ``linear`` (such as RPKM or TPM) or ``log2 ratio``."""
        return str(self.xarray.attrs.get("expression_scale", LINEAR))

    def log_expression(self, *, strict: bool = True) -> Float[np.ndarray, " gene"]:
        """Give each gene's log2(1 + expression), float32; a log2 ratio is given as stored.

        Args:
            strict: whether the expression of every gene must be known; otherwise that of others is
                NaN.

        Raises:
            DataError: the dataset has no expression, values are missing or not finite, or a value
                on the linear scale is negative.
        """
        if "expression" not in self.xarray:
            raise DataError(f"{self.name}: the genes have no expression; add it.")
        values = self.xarray["expression"].to_numpy().astype(np.float32, copy=False)
        linear = self.expression_scale == LINEAR
        finite, negative = np.isfinite(values), linear & (values < 0)
        if strict and not finite.all():
            raise DataError(
                f"{self.name}: expected the expression of every gene, but it is missing or not "
                f"finite for {(~finite).sum()} of {len(values)}; leave those genes out."
            )
        if strict and negative.any():
            raise DataError(
                f"{self.name}: expected expression of 0 or more, found {values.min():g}; give "
                "RPKM or TPM rather than their logarithm."
            )
        known = np.where(finite & ~negative, values, np.float32(np.nan))
        return np.log2(known + 1) if linear else known

    def leak(self, split: str = "test") -> dict[str, int | None]:
        """Count the genes of a split whose window overlaps a window of a training gene.

        Returns:
            ``genes`` in the split, ``located`` among them (chromosome and TSS known) and
            ``overlapping`` among those; ``overlapping`` is None where no location is known.
        """
        table = self.genes
        located = table[(table["chrom"] != UNKNOWN_CHROM) & (table["tss"] != UNKNOWN_TSS)]
        ours, train = located[located["split"] == split], located[located["split"] == "train"]
        count = None
        if len(ours) and len(train):
            found = overlapping(
                ours["chrom"].to_numpy(str),
                ours["tss"].to_numpy(),
                train["chrom"].to_numpy(str),
                train["tss"].to_numpy(),
                window=self.bins * self.bin_size,
            )
            count = int(found.sum())
        genes = int((table["split"] == split).sum())
        return {"genes": genes, "located": len(ours), "overlapping": count}

    def fingerprint(self) -> str:
        """Give a SHA-256 over the content that training depends on."""
        digest = hashlib.sha256()
        for name in ("gene", "mark", "bin_start", "split", "signal", "label", "expression"):
            if name in self.xarray:
                values = self.xarray[name].to_numpy()
                plain = values if values.dtype.kind in "iuf" else values.astype("U")
                digest.update(f"{name} {plain.shape}".encode())
                digest.update(np.ascontiguousarray(plain).tobytes())
        return digest.hexdigest()


def assemble(
    signal: np.ndarray[Any, np.dtype[np.float32]],
    genes: pd.DataFrame,
    marks: Sequence[str],
    attributes: dict[str, Any],
) -> ChromatinDataset:
    """Put a chromatin dataset together.

    Args:
        signal: gene × mark × bin.
        genes: a row per gene, indexed by gene ID, with the ``split`` and, where known,
            ``gene_name``, ``chrom``, ``tss``, ``strand``, ``label`` and ``expression``.
        marks: names of the marks.
        attributes: ``cell_type``, ``assembly``, ``bin_size``, ``oriented``, ``label_rule`` and
            ``sources``.
    """
    table = genes.assign(**{name: v for name, v in UNKNOWN.items() if name not in genes})
    table = table.fillna(UNKNOWN).astype({"tss": "int64"})
    bins, bin_size = signal.shape[2], attributes["bin_size"]
    coords: dict[str, Any] = {
        "gene": table.index.to_numpy(object),
        "mark": np.array(marks, object),
        "bin_start": ("bin", np.arange(bins, dtype=np.int64) * bin_size - bins * bin_size // 2),
    }
    for name in GENE_COLUMNS:
        values = table[name].to_numpy()
        coords[name] = ("gene", values if name == "tss" else values.astype(object))
    variables: dict[str, Any] = {"signal": (("gene", "mark", "bin"), signal)}
    if "label" in table:
        variables["label"] = ("gene", table["label"].to_numpy(np.int8))
    if "expression" in table:
        variables["expression"] = ("gene", table["expression"].to_numpy(np.float32))
    heading = {"kind": "chromatin", "schema_version": SCHEMA_VERSION}
    return ChromatinDataset(xr.Dataset(variables, coords, heading | attributes))
