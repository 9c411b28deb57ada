"""Gene IDs."""

import pandas as pd


def without_version(gene_ids: pd.Series) -> pd.Series:
    """Drop the version from Ensembl gene IDs: ``ENSG00000000003.10`` → ``ENSG00000000003``.

    Other names keep theirs: ``RP11-34P13.7`` and ``RP11-34P13.8`` are two genes.
    """
    return gene_ids.str.replace(r"^(ENS\w+)\.\d+$", r"\1", regex=True)
