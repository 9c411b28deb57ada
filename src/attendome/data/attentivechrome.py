"""Read datasets in the layout of AttentiveChrome.

A folder holds train.csv, valid.csv and test.csv without headers. A gene has one line per bin, in
order: gene ID, bin number from 1, a count per mark, label (QData/AttentiveChrome, README).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from attendome.data.binned_csv import BinnedGenes, read_binned_csv
from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.splits import SPLITS
from attendome.errors import DataError

PUBLISHED_MARKS = ("H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9me3")


def read_attentivechrome(
    folder: Path,
    marks: Sequence[str] = PUBLISHED_MARKS,
    cell_type: str = "",
    *,
    bin_size: int = 100,
    keep_first: bool = False,
) -> ChromatinDataset:
    """Read one cell type in AttentiveChrome's layout.

    Args:
        folder: holds {train,valid,test}.csv, plain or .gz, itself or in ``classification/``.
        marks: names of the count columns, in the order of the files.
        cell_type: name of the cell type; by default that of the folder.
        bin_size: length of a bin, in bp.
        keep_first: where a gene stands several times in one file, keep its first copy; the
            published list of 19,802 genes names seven of them twice.

    Raises:
        DataError: a file is missing or malformed, or a gene stands twice.
    """
    if not marks or not all(marks) or len(set(marks)) < len(marks):
        raise DataError(f"Expected different names of marks, none empty; found {list(marks)}.")
    files = {split: _find(folder, split) for split in SPLITS}
    parts = {split: read_binned_csv(path, marks) for split, path in files.items()}
    _check_bins_agree(parts, files)
    if keep_first:
        parts = {split: _first_copies(part) for split, part in parts.items()}
    ids = [gene for part in parts.values() for gene in part.genes]
    origin = np.repeat(SPLITS, [len(part.genes) for part in parts.values()])
    genes = pd.DataFrame(
        {"split": origin, "label": np.concatenate([part.label for part in parts.values()])},
        index=pd.Index(ids, name="gene", dtype=object),
    )
    _check_unique(genes, files)
    return assemble(
        np.concatenate([part.signal for part in parts.values()]),
        genes,
        marks,
        {
            "cell_type": cell_type or folder.resolve().name,
            "assembly": "unknown",
            "bin_size": bin_size,
            "oriented": False,
            "label_rule": "as in the imported files",
            "sources": [part.source for part in parts.values()],
        },
    )


def _find(folder: Path, split: str) -> Path:
    places = [folder, folder / "classification"]
    names = [f"{split}.csv", f"{split}.csv.gz"]
    try:
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder.")
        found = [place / name for place in places for name in names if (place / name).is_file()]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}).") from error
    if not found:
        raise DataError(
            f"{folder}: expected a file {split}.csv or {split}.csv.gz there or in "
            "classification/, found none."
        )
    return found[0]


def _check_bins_agree(parts: dict[str, BinnedGenes], files: dict[str, Path]) -> None:
    bins = {split: part.signal.shape[2] for split, part in parts.items()}
    if len(set(bins.values())) > 1:
        listed = ", ".join(f"{files[split]} has {count}" for split, count in bins.items())
        raise DataError(f"Expected the same number of bins in all files: {listed}.")


def _first_copies(part: BinnedGenes) -> BinnedGenes:
    kept = ~pd.Index(part.genes).duplicated()
    return replace(
        part,
        genes=list(np.array(part.genes, object)[kept]),
        signal=part.signal[kept],
        label=part.label[kept],
        source=part.source | {"repeated_genes_left_out": int((~kept).sum())},
    )


def _check_unique(genes: pd.DataFrame, files: dict[str, Path]) -> None:
    twice = genes[genes.index.duplicated(keep=False)]
    if len(twice):
        gene = twice.index[0]
        places = dict.fromkeys(str(files[split]) for split in twice.loc[[gene], "split"])
        raise DataError(
            f"Gene {gene} stands more than once, in {' and '.join(places)} "
            f"({twice.index.nunique()} such genes); a gene belongs to one split, once. Further "
            "copies within one file can be left out with --keep-first."
        )
