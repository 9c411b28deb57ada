import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

from attendome.data.expression import read_expression
from attendome.data.labels import label
from attendome.errors import DataError, SettingsError
from attendome.genome.annotation import Annotation, read_genes


@pytest.fixture
def annotation():
    genes = pd.DataFrame(
        {"gene_name": "", "chrom": "chr1", "tss": [1, 2, 3], "strand": "+"},
        index=pd.Index(["ENSG01", "ENSG02", "ENSG03"], name="gene"),
    )
    owners = {"ENST11": "ENSG01", "ENST12": "ENSG01", "ENST21": "ENSG02", "ENST91": "ENSG09"}
    return Annotation(genes, {}, owners, {})


@pytest.fixture
def read(tmp_path, annotation):
    def write_and_read(content, column="", annotation=annotation):
        path = tmp_path / "table"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_expression(path, column, annotation)

    return write_and_read


PLAIN = "gene\tname\tx\nENSG02.3\tTWO\t2.5\nENSG01\tONE\t0\nENSG09.1\tNINE\t7\n"


@pytest.mark.parametrize("column", ["", "x"])
@pytest.mark.parametrize("packed", [False, True])
def test_values_in_the_order_of_the_annotation(read, tmp_path, column, packed):
    found = read(gzip.compress(PLAIN.encode()) if packed else PLAIN, column)
    expected = pd.Series(
        [0.0, 2.5], index=pd.Index(["ENSG01", "ENSG02"], name="gene"), name="expression"
    )
    pd.testing.assert_series_equal(found.values, expected)
    assert found.without == 1
    assert found.source == {
        "file": "table",
        "sha256": hashlib.sha256((tmp_path / "table").read_bytes()).hexdigest(),
        "format": "table",
        "column": "x",
        "matched": "2 of 3 genes",
    }


def test_parquet(tmp_path, annotation):
    path = tmp_path / "table"
    pd.DataFrame({"x": [1.5, 2]}, index=["ENSG01.2", "ENSG03"]).to_parquet(path)
    values = read_expression(path, "", annotation).values
    assert values.to_dict() == {"ENSG01": 1.5, "ENSG03": 2.0}


COUNTS = """# Program:featureCounts v2.0.6; Command:"featureCounts" "-a" "x.gtf" "-o" "out" "a.bam"
Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam
ENSG01.5\tchr1;chr1\t11;21\t15;30\t+;+\t15\t12
ENSG02.1\tchr1\t40\t50\t-\t11\t0
"""


def test_feature_counts(read):
    found = read(COUNTS)
    assert found.values.to_dict() == {"ENSG01": 12.0, "ENSG02": 0.0}
    assert (found.source["format"], found.source["column"]) == ("featureCounts", "a.bam")


def test_feature_counts_of_two_samples(read):
    two = COUNTS.replace("\ta.bam", "\ta.bam\tb.bam").replace("12\n", "12\t3\n")
    two = two.replace("\t0\n", "\t0\t3\n")
    with pytest.raises(SettingsError, match=r"2 columns of numbers; .*: a\.bam, b\.bam\."):
        read(two)
    assert read(two, "b.bam").values.tolist() == [3.0, 3.0]


SALMON = """Name\tLength\tEffectiveLength\tTPM\tNumReads
ENST11.2|ENSG01.5|OTTHUMG|\t100\t90\t1.5\t10
ENST12.1\t100\t90\t2\t20
ENST21.1\t100\t90\t4\t40
ENST91.1\t100\t90\t8\t80
ENST99.1\t100\t90\t16\t160
"""
KALLISTO = SALMON.replace(
    "Name\tLength\tEffectiveLength\tTPM\tNumReads", "target_id\tlength\teff_length\ttpm\test_counts"
)


@pytest.mark.parametrize(
    ("content", "form", "column"), [(SALMON, "Salmon", "TPM"), (KALLISTO, "kallisto", "tpm")]
)
def test_transcripts_are_added_up(read, content, form, column):
    found = read(content)
    assert found.values.to_dict() == {"ENSG01": 3.5, "ENSG02": 4.0}
    assert (found.source["format"], found.source["column"]) == (form, column)
    assert found.source["summed"] == "4 of 5 transcripts, per gene"
    assert found.without == 1


def test_counts_of_transcripts(read):
    assert read(SALMON, "NumReads").values.to_dict() == {"ENSG01": 30.0, "ENSG02": 40.0}


