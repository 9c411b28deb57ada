import pandas as pd
import pytest

from attendome.genome.annotation import read_genes
from attendome.genome.genes import without_version


@pytest.mark.parametrize(
    ("gene_id", "expected"),
    [
        ("ENSG00000000003.10", "ENSG00000000003"),
        ("ENSMUSG00000000001.4", "ENSMUSG00000000001"),
        ("ENSG00000000003", "ENSG00000000003"),
        ("ENSG00000182378.15_PAR_Y", "ENSG00000182378.15_PAR_Y"),
        ("RP11-34P13.7", "RP11-34P13.7"),
        ("AC005895.4", "AC005895.4"),
    ],
)
def test_versions_of_ensembl_ids_only(gene_id, expected):
    assert without_version(pd.Series([gene_id])).tolist() == [expected]


def test_genes_of_all_types(shared_data):
    table = read_genes(
        shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz", gene_type="all"
    ).genes
    assert len(table) == 43_575
    # chr5:149563301-149563916 on + and chr6:32152516-32153659 on −, 1-based and closed.
    assert table.loc["ENSG00000257938", "tss"] == 149_563_300
    assert table.loc["ENSG00000259382", "tss"] == 32_153_658
    assert table["gene_name"].str.len().min() > 0
