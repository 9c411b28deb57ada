"""Read the genes and transcripts of GTF and GFF3 files."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import polars as pl

from attendome.errors import DataError
from attendome.genome.text import FARTHEST, TextFormat, read_table

Feature = Literal["gene", "transcript"]
Style = Literal["GTF", "GFF3"]

_LINES = {
    "gene": r"^(?:gene|ncRNA_gene|pseudogene)$",
    "transcript": r"(?:transcript|RNA|_gene_segment)$",
}
_IS_GENE, _IS_TRANSCRIPT = (pl.col("feature").str.contains(names) for names in _LINES.values())
_PATTERN = {"GTF": r'(?:^|[; ]){} "([^"]+)"', "GFF3": r"(?:^|;) *{}=([^;]+)"}
_ATTRIBUTES = (
    "ID", "Parent", "Name", "gene", "gene_id", "gene_name", "transcript_id",
    "gene_type", "gene_biotype", "biotype",
)  # fmt: skip
_SHOWN = 8


def read_gff(path: Path, style: Style, feature: Feature) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read the gene or the transcript lines of a GTF or GFF3 file, plain or .gz.

    Memory depends on the number of genes and transcripts, not on the length of the file.

    Args:
        path: the file.
        style: how its attributes are written.
        feature: which lines are wanted.

    Returns:
        A row per line, in the order of the file, with ``id``, ``gene_name``, ``chrom``, ``start``
        and ``end`` (0-based, half-open), ``strand`` and ``type`` (of the gene; null where the file
        does not say); and the gene of each transcript. IDs have the versions of the file.

    Raises:
        DataError: the file is damaged, a line is malformed, or there are no lines of the feature.
    """
    found: Counter[str] = Counter()
    parts = []
    for rows in read_table(path, _form(style, feature)):
        found.update(dict(rows["feature"].value_counts().iter_rows()))
        parts.append(rows.filter(_IS_GENE | _IS_TRANSCRIPT))
    lines = _with_attributes(pl.concat(parts), style)
    genes = lines.filter(_IS_GENE)
    transcripts = _with_their_genes(lines.filter(_IS_TRANSCRIPT), genes)
    wanted = genes if feature == "gene" else transcripts
    if wanted.is_empty():
        raise DataError(_no_lines(path, feature, found))
    if wanted["id"].null_count():
        nameless = wanted.filter(pl.col("id").is_null())
        raise DataError(
            f"{path}: expected {feature} lines with a {feature}_id, found {len(nameless)} without "
            f"one among {len(wanted)} {feature} lines, such as: {nameless['about'][0][:80]}"
        )
    owners = transcripts.select("id", "owner").drop_nulls()
    columns = ["id", "gene_name", "chrom", "start", "end", "strand", "type"]
    return wanted.select(columns), dict(owners.iter_rows())


def _form(style: Style, feature: Feature) -> TextFormat:
    def fault(fields: Sequence[str]) -> str:
        if len(fields) < 9:
            return f"expected 9 columns between tabs, found {len(fields)}"
        start, end = fields[3:5]
        if not (start.isdecimal() and end.isdecimal() and 1 <= int(start) <= int(end) <= FARTHEST):
            return (
                f"expected whole numbers, 1 ≤ start ≤ end ≤ {FARTHEST:,}, found start {start} and "
                f"end {end}"
            )
        if re.search(_LINES[feature], fields[2]) and fields[6] not in ("+", "-"):
            return f"expected the strand of a {feature}, + or -, in column 7, found {fields[6]!r}"
        return ""

    # Other lines, such as those of a whole chromosome, may have no strand.
    unstranded = ~pl.col("feature").str.contains(_LINES[feature])
    names = ["chrom", "source", "feature", "start", "end", "score", "strand", "frame", "about"]
    numbers = {"start": pl.Int64, "end": pl.Int64}
    return TextFormat(
        name=style,
        columns=dict.fromkeys(names, pl.String) | numbers,
        keep=["chrom", "feature", "start", "end", "strand", "about"],
        valid=pl.col("start").is_between(1, "end")
        & (pl.col("end") <= FARTHEST)
        & pl.col("about").is_not_null()
        & (unstranded | pl.col("strand").is_in(["+", "-"])),
        fault=fault,
    )


def _with_attributes(lines: pl.DataFrame, style: Style) -> pl.DataFrame:
    """Add ``id``, ``gene_name``, ``type``, and of a transcript ``owner``: the ID of its gene."""
    pattern = _PATTERN[style].format
    told = lines.with_columns(
        pl.col("about").str.extract(pattern(name)).alias(name) for name in _ATTRIBUTES
    ).with_columns(start=pl.col("start") - 1)
    if style == "GFF3":
        text = [pl.col(name).map_elements(unquote, pl.String) for name in _ATTRIBUTES]
        told = told.with_columns(text)
    above = pl.when(_IS_GENE).then("ID").otherwise("Parent")
    # In RefSeq's GFF3 the ID is made from the gene's symbol (before 2018, a number).
    symbol = pl.when(above.str.contains(r"^gene(?:-|\d+$)")).then("gene")
    owner = pl.coalesce("gene_id", symbol, above.str.replace("^gene[:-]", ""))
    transcript = pl.coalesce("transcript_id", pl.col("ID").str.replace("^(?:transcript:|rna-)", ""))
    return told.with_columns(
        owner=owner,
        id=pl.when(_IS_GENE).then(owner).otherwise(transcript),
        gene_name=pl.coalesce("gene_name", "gene", pl.when(_IS_GENE).then("Name"), pl.lit("")),
        type=pl.coalesce("gene_type", "gene_biotype", pl.when(_IS_GENE).then("biotype")),
    )


def _with_their_genes(transcripts: pl.DataFrame, genes: pl.DataFrame) -> pl.DataFrame:
    """Take name and type from the gene where the line of a transcript does not say."""
    # RefSeq has miRNAs below their primary transcripts.
    outer = ~pl.col("Parent").is_in(transcripts["ID"].drop_nulls().implode()).fill_null(value=False)
    known = genes.unique("owner", keep="first").select("owner", "gene_name", "type")
    return (
        transcripts.filter(outer)
        .join(known, on="owner", how="left", suffix="_of_gene", maintain_order="left")
        .with_columns(
            gene_name=pl.when(pl.col("gene_name") == "")
            .then(pl.col("gene_name_of_gene").fill_null(""))
            .otherwise("gene_name"),
            type=pl.coalesce("type", "type_of_gene", "biotype"),
        )
    )


def _no_lines(path: Path, feature: Feature, found: Counter[str]) -> str:
    other = "transcript" if feature == "gene" else "gene"
    listed = ", ".join(f"{count:,} {name}" for name, count in found.most_common(_SHOWN))
    advice = (
        f"take its {other} lines with --feature {other} (in Python feature='{other}')"
        if any(re.search(_LINES[other], name) for name in found)
        else f"use an annotation with {feature} lines, such as GENCODE's"
    )
    return f"{path}: expected '{feature}' lines, found none among {listed}; {advice}."
