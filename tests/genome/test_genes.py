import gzip

import pandas as pd
import pytest

from attendome.errors import DataError
from attendome.genome.genes import read_gtf, without_version


def line(
    about='gene_id "ENSG01.4"; gene_name "ONE";', start=11, end=20, strand="+", chrom="chr1",
    feature="gene", score=".",
):  # fmt: skip
    return f"{chrom}\tHAVANA\t{feature}\t{start}\t{end}\t{score}\t{strand}\t.\t{about}\n"


@pytest.fixture
def gtf(tmp_path):
    def write(content, name="genes.gtf"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_tss_is_the_first_transcribed_base_counted_from_0(gtf):
    other = 'gene_id "ENSG02.1"; gene_type "x"; gene_name "TWO";'
    table = read_gtf(gtf("##note\n" + line() + line(other, strand="-", chrom="chrX")))
    expected = pd.DataFrame(
        {
            "gene_name": ["ONE", "TWO"],
            "chrom": ["chr1", "chrX"],
            "tss": [10, 19],
            "strand": ["+", "-"],
        },
        index=pd.Index(["ENSG01", "ENSG02"], name="gene"),
    )
    pd.testing.assert_frame_equal(table, expected)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gz(gtf, end, packed):
    text = (line() + line('gene_id "ENSG02"')).replace("\n", end).encode()
    path = gtf(gzip.compress(text), "genes.gtf.gz") if packed else gtf(text)
    assert read_gtf(path).index.tolist() == ["ENSG01", "ENSG02"]


def test_other_features_are_left_out(gtf):
    rest = "".join(line('gene_id "ENSG09";', feature=f) for f in ("transcript", "exon", "CDS"))
    assert read_gtf(gtf(rest + line() + rest)).index.tolist() == ["ENSG01"]


def test_first_line_of_an_id_counts(gtf):
    table = read_gtf(gtf(line() + line(start=15, chrom="chrY")))
    assert table["chrom"].tolist() == ["chr1"]


def test_gene_without_a_name(gtf):
    assert read_gtf(gtf(line('gene_id "ENSG01";')))["gene_name"].tolist() == [""]


def test_gene_id_is_not_taken_from_another_attribute(gtf):
    about = 'ref_gene_id "OTHER"; gene_id "ENSG01"; havana_gene_name "X"; gene_name "ONE";'
    table = read_gtf(gtf(line(about)))
    assert (table.index[0], table["gene_name"].iloc[0]) == ("ENSG01", "ONE")


def test_scores_of_any_kind(gtf):
    lines = line(score="0") * 200 + line('gene_id "ENSG02"', score="0.5")
    assert len(read_gtf(gtf(lines + line('gene_id "ENSG03"', score=".")))) == 3


@pytest.mark.parametrize(
    ("gene_id", "expected"),
    [
        ("ENSG00000000003.10", "ENSG00000000003"),
        ("ENSMUSG00000000001.4", "ENSMUSG00000000001"),
        ("ENSG00000000003", "ENSG00000000003"),
        ("RP11-34P13.7", "RP11-34P13.7"),
        ("AC005895.4", "AC005895.4"),
    ],
)
def test_versions_of_ensembl_ids_only(gene_id, expected):
    assert without_version(pd.Series([gene_id])).tolist() == [expected]


def test_gencode(shared_data):
    table = read_gtf(shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz")
    assert len(table) == 43_575
    # chr5:149563301-149563916 on + and chr6:32152516-32153659 on −, 1-based and closed.
    assert table.loc["ENSG00000257938", "tss"] == 149_563_300
    assert table.loc["ENSG00000259382", "tss"] == 32_153_658
    assert table["gene_name"].str.len().min() > 0


def test_annotation_without_gene_lines(shared_data):
    path = shared_data / "reads" / "A549_CAGE_chr21" / "chr21.refseq.hg19.gtf"
    with pytest.raises(DataError, match="expected 'gene' lines"):
        read_gtf(path)


LINE = line()
WRONG = {
    "empty": ("", "cannot be read as GTF"),
    "comments only": ("#a\n#b\n", "cannot be read as GTF"),
    "8 columns": (LINE.replace("\t.\tgene_id", "\tgene_id"), "9 columns"),
    "10 columns": (LINE.replace("\n", "\tx\n"), "9 columns"),
    "10 columns later": (LINE + LINE.replace("\n", "\tx\n"), "9 columns"),
    "8 columns later": (LINE + LINE.replace("\t.\tgene_id", "\tgene_id"), "gene_id"),
    "CSV": (LINE.replace("\t", ","), "9 columns"),
    "header": ("seqname\tsource\tfeature\tstart\tend\tscore\tstrand\tframe\tx\n" + LINE, "start"),
    "text in start": (line(start="x"), "`x`"),
    "text in end": (line(end="late"), "`late`"),
    "fraction": (line(start="1.5"), "`1.5`"),
    "no start": (line(start=""), "start None and end 20"),
    "start 0": (line(start=0), "start 0 and end 20"),
    "negative start": (line(start=-5), "start -5"),
    "end before start": (line(start=21), "start 21 and end 20"),
    "no gene_id": (line('gene_name "ONE";'), "1 without one among 1 gene lines"),
    "empty gene_id": (line('gene_id "";'), "1 without one among 1 gene lines"),
    "GFF3": (line("ID=gene:ENSG01;Name=ONE"), "gene lines"),
    "transcripts": (line(feature="transcript"), "expected 'gene' lines"),
    "bad UTF-8": (LINE.encode().replace(b"ONE", b"\xff"), "cannot be read as GTF"),
    "binary": (bytes(range(256)) * 9, "cannot be read as GTF"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content(gtf, content, message):
    path = gtf(content)
    with pytest.raises(DataError, match=message) as caught:
        read_gtf(path)
    assert str(path) in str(caught.value)


PACKED = gzip.compress("".join(line(f'gene_id "G{n * n}"') for n in range(300)).encode())


@pytest.mark.parametrize(
    "content",
    [LINE.encode(), PACKED[:-12], PACKED[:40], PACKED[:400] + b"\xff" * 40 + PACKED[440:]],
    ids=["plain text", "without end", "truncated", "corrupt"],
)
def test_broken_gz(gtf, content):
    with pytest.raises(DataError, match="cannot be read as GTF"):
        read_gtf(gtf(content, "genes.gtf.gz"))


def test_broken_gz_under_a_plain_name(gtf):
    with pytest.raises(DataError, match="cannot be read as GTF"):
        read_gtf(gtf(PACKED[:-12], "genes.gtf"))


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_gtf(tmp_path / "none.gtf")


def test_folder(tmp_path):
    with pytest.raises(DataError, match="cannot be read as GTF"):
        read_gtf(tmp_path)
