"""What can be fetched: the published datasets and weights, and the public files behind them."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from urllib.parse import quote

from attendome.config import suggestion
from attendome.errors import SettingsError

_NUMBERS = (
    *(3, 4, 5, 6, 7, 11, 12, 13, 16, 24, 27, 28, 37, 38, 47, 50, 53, 54, 55, 56, 57, 58, 59, 61),
    *(62, 65, 66, 70, 71, 79, 82, 84, 85, 87, 94, 95, 96, 97, 98, 100, 104, 105, 106, 109, 112),
    *(113, 114, 116, 117, 118, 119, 120, 122, 123, 127, 128),
)
CELL_TYPES = tuple(f"E{number:03}" for number in _NUMBERS)
_EPIGENOMES = tuple(f"E{number:03}" for number in range(1, 130) if number not in (60, 64))
_USUAL_MARKS = (
    *("H3K4me1", "H3K4me3", "H3K9me3", "H3K27me3", "H3K36me3"),
    *("H3K9ac", "H3K27ac", "H2A.Z", "DNase", "Input"),
)
_ROADMAP = "https://egg2.wustl.edu/roadmap/data"
_GENCODE = "https://ftp.ebi.ac.uk/pub/databases/gencode/Gencode_human"
_DATASETS, _CHECKPOINTS = 2652278, 2616712
_UNPUBLISHED = "none published; the SHA-256 of the first download is remembered beside the file"


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server.

    Attributes:
        name: what it is called here.
        url: where it is.
        checksum: algorithm and digest, such as ``md5:9b4f...``; "" where none is published.
    """

    name: str
    url: str
    checksum: str = ""


@dataclass(frozen=True)
class RecordFiles:
    """Files that only the listing of their Zenodo record names.

    Attributes:
        record: number of the record.
        word: the word that their names contain; "" for all files of the record.
    """

    record: int
    word: str

    @property
    def listing(self) -> RemoteFile:
        """The listing of the record, which has the names and checksums."""
        url = f"https://zenodo.org/api/records/{self.record}"
        return RemoteFile(f"zenodo-{self.record}.json", url)


@dataclass(frozen=True)
class Source:
    """A group of files that are fetched by name.

    Attributes:
        form: how the names look.
        about: what the files are.
        names: the names; where there are more of that form, the usual ones.
        size: size of a file, where known.
        checksum: where the checksum is from.
        terms: the licence, or where the terms of use are stated.
        page: where the files are from.
        resolve: gives the files of a name, from what follows its slash; None where there is none.
    """

    form: str
    about: str
    names: tuple[str, ...]
    size: str
    checksum: str
    terms: str
    page: str
    resolve: Callable[[str], RemoteFile | RecordFiles | None]


def lookup(name: str) -> RemoteFile | RecordFiles:
    """Find what a name stands for.

    >>> lookup("remc/E116-H3K4me3").name
    'E116-H3K4me3.tagAlign.gz'

    Raises:
        SettingsError: there is no such name; the nearest one is named.
    """
    group, _, member = name.partition("/")
    found = SOURCES[group].resolve(member) if group in SOURCES else None
    if found is None:
        names = [known for source in SOURCES.values() for known in source.names]
        if not get_close_matches(name, names):  # too many to list
            names = [source.form for source in SOURCES.values()]
        raise SettingsError(f"Nothing to fetch is called '{name}': {suggestion(name, names)}")
    return found


def zenodo_file(record: int, name: str, checksum: str) -> RemoteFile:
    """Say where a file of a Zenodo record is."""
    return RemoteFile(name, f"https://zenodo.org/records/{record}/files/{quote(name)}", checksum)


def _dataset(cell_type: str) -> RecordFiles | None:
    return RecordFiles(_DATASETS, cell_type) if cell_type in ("", *CELL_TYPES) else None


