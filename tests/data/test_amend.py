import numpy as np
import pandas as pd
import pytest

from attendome.data.amend import with_expression, with_locations, with_split
from attendome.data.attentivechrome import read_attentivechrome
from attendome.errors import DataError, SettingsError
from attendome.genome.annotation import read_genes


@pytest.fixture
def imported(csv_folder, gene_lines):
    genes = ["ENSG01.7", "ENSG02", "ENSG03"]
    lines = [line for gene in genes for line in gene_lines(gene)]
    return read_attentivechrome(csv_folder(train=lines), ("A", "B"))


@pytest.fixture
def annotation():
    return pd.DataFrame(
        {
            "gene_name": ["TWO", "ONE"],
            "chrom": ["chr2", "chr1"],
            "tss": [20, 10],
            "strand": ["-", "+"],
        },
        index=pd.Index(["ENSG02", "ENSG01"], name="gene"),
    )


def test_locations(imported, annotation):
    table = with_locations(imported, annotation).genes
    columns = ["gene_name", "chrom", "tss", "strand"]
    assert table.loc["ENSG01.7", columns].tolist() == ["ONE", "chr1", 10, "+"]
    assert table.loc["ENSG02", columns].tolist() == ["TWO", "chr2", 20, "-"]
    assert table.loc["ENSG03", columns].tolist() == ["", "", -1, "."]
    assert table["split"].equals(imported.genes["split"])


def test_no_gene_is_in_the_annotation(imported, annotation):
    with pytest.raises(DataError, match="such as ENSG01, those of the annotation such as X2"):
        with_locations(imported, annotation.rename(index={"ENSG02": "X2", "ENSG01": "X1"}))


def test_real_locations(shared_data):
    data = read_attentivechrome(shared_data / "chromatin" / "E123")
    genes = read_genes(
        shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz", gene_type="all"
    ).genes
    leak = with_locations(data, genes).leak()
    assert (leak["genes"], leak["located"]) == (200, 200)


def test_expression(imported):
    genes = ["other", "test_0", "test_1", "valid_0", "valid_1", "ENSG03", "ENSG02", "ENSG01"]
    values = pd.Series(np.arange(8.0), index=genes)
    data = with_expression(imported, values)
    assert data.genes.loc[["ENSG01.7", "ENSG02", "ENSG03"], "expression"].tolist() == [7, 6, 5]
    assert data.xarray["expression"].dtype == np.float32
    assert data.expression_scale == "linear"
    np.testing.assert_array_equal(data.labels(), imported.labels())
    with pytest.raises(DataError, match="2 of 7 have none, such as ENSG02"):
        with_expression(imported, values.drop("ENSG02").replace({5.0: np.nan}))


def test_split(simulated):
    again = with_split(simulated, "thirds")
    assert again.genes["split"].tolist() == ["train"] * 40 + ["valid"] * 40 + ["test"] * 40
    assert again.signal.identical(simulated.signal.assign_coords(split=again.xarray["split"]))
    with pytest.raises(SettingsError, match="did you mean 'thirds'"):
        with_split(simulated, "third")
