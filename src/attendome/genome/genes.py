"""Gene annotation: where each gene starts, and what it is called."""

import gzip
import zlib
from pathlib import Path

import pandas as pd
import polars as pl

from attendome.errors import DataError

_GTF_COLUMNS = ["chrom", "source", "feature", "start", "end", "score", "strand", "frame", "about"]


def without_version(gene_ids: pd.Series) -> pd.Series:
    """Drop the version from Ensembl gene IDs: ``ENSG00000000003.10`` → ``ENSG00000000003``.

    Other names keep theirs: ``RP11-34P13.7`` and ``RP11-34P13.8`` are two genes.
    """
    return gene_ids.str.replace(r"^(ENS\w+)\.\d+$", r"\1", regex=True)


def read_gtf(path: Path) -> pd.DataFrame:
    """Read the ``gene`` lines of a GTF file, plain or .gz.

    Returns:
        One row per gene, indexed by ``gene`` (ID without version), with ``gene_name``, ``chrom``,
        ``tss`` (0-based first transcribed base: start − 1 on +, end − 1 on −) and ``strand``. An ID
        that stands on several lines (the pseudo-autosomal regions) keeps the first.

    Raises:
        DataError: the file is missing, truncated, not GTF, or has no gene lines.
    """
    lines = _read_lines(path).filter(pl.col("feature") == "gene")
    attribute = r'(?:^|[; ]){} "([^"]+)"'.format
    genes = lines.select(
        gene=pl.col("about").str.extract(attribute("gene_id")),
        gene_name=pl.col("about").str.extract(attribute("gene_name")).fill_null(""),
        chrom="chrom",
        tss=pl.when(pl.col("strand") == "-").then("end").otherwise("start") - 1,
        strand="strand",
    )
    if genes.is_empty() or genes["gene"].null_count():
        raise DataError(
            f"{path}: expected 'gene' lines with a gene_id, found "
            f"{genes['gene'].null_count()} without one among {len(genes)} gene lines; "
            "use a GTF file with gene features, such as GENCODE's."
        )
    misplaced = lines.filter(~pl.col("start").is_between(1, "end").fill_null(value=False))
    if len(misplaced):
        raise DataError(
            f"{path}: expected 1 ≤ start ≤ end on each gene line, found start "
            f"{misplaced['start'][0]} and end {misplaced['end'][0]} for {misplaced['about'][0]}"
        )
    table = genes.to_pandas()
    table["gene"] = without_version(table["gene"])
    return table.drop_duplicates("gene").set_index("gene")


def _read_lines(path: Path) -> pl.DataFrame:
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        return pl.read_csv(
            content,
            separator="\t",
            has_header=False,
            comment_prefix="#",
            quote_char=None,
            new_columns=_GTF_COLUMNS,
            infer_schema=False,
            schema_overrides={"start": pl.Int64, "end": pl.Int64},
        )
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file.") from error
    except (OSError, EOFError, zlib.error, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{path}: cannot be read as GTF, 9 columns between tabs, plain or .gz ({reason})."
        ) from error
