"""The samplesheet of the workflow: a row per sample, with its reads as FASTQ or BAM.

TSV with the columns ``sample`` (a name of its own), ``cell_type`` and ``kind``: ``chromatin`` or
``sequence``. Rows of chromatin have a ``mark`` (``control`` for the control); rows of sequence may
have an ``assay``, a mark, which goes to the track's description, and ``sum_stat``, ``clip_soft``,
``clip`` and ``scale``, which go to the table of tracks. The reads are in ``bam``, or in ``fastq_1``
and, of pairs, ``fastq_2``; several files of one sample have commas between. Paths are relative to
the samplesheet.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

NAME = "[A-Za-z0-9_-]+"  # names become names of files
MARK = "[A-Za-z0-9_.-]+"
CONTROL = "control"

ASSAYS = ("CAGE", "DNASE", "ATAC", "CHIP", "")
TRACK = ("sum_stat", "clip_soft", "clip", "scale")
READS = ("fastq_1", "fastq_2", "bam")
REQUIRED = ("sample", "cell_type", "kind")
COLUMNS = (*REQUIRED, "mark", "assay", *READS, *TRACK)


@dataclass(frozen=True)
class Sample:
    """A row; its files are relative to the working directory. Empty is what it does not have."""

    name: str
    cell_type: str
    kind: str
    mark: str
    assay: str
    fastq_1: tuple[str, ...]
    fastq_2: tuple[str, ...]
    bam: str
    track: Mapping[str, str]


def by_kind(samples: Mapping[str, Sample], kind: str) -> dict[str, Sample]:
    """Give the samples of one kind, by name."""
    return {name: sample for name, sample in samples.items() if sample.kind == kind}


def read_samplesheet(path: Path) -> dict[str, Sample]:
    """Read and check a samplesheet.

    Returns:
        The samples by name, in order.

    Raises:
        ValueError: the sheet is malformed, or files are missing; the message lists all of it.
    """
    columns, rows = _rows(path)
    problems = list(_column_problems(columns)) or list(_row_problems(rows))
    if problems:
        raise ValueError(f"{path} cannot be used:\n  " + "\n  ".join(problems))
    samples = [_sample(path.parent, row) for row in rows.values()]
    files = {file for s in samples for file in (*s.fastq_1, *s.fastq_2, s.bam) if file}
    if absent := sorted(file for file in files if not Path(file).is_file()):
        raise ValueError(f"{path} names files that are not there:\n  " + "\n  ".join(absent))
    return {sample.name: sample for sample in samples}


def _rows(path: Path) -> tuple[list[str], dict[int, dict[str, str]]]:
    """Give the columns, and the rows by the number of their line; every row has all columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = {number: line for number, line in enumerate(file, start=1) if line.strip()}
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a samplesheet (TSV): {error}") from error
    cells = {n: [cell.strip() for cell in line.split("\t")] for n, line in lines.items()}
    columns = cells.pop(min(cells)) if cells else []
    empty = dict.fromkeys(COLUMNS, "")
    return columns, {
        n: empty | dict(zip_longest(columns, row, fillvalue="")) for n, row in cells.items()
    }


def _column_problems(columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        if column not in COLUMNS:
            yield f"unknown column '{column}'; known are {', '.join(COLUMNS)}"
    if len(set(columns)) < len(columns):
        yield "two columns have one name"
    if missing := [column for column in REQUIRED if column not in columns]:
        yield f"no column {', '.join(missing)}; are the columns separated by tabs?"


def _row_problems(rows: Mapping[int, Mapping[str, str]]) -> Iterator[str]:
    if not rows:
        yield "no row"
    lines: dict[str, int] = {}
    for line, row in rows.items():
        for problem in _problems(row):
            yield f"line {line}: {problem}"
        first = lines.setdefault(row["sample"], line)
        if first != line:
            yield f"line {line}: sample '{row['sample']}' stands in line {first} already"
    chromatin = [row for row in rows.values() if row["kind"] == "chromatin"]
    marked = {row["cell_type"] for row in chromatin if row["mark"] != CONTROL}
    for cell_type in sorted({row["cell_type"] for row in chromatin} - marked):
        yield f"cell type '{cell_type}' has a control, but no mark"


def _problems(row: Mapping[str, str]) -> Iterator[str]:
    if row.get(""):
        yield f"more cells than columns: '{row['']}'"
    for column, pattern in (("sample", NAME), ("cell_type", NAME)):
        if not re.fullmatch(pattern, row[column]):
            yield f"{column} '{row[column]}': expected letters, digits, - and _"
    yield from _kind_problems(row)
    if bool(row["bam"]) == bool(row["fastq_1"]):
        yield "expected reads in either bam or fastq_1"
    if row["fastq_2"] and len(_files(row["fastq_1"])) != len(_files(row["fastq_2"])):
        yield "expected as many files in fastq_2 as in fastq_1"


def _kind_problems(row: Mapping[str, str]) -> Iterator[str]:
    if row["kind"] == "chromatin":
        if not re.fullmatch(MARK, row["mark"]):
            yield f"mark '{row['mark']}': expected such as H3K4me3, or {CONTROL}"
        for column in ("assay", *TRACK):
            if row[column]:
                yield f"{column} '{row[column]}': only for rows of sequence"
    elif row["kind"] == "sequence":
        if row["assay"] not in ASSAYS:
            yield f"assay '{row['assay']}': expected {', '.join(ASSAYS[:-1])}, or none"
    else:
        yield f"kind '{row['kind']}': expected chromatin or sequence"


def _files(cell: str) -> list[str]:
    return [name.strip() for name in cell.split(",")] if cell else []


def _sample(folder: Path, row: Mapping[str, str]) -> Sample:
    paths = {
        column: tuple(os.path.normpath(folder / name) for name in _files(row[column]))
        for column in READS
    }
    return Sample(
        name=row["sample"],
        cell_type=row["cell_type"],
        kind=row["kind"],
        mark=row["mark"],
        assay=row["assay"],
        fastq_1=paths["fastq_1"],
        fastq_2=paths["fastq_2"],
        bam=",".join(paths["bam"]),
        track={column: row[column] for column in TRACK},
    )
