import re

import pytest

from attendome.errors import DataError
from attendome.genome.annotation import read_genes

ENSEMBL = """##gff-version 3
##sequence-region 1 1 248956422
1\tGRCh38\tchromosome\t1\t248956422\t.\t.\t.\tID=chromosome:1;Alias=CM000663.2
###
1\thavana\tpseudogene\t11869\t14409\t.\t+\t.\tID=gene:ENSG00000223972;Name=DDX11L1;biotype=transcribed_pseudogene;description=DEAD%2FH box;gene_id=ENSG00000223972;version=5
1\thavana\tlnc_RNA\t11869\t14409\t.\t+\t.\tID=transcript:ENST00000456328;Parent=gene:ENSG00000223972;Name=DDX11L1-202;biotype=processed_transcript;transcript_id=ENST00000456328;version=2
###
1\tmirbase\tncRNA_gene\t17369\t17436\t.\t-\t.\tID=gene:ENSG00000278267;Name=MIR6859%3B1;biotype=miRNA;gene_id=ENSG00000278267;version=1
1\tmirbase\tmiRNA\t17369\t17436\t.\t-\t.\tID=transcript:ENST00000619216;Parent=gene:ENSG00000278267;Name=MIR6859-1-201;biotype=miRNA;transcript_id=ENST00000619216
1\tensembl\tgene\t65419\t71585\t.\t+\t.\tID=gene:ENSG00000186092;biotype=protein_coding;gene_id=ENSG00000186092;version=7
1\tensembl\tmRNA\t65419\t71585\t.\t+\t.\tID=transcript:ENST00000641515;Parent=gene:ENSG00000186092;biotype=protein_coding;transcript_id=ENST00000641515
1\tensembl\texon\t65419\t65433\t.\t+\t.\tParent=transcript:ENST00000641515;Name=ENSE00003812156
"""  # noqa: E501
GENCODE = """##gff-version 3
chr1\tHAVANA\tgene\t11869\t14409\t.\t+\t.\tID=ENSG00000223972.5;gene_id=ENSG00000223972.5;gene_type=transcribed_unprocessed_pseudogene;gene_name=DDX11L1;level=2
chr1\tHAVANA\ttranscript\t11869\t14409\t.\t+\t.\tID=ENST00000456328.2;Parent=ENSG00000223972.5;gene_id=ENSG00000223972.5;transcript_id=ENST00000456328.2;gene_type=transcribed_unprocessed_pseudogene;gene_name=DDX11L1
"""
REFSEQ = """##gff-version 3
NC_000001.11\tRefSeq\tregion\t1\t248956422\t.\t+\t.\tID=NC_000001.11:1..248956422;Dbxref=taxon:9606
NC_000001.11\tBestRefSeq\tgene\t17369\t17436\t.\t-\t.\tID=gene-MIR6859-1;Name=MIR6859-1;gbkey=Gene;gene=MIR6859-1;gene_biotype=miRNA
NC_000001.11\tBestRefSeq\tprimary_transcript\t17369\t17436\t.\t-\t.\tID=rna-NR_106918.1;Parent=gene-MIR6859-1;Name=NR_106918.1;gene=MIR6859-1;transcript_id=NR_106918.1
NC_000001.11\tBestRefSeq\tmiRNA\t17369\t17391\t.\t-\t.\tID=rna-MIR6859-1;Parent=rna-NR_106918.1;gene=MIR6859-1;product=hsa-miR-6859-3p
NC_000024.10\tBestRefSeq\tgene\t70\t80\t.\t+\t.\tID=gene-OR4F5-2;Name=OR4F5;gbkey=Gene;gene=OR4F5;gene_biotype=protein_coding
NC_000024.10\tBestRefSeq\tmRNA\t70\t80\t.\t+\t.\tID=rna-NM_001005484.2-2;Parent=gene-OR4F5-2;gene=OR4F5;transcript_id=NM_001005484.2
"""
YEAST = """##gff-version 3
chrI\tSGD\tgene\t335\t649\t.\t+\t.\tID=YAL069W;Name=YAL069W;gene=PAU8;Note=a%20b
chrI\tSGD\tmRNA\t335\t649\t.\t+\t.\tID=YAL069W_mRNA;Name=YAL069W_mRNA;Parent=YAL069W
"""


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, **choice):
        path = tmp_path / "genes.gff3"
        path.write_text(text)
        return read_genes(path, **{"gene_type": "all"} | choice)

    return write_and_read