def test_genes_of_salmon(read):
    found = read(SALMON.replace("ENST11.2|", "").replace("ENST21", "ENSG02"))
    assert found.values.to_dict() == {"ENSG01": 1.5, "ENSG02": 4.0}
    assert "summed" not in found.source


def test_transcripts_as_the_rows_of_the_annotation(read, annotation):
    genes = annotation.genes.set_axis(pd.Index(["ENST11", "ENST12", "ENST13"], name="gene"))
    own = Annotation(genes, {}, annotation.gene_of_transcript, {})
    assert read(SALMON, annotation=own).values.to_dict() == {"ENST11": 1.5, "ENST12": 2.0}


def test_transcripts_without_their_genes(read, annotation):
    with pytest.raises(DataError, match=r"it has ENST11, .* has ENSG01, .*with transcript lines"):
        read(SALMON, annotation=Annotation(annotation.genes, {}, {}, {}))


@pytest.mark.parametrize("column", ["", "7"])
def test_no_header(read, column):
    with pytest.raises(DataError, match=r"no header: .* the number 7 .*such as gene<TAB>count"):
        read("ENSG01.5\t7\nENSG02\t0\n__no_feature\t9\n", column)


def test_names_of_rows_as_r_writes_them(read):
    assert read('"a"\t"b"\n"ENSG01.5"\t1\t2\n"ENSG03"\t3\t4\n', "b").values.tolist() == [2, 4]


def test_no_gene_in_common(read):
    with pytest.raises(DataError, match=r"has FOO, BAR; the annotation has ENSG01, .*ENSG03\.$"):
        read("gene\tx\nFOO\t1\nBAR\t2\n")


def test_columns_are_offered(read):
    table = "gene\tE001\tE002\tname\nENSG01\t1\t2\tONE\n"
    with pytest.raises(SettingsError, match=r"2 columns of numbers; .*--column .*: E001, E002\."):
        read(table)
    with pytest.raises(SettingsError, match="no column 'E01'; the nearest of its 3 are: E001, E00"):
        read(table, "E01")
    with pytest.raises(SettingsError, match="no column 'gene'"):
        read(table, "gene")


@pytest.mark.parametrize("id_", ["ENSG01", "ENSG01.2", "ENSG01|x"])
def test_gene_twice(read, id_):
    with pytest.raises(DataError, match=r"ENSG01 stands on 2 rows; .* found 1 rows too many"):
        read(f"gene\tx\nENSG01.1\t1\n{id_}\t1\nENSG02\t3\n")


@pytest.mark.parametrize(
    "value", ["-1", "", "NA", "nan", "inf", "1e999", "1,5", "high", "1_000", "0x1"]
)
def test_values_that_are_none(read, value):
    content = f"gene\tx\nENSG01\t1\nENSG02.1\t{value}\n"
    with pytest.raises(DataError, match=f"'x', found {value or 'nothing'} for ENSG02 .one of"):
        read(content, "x")


@pytest.mark.parametrize("content", ["", "gene\tx\n", "gene\tx\nENSG01\t1\t2\n", b"\x1f\x8b\x08"])
def test_malformed(read, content):
    with pytest.raises(DataError, match="table"):
        read(content)


@pytest.fixture(scope="module")
def gencode(shared_data):
    return read_genes(shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz")


@pytest.fixture(scope="module")
def published(shared_data, gencode):
    path = shared_data / "expression" / "57epigenomes.RPKM.pc.gz"
    return lambda cell_type: read_expression(path, cell_type, gencode)


def test_published_table(published):
    found = published("E128")  # the last column: each row ends in a tab
    assert len(found.values) == 19_795
    assert found.without == 20_007 - 19_795
    assert published("E003").values["ENSG00000000003"] == 43.985


def test_published_labels(shared_data, published):
    labels, words = label(published("E123").values, "median")
    assert words == "expression above the median, 1.606"
    files = (shared_data / "chromatin" / "E123").glob("*.csv")
    rows = pd.concat(pd.read_csv(file, header=None) for file in files)
    expected = rows.groupby(0)[7].first()
    assert len(expected) == 600
    assert labels[expected.index].tolist() == expected.tolist()


def test_published_values(shared_data, published):
    pilot = np.load(shared_data / "chromatin" / "pilot" / "E116.pilot_genes_100bins.npz")
    genes = [gene.partition(".")[0] for gene in pilot["gene"].astype(str)]
    found = published("E116")
    np.testing.assert_array_equal(found.values[genes], pilot["rpkm"])
    np.testing.assert_array_equal(label(found.values, "median")[0][genes], pilot["y"])
