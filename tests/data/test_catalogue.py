import csv
import re

import pytest

from attendome.data import catalogue
from attendome.data.catalogue import CELL_TYPES, SOURCES, RecordFiles, RemoteFile, lookup
from attendome.errors import SettingsError


def test_the_cell_types_are_those_with_published_expression(shared_data):
    import gzip

    path = shared_data / "expression" / "57epigenomes.RPKM.pc.gz"
    with gzip.open(path, "rt") as file:
        columns = file.readline().split()
    assert tuple(columns[2:]) == CELL_TYPES  # after gene_id and E000, their mixture


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_listed_name_is_found(source):
    for name in source.names:
        found = lookup(name)
        assert isinstance(found, RecordFiles | RemoteFile)
        if isinstance(found, RemoteFile):
            assert re.fullmatch(r"https://[a-z0-9.]+/[\w./-]+", found.url)
            assert re.fullmatch(r"|md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", found.checksum)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        (
            "attentivechrome-weights/E128",
            "https://zenodo.org/records/2616712/files/E128_attchrome_avgAUC_model.pt",
        ),
        (
            "remc/E116-H3K4me3",
            "https://egg2.wustl.edu/roadmap/data/byFileType/alignments/consolidated/"
            "E116-H3K4me3.tagAlign.gz",
        ),
        (
            "remc/E003-H2BK120ac",
            "https://egg2.wustl.edu/roadmap/data/byFileType/alignments/consolidated/"
            "E003-H2BK120ac.tagAlign.gz",
        ),
        (
            "remc-expression",
            "https://egg2.wustl.edu/roadmap/data/byDataType/rna/expression/57epigenomes.RPKM.pc.gz",
        ),
        (
            "gencode/10",
            "https://ftp.ebi.ac.uk/pub/databases/gencode/Gencode_human/release_10/"
            "gencode.v10.annotation.gtf.gz",
        ),
        (
            "gencode/47",
            "https://ftp.ebi.ac.uk/pub/databases/gencode/Gencode_human/release_47/"
            "gencode.v47.annotation.gtf.gz",
        ),
    ],
)
def test_addresses(name, url):
    assert lookup(name).url == url


def test_files_of_a_record():
    assert lookup("attentivechrome/E003") == RecordFiles(2652278, "E003")
    assert lookup("attentivechrome") == RecordFiles(2652278, "")


def test_the_checkpoints_are_the_published_ones(shared_data):
    with (shared_data / "published_checkpoints.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) == len(SOURCES["attentivechrome-weights"].names) == 55
    for row in rows:
        found = lookup(f"attentivechrome-weights/{row['cell_type']}")
        assert (found.name, found.checksum) == (row["file"], f"md5:{row['md5']}")


def test_the_checksum_of_the_expression_table(shared_data):
    import hashlib

    found = lookup("remc-expression")
    content = (shared_data / "expression" / found.name).read_bytes()
    assert found.checksum == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert SOURCES["remc-expression"].size == f"{len(content):,} bytes"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("atentivechrome/E003", "did you mean 'attentivechrome/E003'"),
        ("attentivechrome/E999", "did you mean 'attentivechrome/E"),
        ("attentivechrome-weights/E059", "did you mean 'attentivechrome-weights/E"),
        ("attentivechrome-weights", "did you mean 'attentivechrome-weights/E"),
        ("remc/E060-H3K4me3", "did you mean 'remc/E"),
        ("remc/E116-", "did you mean 'remc/E116-"),
        ("remc/E116-../x", "did you mean 'remc/E116-"),
        ("remc-expression/E003", "did you mean 'remc-expression'"),
        ("gencode/6", "did you mean 'gencode/"),
        ("gencode/010", "did you mean 'gencode/10'"),
        ("gencode/../10", "did you mean 'gencode/10'"),
        ("zzz", "choose from: attentivechrome-weights/CELL, attentivechrome/CELL, gencode/RELEASE"),
        ("", "choose from"),
    ],
)
def test_an_unknown_name_gives_the_nearest(name, advice):
    with pytest.raises(SettingsError, match=re.escape(advice)) as caught:
        lookup(name)
    assert len(str(caught.value)) < 200


def test_names_with_other_characters_are_quoted():
    found = catalogue.zenodo_file(1, "a b#?.csv", "")
    assert found.url == "https://zenodo.org/records/1/files/a%20b%23%3F.csv"
