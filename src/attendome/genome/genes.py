"""Gene IDs, and where each gene starts."""

from pathlib import Path

import pandas as pd


def without_version(gene_ids: pd.Series) -> pd.Series:
    """Drop the version from Ensembl gene IDs: ``ENSG00000000003.10`` → ``ENSG00000000003``.

    Other names keep theirs: ``RP11-34P13.7`` and ``RP11-34P13.8`` are two genes.
    """
    return gene_ids.str.replace(r"^(ENS\w+)\.\d+$", r"\1", regex=True)


def read_gtf(path: Path) -> pd.DataFrame:
    """Read where the genes of an annotation start, genes of all types.

    Returns:
        One row per gene, as ``attendome.genome.annotation.read_genes`` gives it.

    Raises:
        DataError: the file is missing, truncated, malformed, or has no gene lines.
    """
    from attendome.genome.annotation import read_genes

    return read_genes(path, gene_type="all").genes
