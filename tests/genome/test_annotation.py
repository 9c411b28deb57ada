import gzip
import hashlib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendome.errors import DataError, SettingsError
from attendome.genome.annotation import read_genes


def line(
    about='gene_id "ENSG01.4"; gene_name "ONE";', start=11, end=20, strand="+", chrom="chr1",
    feature="gene", score=".",
):  # fmt: skip
    return f"{chrom}\tHAVANA\t{feature}\t{start}\t{end}\t{score}\t{strand}\t.\t{about}\n"


@pytest.fixture
def write(tmp_path):
    def to_file(content, name="genes.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return to_file


OTHER = 'gene_id "ENSG02.1"; gene_type "x"; gene_name "TWO";'
TWO_GENES = {
    "GTF": "##note\n" + line() + line(OTHER, strand="-", chrom="chrX"),
    "GFF3": line("ID=ENSG01.4;gene_name=ONE")
    + line("ID=gene:ENSG02;Name=TWO", strand="-", chrom="chrX"),
    "BED": "track name=x\nbrowser y\n#z\n"
    "chr1\t10\t20\tENSG01.4\t0\t+\nchrX\t10\t20\tENSG02\t.\t-\n",
    "table": "gene\tgene_name\tchrom\tstart\tend\tstrand\n"
    "ENSG01.4\tONE\tchr1\t10\t20\t+\nENSG02\tTWO\tchrX\t10\t20\t-\n",
    "CSV": '"chrom",strand,tss,gene,gene_name\nchr1,+,10,"ENSG01.4",ONE\nchrX,-,19,ENSG02,"TWO"\n',
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("form", TWO_GENES)
def test_formats(write, form, end, packed):
    content = TWO_GENES[form].replace("\n", end).encode()
    path = write(gzip.compress(content) if packed else content)
    found = read_genes(path, gene_type="all")
    expected = pd.DataFrame(
        {
            "gene_name": ["", ""] if form == "BED" else ["ONE", "TWO"],
            "chrom": ["chr1", "chrX"],
            "tss": [10, 19],
            "strand": ["+", "-"],
        },
        index=pd.Index(["ENSG01", "ENSG02"], name="gene"),
    )
    pd.testing.assert_frame_equal(found.genes, expected)
    assert found.source == {
        "file": "genes.txt",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "format": "table" if form == "CSV" else form,
        "genes": 2,
    }
    assert found.left_out == {"another gene type": 0, "the same ID again": 0}


@pytest.mark.parametrize("indexed", [False, True])
def test_parquet(tmp_path, indexed):
    path = tmp_path / "genes"
    table = pd.DataFrame({"gene": ["A", "B"], "chrom": "chr1", "tss": [5, 9], "strand": ["+", "-"]})
    (table.set_index("gene") if indexed else table).to_parquet(path)
    found = read_genes(path).genes
    assert found["tss"].to_dict() == {"A": 5, "B": 9}
    assert found["gene_name"].tolist() == ["", ""]


@given(start=st.integers(1, 10**9), length=st.integers(1, 10**6), strand=st.sampled_from("+-"))
def test_tss_is_the_first_transcribed_base(tmp_path_factory, start, length, strand):
    """Of the bases that GTF names, 1-based and closed, the first in the direction of the strand."""
    end = start + length - 1
    folder = tmp_path_factory.mktemp("tss")
    gtf, bed = folder / "a.gtf", folder / "a.bed"
    gtf.write_text(line(start=start, end=end, strand=strand))
    bed.write_text(f"chr1\t{start - 1}\t{end}\tENSG01\t0\t{strand}\n")
    first = {"+": start, "-": end}[strand]
    assert [read_genes(path).genes["tss"].item() + 1 for path in (gtf, bed)] == [first, first]


def test_numbers_for_ids_in_bed(write):
    assert read_genes(write("chr1\t10\t20\t7157\t0\t+\n")).genes.index.tolist() == ["7157"]


def test_other_features_are_left_out(write):
    rest = "".join(line('gene_id "ENSG09";', feature=f) for f in ("transcript", "exon", "CDS"))
    found = read_genes(write(rest + line() + rest))
    assert found.genes.index.tolist() == ["ENSG01"]


def test_lines_without_a_strand_that_are_no_genes(write):
    region = line(feature="region", strand=".")
    assert len(read_genes(write(region + line())).genes) == 1
    with pytest.raises(DataError, match="line 2 is not GTF"):
        read_genes(write(region + line(strand=".")))


def test_genes_of_transcripts_without_versions(write):
    about = 'gene_id "ENSG01.4"; transcript_id "ENST01.2";'
    found = read_genes(write(line() + line(about, feature="transcript")))
    assert found.gene_of_transcript == {"ENST01": "ENSG01"}


def test_first_line_of_an_id_counts(write):
    found = read_genes(write(line() + line(start=15, chrom="chrY")))
    assert found.genes["chrom"].tolist() == ["chr1"]
    assert found.left_out["the same ID again"] == 1


def test_gene_on_both_strands(write):
    path = write(line() + line('gene_id "ENSG01.5"', strand="-", chrom="chrY"))
    with pytest.raises(DataError, match=r"ENSG01 stands .*: chr1:10 \(\+\), chrY:19 \(-\)"):
        read_genes(path)


def test_gene_id_is_not_taken_from_another_attribute(write):
    about = 'ref_gene_id "OTHER"; gene_id "ENSG01"; havana_gene_name "X"; gene_name "ONE";'
    table = read_genes(write(line(about))).genes
    assert (table.index[0], table["gene_name"].iloc[0]) == ("ENSG01", "ONE")


def typed(kind, key="gene_type"):
    return line(f'gene_id "G_{kind}"; {key} "{kind}";')


@pytest.mark.parametrize("key", ["gene_type", "gene_biotype"])
def test_types(write, key):
    path = write(typed("protein_coding", key) + typed("lncRNA", key) + typed("miRNA", key))
    found = read_genes(path)
    assert found.genes.index.tolist() == ["G_protein_coding"]
    assert found.left_out["another gene type"] == 2
    assert read_genes(path, gene_type="lncRNA").genes.index.tolist() == ["G_lncRNA"]
    assert len(read_genes(path, gene_type="all").genes) == 3


def test_type_that_the_file_lacks(write):
    path = write(typed("lncRNA") + typed("miRNA"))
    with pytest.raises(SettingsError, match="'lncRNAs': did you mean 'lncRNA'"):
        read_genes(path, gene_type="lncRNAs")
    with pytest.raises(SettingsError, match="'protein_coding': choose from: all, lncRNA, miRNA"):
        read_genes(path)


@pytest.mark.parametrize("form", ["BED", "table"])
def test_type_of_a_file_without_types(write, form):
    path = write(TWO_GENES[form])
    assert len(read_genes(path).genes) == 2
    with pytest.raises(SettingsError, match="names no gene types; leave out"):
        read_genes(path, gene_type="lncRNA")


def test_gencode(shared_data):
    found = read_genes(shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz")
    assert len(found.genes) == found.source["genes"] == 20_007
    assert found.left_out == {"another gene type": 43_575 - 20_007, "the same ID again": 0}
    # chr1:367640-368634 on + and chr1:34554-36081 on −, 1-based and closed.
    assert found.genes.loc["ENSG00000235249", "tss"] == 367_639
    assert found.genes.loc["ENSG00000237613", "tss"] == 36_080


def test_bed_of_transcripts(shared_data):
    found = read_genes(shared_data / "reads" / "K562_chr1" / "genes.bed")
    assert found.genes.loc["ENST00000581169", "tss"] == 22_592_731
    assert found.source["format"] == "BED"


LINE = line()
BED = "chr1\t10\t20\tG\t0\t+\n"
TABLE = "gene\tchrom\ttss\tstrand\nG1\tchr1\t10\t+\n"
WRONG = {
    "empty": ("", "is empty"),
    "empty gz": (gzip.compress(b""), "is empty"),
    "comments only": ("#a\n#b\n", "is empty, or has only headings"),
    "8 columns": (LINE.replace("\t.\tgene_id", "\tgene_id"), "line 1 is not GTF: expected 9"),
    "8 columns later": (LINE + LINE.replace("\t.\tgene_id", "\tgene_id"), "line 2 is not GTF"),
    "spaces": (LINE.replace("\t", " "), "expected GTF, GFF3, BED .* It begins"),
    "other header": ("seqname\tsource\tfeature\tstart\n" + LINE, "expected GTF, GFF3, BED"),
    "text in start": (line(start="x"), "found start x and end 20"),
    "text in end": ("#\n" + LINE + line(end="late"), "line 3 is not GTF.*start 11 and end late"),
    "fraction": (line(start="1.5"), "found start 1.5"),
    "no start": (line(start=""), "found start  and end 20"),
    "start 0": (line(start=0), "1 ≤ start ≤ end ≤ .* found start 0 and end 20"),
    "negative start": (line(start=-5), "start -5"),
    "end before start": (line(start=21), "start 21 and end 20"),
    "end past BAM's": (
        LINE + line(end=2**31),
        "line 2 is not GTF: .*2,147,483,647, found start 11",
    ),
    "no strand": (LINE + line(strand="."), r"line 2 is not GTF: .*strand.*found '\.'"),
    "no gene_id": (line('gene_name "ONE";'), "1 without one among 1 gene lines"),
    "empty gene_id": (line('gene_id "";'), "1 without one among 1 gene lines"),
    "bad UTF-8": (LINE.encode().replace(b"ONE", b"\xff"), "cannot be read"),
    "binary": (bytes(range(256)) * 9, "expected GTF, GFF3, BED"),
    "binary of another kind": (b"\xff\xfe" * 99, "cannot be read"),
    "BED of 4 columns": ("chr1\t1\t2\tG\n", "line 1 is not BED: expected at least 6.* found 4"),
    "BED without a strand": (BED + BED.replace("+", "."), r"line 2 is not BED: .*found '\.'"),
    "BED without an ID": (BED.replace("G", "."), "the gene's ID in column 4, found none"),
    "BED of length 0": (BED.replace("20", "10"), "found 10 and 10"),
    "BED past BAM's": (BED + BED.replace("20", "9" * 10), "line 2 is not BED: .*and 9999999999"),
    "table past BAM's": (TABLE.replace("10", str(2**31 - 1)), "none above 2,147,483,647.*found"),
    "table past all numbers": (TABLE.replace("10", "9" * 30), "found .*'tss': '9999"),
    "table without columns": ("gene\tend\nG\t5\n", "lacks chrom, strand, tss .or start and end."),
    "table without rows": ("gene\tchrom\ttss\tstrand\n", "found no rows"),
    "table with a fraction": (TABLE.replace("10", "10.5"), "found .*'tss': '10.5'"),
    "table with a negative TSS": (TABLE.replace("10", "-1"), "found .*'tss': '-1'"),
    "table without a strand": (TABLE.replace("+", ""), "found .*'strand': None"),
    "ragged table": (TABLE + "G2\tchr1\n", "line 3: expected 4 columns .* found 2"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=message) as caught:
        read_genes(path)
    assert str(path) in str(caught.value)


PACKED = gzip.compress("".join(line(f'gene_id "G{n * n}"') for n in range(300)).encode())


@pytest.mark.parametrize(
    "content",
    [PACKED[:-12], PACKED[:40], PACKED[:400] + b"\xff" * 40 + PACKED[440:]],
    ids=["without end", "truncated", "corrupt"],
)
def test_broken_gz(write, content):
    with pytest.raises(DataError, match="damaged"):
        read_genes(write(content))


def test_cut_parquet(tmp_path):
    path = tmp_path / "genes.parquet"
    pd.DataFrame({"gene": ["A"]}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_genes(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_genes(tmp_path / "none.gtf")
    with pytest.raises(DataError, match="directory"):
        read_genes(tmp_path)