def rows(annotation):
    return {gene: tuple(row) for gene, *row in annotation.genes.itertuples()}


def test_ensembl(read):
    found = read(ENSEMBL)
    assert rows(found) == {
        "ENSG00000223972": ("DDX11L1", "1", 11868, "+"),
        "ENSG00000278267": ("MIR6859;1", "1", 17435, "-"),
        "ENSG00000186092": ("", "1", 65418, "+"),
    }
    assert found.gene_of_transcript == {
        "ENST00000456328": "ENSG00000223972",
        "ENST00000619216": "ENSG00000278267",
        "ENST00000641515": "ENSG00000186092",
    }
    assert found.source["format"] == "GFF3"


def test_types_of_ensembl(read):
    assert list(rows(read(ENSEMBL, gene_type="protein_coding"))) == ["ENSG00000186092"]


def test_transcripts_have_the_name_and_type_of_their_gene(read):
    found = read(ENSEMBL, feature="transcript", gene_type="transcribed_pseudogene")
    assert rows(found) == {"ENST00000456328": ("DDX11L1", "1", 11868, "+")}
    assert found.left_out["another gene type"] == 2


def test_gencode(read):
    found = read(GENCODE)
    assert rows(found) == {"ENSG00000223972": ("DDX11L1", "chr1", 11868, "+")}
    assert found.gene_of_transcript == {"ENST00000456328": "ENSG00000223972"}


def test_refseq(read):
    found = read(REFSEQ)
    assert rows(found) == {
        "MIR6859-1": ("MIR6859-1", "NC_000001.11", 17435, "-"),
        "OR4F5": ("OR4F5", "NC_000024.10", 69, "+"),
    }
    # The miRNA is a piece of the primary transcript.
    assert found.gene_of_transcript == {"NR_106918.1": "MIR6859-1", "NM_001005484.2": "OR4F5"}
    assert list(rows(read(REFSEQ, feature="transcript"))) == ["NR_106918.1", "NM_001005484.2"]


def test_refseq_before_2018(read):
    text = re.sub("gene-MIR6859-1", "gene0", re.sub("gene-OR4F5-2", "gene1", REFSEQ))
    assert list(rows(read(text))) == ["MIR6859-1", "OR4F5"]


def test_ids_of_their_own(read):
    found = read(YEAST)
    assert rows(found) == {"YAL069W": ("PAU8", "chrI", 334, "+")}
    assert found.gene_of_transcript == {"YAL069W_mRNA": "YAL069W"}


UCSC = """chr1\trefGene\ttranscript\t11874\t14409\t.\t+\t.\tgene_id "DDX11L1"; transcript_id "NR_046018";  gene_name "DDX11L1";
chr1\trefGene\texon\t11874\t12227\t.\t+\t.\tgene_id "DDX11L1"; transcript_id "NR_046018"; exon_number "1";
"""  # noqa: E501
NCBI = """NC_1\tRefSeq\tgene\t11\t20\t.\t-\t.\tgene_id "OR4F5_1"; transcript_id ""; gene "OR4F5"; gene_biotype "protein_coding";
NC_1\tRefSeq\ttranscript\t11\t20\t.\t-\t.\tgene_id "OR4F5_1"; transcript_id "NM_1.2"; gene "OR4F5";
"""  # noqa: E501


def test_gtf_of_ucsc(read):
    with pytest.raises(DataError, match=r"found none among .*1 exon.*--feature transcript"):
        read(UCSC)
    found = read(UCSC, feature="transcript", gene_type="protein_coding")
    assert rows(found) == {"NR_046018": ("DDX11L1", "chr1", 11873, "+")}


def test_gtf_of_ncbi(read):
    found = read(NCBI, gene_type="protein_coding")
    assert rows(found) == {"OR4F5_1": ("OR4F5", "NC_1", 19, "-")}
    transcripts = read(NCBI, feature="transcript", gene_type="protein_coding")
    assert rows(transcripts) == {"NM_1.2": ("OR4F5", "NC_1", 19, "-")}


def test_only_gene_lines(read):
    with pytest.raises(DataError, match=r"expected 'transcript' lines.* --feature gene "):
        read(NCBI.splitlines()[0], feature="transcript")


def test_only_exon_lines(shared_data):
    path = shared_data / "reads" / "A549_CAGE_chr21" / "chr21.refseq.hg19.gtf"
    with pytest.raises(DataError, match=r"none among 5,384 exon, 4,235 CDS.*GENCODE"):
        read_genes(path)
