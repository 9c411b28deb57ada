"""Gene annotation from any of its formats: GTF, GFF3, BED, or a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError
from attendome.genome.files import sha256
from attendome.genome.genes import without_version
from attendome.genome.gff import Feature, Style, read_gff
from attendome.genome.tables import first_line, is_parquet, read_frame
from attendome.genome.text import FARTHEST, INTERVAL, TextFormat, fault_of_interval, read_table

OTHER_TYPE = "another gene type"
_DEFAULT_TYPE = "protein_coding"
_EXPECTED = (
    "expected GTF, GFF3, BED with at least 6 columns, or a table with the columns gene, chrom, "
    "strand, and tss or start and end"
)


@dataclass(frozen=True)
class Annotation:
    """Where genes, or transcripts, start.

    Attributes:
        genes: a row each, indexed by ``gene`` (ID without Ensembl's version), with ``gene_name``,
            ``chrom``, ``tss`` (0-based first transcribed base) and ``strand``.
        left_out: how many lines were left out, by reason.
        gene_of_transcript: gene ID of each transcript ID, both without version; empty where the
            file does not say.
        source: the file's name, its SHA-256, its format and how many genes it gave.
    """

    genes: pd.DataFrame
    left_out: dict[str, int]
    gene_of_transcript: dict[str, str]
    source: dict[str, Any]


def read_genes(
    path: Path, *, gene_type: str = _DEFAULT_TYPE, feature: Feature = "gene"
) -> Annotation:
    """Read where genes start from GTF, GFF3, BED or a table; the format is found by content.

    GTF and GFF3 may be of GENCODE, Ensembl, RefSeq or UCSC. In BED the name is the gene's ID. A
    table is TSV, CSV or parquet with the columns ``gene``, ``chrom``, ``strand`` and either ``tss``
    or ``start`` and ``end`` (0-based, half-open), and where wanted ``gene_name``. All but parquet
    may be plain or .gz. An ID on several lines of the same strand, as genes of the pseudo-autosomal
    regions have, keeps the first.

    Args:
        path: the file.
        gene_type: take only genes of this type, where the file has types; "all" takes all.
        feature: which lines of GTF or GFF3 to take; with "transcript" each transcript is a row.

    Raises:
        DataError: the file is missing, damaged, malformed or of another format, has no lines of the
            feature, or has an ID on both strands.
        SettingsError: the file has no genes of the type.
    """
    form, lines, gene_of_transcript = _read(path, feature)
    chosen = _of_type(path, lines, gene_type)
    table = _located(chosen)
    genes = _one_each(path, table)
    return Annotation(
        genes=genes,
        left_out={
            OTHER_TYPE: len(lines) - len(chosen),
            "the same ID again": len(table) - len(genes),
        },
        gene_of_transcript=gene_of_transcript,
        source={"file": path.name, "sha256": sha256(path), "format": form, "genes": len(genes)},
    )


def _read(path: Path, feature: Feature) -> tuple[str, pl.DataFrame, dict[str, str]]:
    """Give the format, a row per line as ``read_gff`` does, and the genes of transcripts."""
    if is_parquet(path):
        return "table", _from_table(path), {}
    line = first_line(path)
    fields = line.split("\t")
    if _numbers(fields[1:3]):
        return "BED", _from_bed(path), {}
    if _numbers(fields[3:5]) or (len(fields) == 9 and re.search("[= ]", fields[8])):
        style: Style = "GFF3" if "=" in fields[-1].partition('"')[0] else "GTF"
        lines, owners = read_gff(path, style, feature)
        transcripts, genes = (
            without_version(pd.Series(list(ids), dtype=str)) for ids in (owners, owners.values())
        )
        return style, lines, dict(zip(transcripts, genes, strict=True))
    if "gene" in re.split('[\t,"#]+', line):
        return "table", _from_table(path), {}
    raise DataError(f"{path}: {_EXPECTED}; plain or .gz. It begins: {line[:80]!r}")


def _numbers(fields: Sequence[str]) -> bool:
    return len(fields) == 2 and all(field.isdecimal() for field in fields)


def _from_bed(path: Path) -> pl.DataFrame:
    parts = list(read_table(path, _BED))
    return pl.concat(parts).rename({"name": "id"}).with_columns(gene_name=pl.lit(""), type=None)


def _bed_fault(fields: Sequence[str]) -> str:
    if len(fields) < 6:
        return (
            "expected at least 6 columns (chrom, start, end, name, score, strand) between tabs, "
            f"found {len(fields)}"
        )
    if fault := fault_of_interval(*fields[1:3]):
        return fault
    if fields[3] in ("", "."):
        return "expected the gene's ID in column 4, found none"
    if fields[5] not in ("+", "-"):
        return f"expected a strand, + or -, in column 6, found {fields[5]!r}"
    return ""


_PLACED = INTERVAL & pl.col("strand").is_in(["+", "-"])
_BED = TextFormat(
    name="BED",
    columns={
        "chrom": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "name": pl.String,
        "score": pl.String,
        "strand": pl.String,
    },
    keep=["chrom", "start", "end", "name", "strand"],
    valid=_PLACED & (pl.col("name") != "."),
    fault=_bed_fault,
)


def _from_table(path: Path) -> pl.DataFrame:
    table = read_frame(path)
    missing = [name for name in ("gene", "chrom", "strand") if name not in table.columns]
    if "tss" not in table.columns and not {"start", "end"} <= {*table.columns}:
        missing.append("tss (or start and end)")
    if missing:
        raise DataError(
            f"{path}: {_EXPECTED}; it lacks {', '.join(missing)} and has "
            f"{', '.join(table.columns)}."
        )
    has_tss = "tss" in table.columns
    start, end = ("tss", "tss") if has_tss else ("start", "end")
    rows = table.select(
        id="gene",
        gene_name=pl.col("gene_name").fill_null("") if "gene_name" in table.columns else pl.lit(""),
        chrom="chrom",
        start=pl.col(start).cast(pl.Int64, strict=False),
        end=pl.col(end).cast(pl.Int64, strict=False) + has_tss,
        strand="strand",
        type=pl.lit(None, pl.String),
    )
    valid = _PLACED & pl.col("id").is_not_null() & pl.col("chrom").is_not_null()
    wrong = table.filter(~rows.select(valid.fill_null(value=False)).to_series())
    if len(wrong):
        raise DataError(
            f"{path}: expected in each row a gene, a chrom, whole numbers 0 ≤ start < end or a "
            f"tss of at least 0, none above {FARTHEST:,}, and the strand + or -; found "
            f"{wrong.row(0, named=True)}"
        )
    return rows


def _of_type(path: Path, lines: pl.DataFrame, gene_type: str) -> pl.DataFrame:
    types = lines["type"].drop_nulls().unique().to_list()
    if gene_type == "all" or (not types and gene_type == _DEFAULT_TYPE):
        return lines
    if not types:
        raise SettingsError(f"{path}: names no gene types; leave out the gene type {gene_type!r}.")
    if gene_type not in types:
        hint = suggestion(gene_type, [*types, "all"])
        raise SettingsError(f"{path}: has no genes of the type {gene_type!r}: {hint}")
    return lines.filter(pl.col("type") == gene_type)


def _located(lines: pl.DataFrame) -> pd.DataFrame:
    tss = pl.when(pl.col("strand") == "-").then(pl.col("end") - 1).otherwise("start")
    table = lines.select("id", "gene_name", "chrom", tss.alias("tss"), "strand").to_pandas()
    table.insert(0, "gene", without_version(table.pop("id")))
    return table


def _one_each(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    strands = table.drop_duplicates(["gene", "strand"])
    twice = strands[strands["gene"].duplicated()]
    if len(twice):
        gene = twice["gene"].iloc[0]
        places = table[table["gene"] == gene]
        listed = ", ".join(f"{r.chrom}:{r.tss} ({r.strand})" for r in places[:4].itertuples())
        raise DataError(
            f"{path}: {gene} stands on both strands: {listed}; an ID must name one gene. Give each "
            "place an ID of its own, or remove the lines that are not meant."
        )
    return table.drop_duplicates("gene").set_index("gene")