def _checkpoint(cell_type: str) -> RemoteFile | None:
    table = resources.files("attendome.data") / "published_checkpoints.tsv"
    for row in csv.DictReader(table.read_text("utf-8").splitlines(), delimiter="\t"):
        if row["cell_type"] == cell_type:
            return zenodo_file(_CHECKPOINTS, row["file"], f"md5:{row['md5']}")
    return None


def _reads(member: str) -> RemoteFile | None:
    epigenome, _, mark = member.partition("-")
    if epigenome not in _EPIGENOMES or not re.fullmatch(r"[A-Za-z][A-Za-z0-9.]*", mark):
        return None
    file = f"{member}.tagAlign.gz"
    return RemoteFile(file, f"{_ROADMAP}/byFileType/alignments/consolidated/{file}")


def _expression(member: str) -> RemoteFile | None:
    file = "57epigenomes.RPKM.pc.gz"
    url = f"{_ROADMAP}/byDataType/rna/expression/{file}"
    digest = "c3de00a53a7ef0b5f2529112f9e7fb33ec4e5f8012f8a633a279fe1a605fc843"
    return None if member else RemoteFile(file, url, f"sha256:{digest}")


def _annotation(release: str) -> RemoteFile | None:
    if not re.fullmatch(r"[1-9][0-9]{0,2}", release) or int(release) < 7:
        return None  # earlier releases have names of other forms
    file = f"gencode.v{release}.annotation.gtf.gz"
    return RemoteFile(file, f"{_GENCODE}/release_{release}/{file}")


SOURCES = {
    "attentivechrome": Source(
        "attentivechrome/CELL",
        "AttentiveChrome's datasets of 56 cell types (hg19); without /CELL all files of the record",
        tuple(f"attentivechrome/{cell}" for cell in CELL_TYPES),
        "not known",
        "MD5 of the record's listing",
        "as stated on the record's page",
        f"https://zenodo.org/records/{_DATASETS} (DOI 10.5281/zenodo.{_DATASETS})",
        _dataset,
    ),
    "attentivechrome-weights": Source(
        "attentivechrome-weights/CELL",
        "AttentiveChrome's published checkpoints of 55 cell types (none of E059)",
        tuple(f"attentivechrome-weights/{cell}" for cell in CELL_TYPES if cell != "E059"),
        "not known",
        "MD5, as published in Kipoi",
        "MIT, as stated in Kipoi",
        f"https://zenodo.org/records/{_CHECKPOINTS} (DOI 10.5281/zenodo.{_CHECKPOINTS})",
        _checkpoint,
    ),
    "remc": Source(
        "remc/EPIGENOME-MARK",
        "Roadmap Epigenomics: reads of a mark in a consolidated epigenome, tagAlign (hg19); not "
        "every epigenome has every mark",
        tuple(f"remc/{name}-{mark}" for name in _EPIGENOMES for mark in _USUAL_MARKS),
        "not known",
        _UNPUBLISHED,
        "as stated by the Roadmap Epigenomics project",
        f"{_ROADMAP}/byFileType/alignments/consolidated/",
        _reads,
    ),
    "remc-expression": Source(
        "remc-expression",
        "Roadmap Epigenomics: RPKM of protein-coding genes in 57 epigenomes",
        ("remc-expression",),
        "2,677,594 bytes",
        "SHA-256 of the published file, computed by us",
        "as stated by the Roadmap Epigenomics project",
        f"{_ROADMAP}/byDataType/rna/expression/",
        _expression,
    ),
    "gencode": Source(
        "gencode/RELEASE",
        "GENCODE: human genes, GTF; releases 7 to 19 are on hg19 (AttentiveChrome's is 10), later "
        "ones on hg38",
        tuple(f"gencode/{release}" for release in range(7, 20)),
        "not known",
        _UNPUBLISHED,
        "EMBL-EBI's terms of use, https://www.ebi.ac.uk/about/terms-of-use",
        f"{_GENCODE}/",
        _annotation,
    ),
}
