"""Read the expression of genes from a table, or from what quantifiers write."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from attendome.errors import DataError, SettingsError
from attendome.genome.annotation import Annotation
from attendome.genome.files import sha256
from attendome.genome.genes import without_version
from attendome.genome.tables import read_frame

# The columns that tell a format.
_COLUMNS = {
    "featureCounts": ("Geneid", "Chr", "Start", "End", "Strand", "Length"),
    "Salmon": ("Name", "Length", "EffectiveLength", "TPM", "NumReads"),
    "kallisto": ("target_id", "length", "eff_length", "est_counts", "tpm"),
}
_DEFAULT = {"Salmon": "TPM", "kallisto": "tpm"}
_TRANSCRIPT_ID = r"^(?:ENS[A-Z]*T\d|[NX][MR]_)"
_SHOWN = 8


@dataclass(frozen=True)
class Expression:
    """The expression of genes.

    Attributes:
        values: a value per gene, float64, for the annotated genes that the table has, in the order
            of the annotation; indexed by ``gene``.
        source: the file's name, its SHA-256, its format, the column, and how many genes matched.
        without: how many annotated genes have no value.
    """

    values: pd.Series
    source: dict[str, Any]
    without: int


def read_expression(
    path: Path, column: str, annotation: Annotation, cell_type: str = ""
) -> Expression:
    """Read the expression of the annotated genes: TSV or CSV, plain or .gz, or parquet.

    The first column holds the IDs, with or without Ensembl's version; of IDs between pipes, as in
    GENCODE's FASTA files, the first counts. The output of featureCounts, Salmon and kallisto is
    known by its columns. Values of transcripts are added up for each gene.

    Args:
        path: the table.
        column: which column to read. "" takes the cell type's, TPM of Salmon and kallisto, or the
            only column of numbers.
        annotation: the genes.
        cell_type: name of the cell type.

    Raises:
        SettingsError: there is no such column, or none is given where there are several.
        DataError: the file is damaged or malformed, has no header, a gene stands twice, a value
            is missing, negative or no finite number, or no gene is annotated.
    """
    table = read_frame(path)
    form = next((f for f, known in _COLUMNS.items() if {*known} <= {*table.columns}), "table")
    chosen = column or _default(path, form, table, cell_type)
    if chosen not in table.columns[1:]:
        offered = _offered(form, table)
        near = ", ".join(difflib.get_close_matches(chosen, offered, n=_SHOWN, cutoff=0))
        raise SettingsError(
            f"{path}: has no column '{chosen}'; the nearest of its {len(offered)} are: {near}."
        )
    if _is_numeric(pl.Series([chosen])):
        raise DataError(
            f"{path}: has no header: its first line has the number {chosen} where the name of a "
            "column is expected. Add a first line, such as gene<TAB>count."
        )
    numbers = _numbers(path, table, chosen)
    values, summed = _of_genes(path, form, numbers, annotation)
    source = {
        "file": path.name,
        "sha256": sha256(path),
        "format": form,
        "column": chosen,
        "matched": f"{len(values)} of {len(annotation.genes)} genes",
    }
    return Expression(
        values=values,
        source=source | ({"summed": summed} if summed else {}),
        without=len(annotation.genes) - len(values),
    )


def _default(path: Path, form: str, table: pl.DataFrame, cell_type: str) -> str:
    if cell_type in table.columns[1:]:
        return cell_type
    if form in _DEFAULT:
        return _DEFAULT[form]
    numeric = [name for name in _offered(form, table) if _is_numeric(table[name])]
    if len(numeric) == 1:
        return numeric[0]
    raise SettingsError(
        f"{path}: has {len(numeric)} columns of numbers; name one with --column (in Python "
        f"column=...): {_listed(numeric or table.columns[1:])}."
    )


def _offered(form: str, table: pl.DataFrame) -> list[str]:
    """Name the columns that may hold expression."""
    known = _COLUMNS[form] if form == "featureCounts" else ()
    return [name for name in table.columns[1:] if name not in known]


def _is_numeric(values: pl.Series) -> bool:
    return values.cast(pl.Float64, strict=False).null_count() == values.null_count() < len(values)


def _numbers(path: Path, table: pl.DataFrame, column: str) -> pd.Series:
    """Give the checked values by ID, as in ``Annotation``."""
    ids = table.to_series(0).str.split("|").list.first()
    genes = without_version(ids.fill_null("").to_pandas())
    twice = genes[genes.duplicated()]
    if len(twice):
        count = int((genes == twice.iloc[0]).sum())
        raise DataError(
            f"{path}: {twice.iloc[0] or 'an empty ID'} stands on {count} rows; expected one row "
            f"per ID, found {len(twice)} rows too many."
        )
    values = table[column].cast(pl.Float64, strict=False)
    wrong = ~(values.is_finite() & (values >= 0)).fill_null(value=False)
    if wrong.any():
        row = wrong.arg_max() or 0
        found = table[column][row] or "nothing"
        raise DataError(
            f"{path}: expected numbers of at least 0 in the column '{column}', found {found} for "
            f"{genes.iloc[row]} (one of {wrong.sum()} such rows). Correct the value, or leave out "
            "the gene."
        )
    return pd.Series(values.to_numpy(), index=pd.Index(genes, name="gene"), name="expression")


def _of_genes(
    path: Path, form: str, numbers: pd.Series, annotation: Annotation
) -> tuple[pd.Series, str]:
    """Give the values of annotated genes, and say what was added up for them."""
    genes, summed, own = annotation.genes.index, "", numbers
    if not own.index.isin(genes).any():
        owners = own.index.to_series().map(annotation.gene_of_transcript).dropna()
        own = own[owners.index].groupby(owners).sum()
        summed = f"{len(owners)} of {len(numbers)} transcripts, per gene"
    found = genes[genes.isin(own.index)]
    if found.empty:
        raise DataError(_nothing_shared(path, form, numbers.index, annotation))
    return own.loc[found].rename_axis("gene").rename("expression"), summed


def _nothing_shared(path: Path, form: str, ids: pd.Index, annotation: Annotation) -> str:
    genes = annotation.genes.index
    message = (
        f"{path}: none of its IDs is annotated: it has {_examples(ids)}; the annotation has "
        f"{_examples(genes)}."
    )
    perhaps = form in ("Salmon", "kallisto") or ids.str.contains(_TRANSCRIPT_ID).any()
    if perhaps and not annotation.gene_of_transcript:
        message += (
            " If these are transcripts, give an annotation with transcript lines (GTF or GFF3), "
            "which tell their genes, or a table of genes."
        )
    return message


def _examples(ids: pd.Index) -> str:
    return ", ".join(ids[:3])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
