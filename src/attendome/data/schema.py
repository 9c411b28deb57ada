"""The schema of a stored chromatin dataset."""

from typing import Any

import numpy as np
import xarray as xr

from attendome.data.splits import SPLITS
from attendome.errors import DataError

SCHEMA_VERSION = 1
UNKNOWN_CHROM, UNKNOWN_TSS, UNKNOWN_STRAND = "", -1, "."
UNKNOWN: dict[str, Any] = {
    "gene_name": "",
    "chrom": UNKNOWN_CHROM,
    "tss": UNKNOWN_TSS,
    "strand": UNKNOWN_STRAND,
}
LINEAR, LOG2_RATIO = "linear", "log2 ratio"  # scales of expression
GENE_COLUMNS = ("gene_name", "chrom", "tss", "strand", "split")
_ATTRIBUTES = {
    "cell_type": str,
    "assembly": str,
    "bin_size": int,
    "oriented": bool,
    "label_rule": str,
    "sources": list,
}


def check(data: xr.Dataset, where: str) -> None:
    """Check a chromatin dataset against the schema.

    Raises:
        DataError: a variable, coordinate or attribute is missing or has wrong values.
    """

    def require(holds: bool, message: str) -> None:
        if not holds:
            raise DataError(f"{where}: {message}")

    kind, version = data.attrs.get("kind"), data.attrs.get("schema_version")
    require(kind == "chromatin", f"expected a dataset of kind 'chromatin', found {kind!r}.")
    require(
        version == SCHEMA_VERSION,
        f"expected schema version {SCHEMA_VERSION}, found {version!r}; build the dataset again.",
    )
    for name, expected in _ATTRIBUTES.items():
        value = data.attrs.get(name)
        wrong = f"attribute '{name}': expected {expected.__name__}, found {value!r}."
        require(isinstance(value, expected), wrong)
    scale = data.attrs.get("expression_scale", LINEAR)
    wrong = f"attribute 'expression_scale': expected '{LINEAR}' or '{LOG2_RATIO}', found {scale!r}."
    require(scale in (LINEAR, LOG2_RATIO), wrong)
    require(data.attrs["bin_size"] > 0, "the bin size must be above 0.")
    for name, dims in _expected_dims(data).items():
        found = data[name].dims if name in data.variables else None
        require(found == dims, f"expected '{name}' with dimensions {dims}, found {found}.")
    signal = data["signal"].to_numpy()
    require(signal.dtype == np.float32, f"expected signal of float32, found {signal.dtype}.")
    require(signal.size > 0, "there are no genes, marks or bins.")
    known = signal[~np.isnan(signal)] if may_miss(data) else signal
    require(bool(((known >= 0) & (known < np.inf)).all()), "signal is negative or not finite.")
    for name in ("gene", "mark"):
        require(data.indexes[name].is_unique, f"two entries of '{name}' have the same name.")
    unknown = sorted(map(str, set(data["split"].to_numpy()) - set(SPLITS)))
    require(not unknown, f"expected the splits {', '.join(SPLITS)}, found {', '.join(unknown)}.")
    steps = np.diff(data["bin_start"].to_numpy())
    require(bool((steps == data.attrs["bin_size"]).all()), "bin_start is not evenly spaced.")
    if "label" in data:
        require(bool(np.isin(data["label"], (0, 1)).all()), "labels must be 0 (off) or 1 (on).")


def may_miss(data: xr.Dataset) -> bool:
    """Tell whether bins without data are NaN, as the dataset was built."""
    made = data.attrs.get("build", {})
    return bool(made.get("settings", {}).get("missing") == "nan")


def _expected_dims(data: xr.Dataset) -> dict[str, tuple[str, ...]]:
    per_gene = ["gene", *GENE_COLUMNS, *(n for n in ("label", "expression") if n in data)]
    rest = {"signal": ("gene", "mark", "bin"), "mark": ("mark",), "bin_start": ("bin",)}
    return dict.fromkeys(per_gene, ("gene",)) | rest
