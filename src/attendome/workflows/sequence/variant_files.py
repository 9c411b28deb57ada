"""Files of scored variants: a table, and the variants' own file with a summary in it."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from attendome.errors import SettingsError
from attendome.genome.vcf import records
from attendome.outputs import check_new, new_output
from attendome.variants.effects import SCORES
from attendome.workflows.parts import Progress, Watch
from attendome.workflows.sequence.variant_parts import LEFT_OUT, Parts

_PREFIX = "ATTENDOME_"
_ABOUT = {
    "site_sum": "coverage around the variant",
    "site_max": "the largest bin around the variant",
    "window_sum": "coverage of the whole window",
    "tss": "coverage at the TSS of a gene",
}
_OLD_HEADER = re.compile(rf"##INFO=<ID={_PREFIX}\w+,")
_RESERVED = re.compile(r"[\s%,;=:]")
Write = Callable[[Path, Parts, str, Progress], None]


class Outputs(NamedTuple):
    """The files that are written.

    Attributes:
        table: the scores.
        left_out: what is left out, and why.
        annotated: the variants with a summary; None for none.
    """

    table: Path
    left_out: Path
    annotated: Path | None

    @classmethod
    def named(cls, table: Path, annotated: Path | None, *, force: bool) -> "Outputs":
        """Name the files, and check that they may be written.

        Raises:
            SettingsError: a name has another ending than those known.
            DataError: a file exists and ``force`` is not set, or its folder does not.
        """
        ending = next((e for e in _WRITERS if table.name.endswith(e)), "")
        if not ending:
            raise SettingsError(f"{table}: expected a name that ends in .tsv, .tsv.gz or .parquet.")
        if annotated and not annotated.name.endswith((".vcf", ".vcf.gz")):
            raise SettingsError(f"{annotated}: expected a name that ends in .vcf or .vcf.gz.")
        left_out = table.with_name(f"{table.name.removesuffix(ending)}.left-out.tsv")
        found = cls(table, left_out, annotated)
        for path in found:
            if path:
                check_new(path, force=force)
        return found


def write_outputs(
    outputs: Outputs, vcf: Path, parts: Parts, about: str, *, force: bool, watch: Watch
) -> None:
    """Write all files, or none.

    Args:
        outputs: their names.
        vcf: the file of the variants.
        parts: all scored.
        about: where the scores come from, as JSON; Parquet keeps it in its metadata.
        force: replace files that exist.
        watch: told the name of each step, gives what is told how much of it is done.
    """
    with ExitStack() as stack:

        def new(path: Path) -> Path:
            return stack.enter_context(new_output(path, force=force))

        table = new(outputs.table)
        with watch("Writing the table") as progress:
            write = next(w for ending, w in _WRITERS.items() if table.name.endswith(ending))
            write(table, parts, about, progress)
        shutil.copyfile(parts.folder.parent / LEFT_OUT, new(outputs.left_out))
        if outputs.annotated:
            with watch("Writing VCF") as progress:
                write_annotated(new(outputs.annotated), vcf, parts, progress)


def _parquet(made: Path, parts: Parts, about: str, progress: Progress) -> None:
    schema = pq.read_schema(parts.scores(0)).with_metadata({"attendome": about})
    with pq.ParquetWriter(made, schema, compression="zstd") as file:
        for place in _told(parts, progress):
            file.write_table(pq.read_table(place).cast(schema))


def _tsv(made: Path, parts: Parts, about: str, progress: Progress) -> None:  # noqa: ARG001 - TSV has no place for it
    with _writing(made) as write:
        for place in _told(parts, progress):
            rows = pl.read_parquet(place)
            write(rows.write_csv(separator="\t", include_header=place == parts.scores(0)))


_WRITERS: Mapping[str, Write] = {".parquet": _parquet, ".tsv": _tsv, ".tsv.gz": _tsv}


def _told(parts: Parts, progress: Progress) -> Iterator[Path]:
    """Give the scores of each part, and tell how many variants are done, and of how many."""
    ends = np.cumsum([parts.size(number) for number in range(len(parts))]).tolist()
    for number, end in enumerate(ends):
        yield parts.scores(number)
        progress(end, ends[-1])


@contextmanager
def _writing(made: Path) -> Iterator[Callable[[str], object]]:
    """Give a function that writes text; to a name ending in .gz, as bgzip does."""
    if made.suffix != ".gz":
        with made.open("w", encoding="utf-8", newline="\n") as plain:
            yield plain.write
        return
    import pysam

    with pysam.BGZFile(str(made), "wb", None) as packed:
        yield lambda text: packed.write(text.encode())


def write_annotated(made: Path, vcf: Path, parts: Parts, progress: Progress) -> None:
    """Write the variants as VCF again, with a summary of the scores of each allele.

    It is, of each score, that of the track where it is largest, whatever its sign: the field
    ``ATTENDOME_SITE_SUM``, its track ``..._TRACK`` and percentile ``..._PERCENTILE``, of ``TSS``
    also the gene ``..._GENE``; and ``ATTENDOME_FLIPPED``. All have a value per allele, which is
    missing where the allele is left out, as are the fields where all are. Fields of these names
    that the file has already are replaced.

    Args:
        made: where to write.
        vcf: the file of the variants.
        parts: all scored.
        progress: told how many variants are written, and of how many.

    Raises:
        DataError: what a record says of its samples is malformed; scoring does not read it.
    """
    import pysam

    summaries = groupby(_summaries(parts, progress), key=lambda row: row["record"])
    number, rows = next(summaries)
    before = pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(str(vcf)) as file, _writing(made) as write:
            write(_header(str(file.header)))
            for record, line in enumerate(map(str, records(file, vcf))):
                if record == number:
                    write(_annotated(line, {row["allele"]: row for row in rows}))
                    number, rows = next(summaries, (-1, iter(())))
                else:
                    write(_annotated(line, {}))
    finally:
        pysam.set_verbosity(before)


def _summaries(parts: Parts, progress: Progress) -> Iterator[dict[str, Any]]:
    """Give a row per allele, in the order of the file, with what each field says of it."""
    fields = {
        name: pl.col(column).get(pl.col(score).abs().arg_max())
        for score in SCORES
        for name, column in _fields(score).items()
    }
    for place in _told(parts, progress):
        rows = pl.scan_parquet(place).group_by("record", "allele", maintain_order=True)
        yield from (
            rows.agg(
                pl.col("flipped").first().cast(int).alias("FLIPPED"),
                *(found.alias(name) for name, found in fields.items()),
            )
            .collect()
            .iter_rows(named=True)
        )


def _fields(score: str) -> dict[str, str]:
    """Give the fields about a score, and the columns that they are from."""
    name = score.upper()
    found = {name: score, f"{name}_TRACK": "track", f"{name}_PERCENTILE": f"{score}_percentile"}
    return found | ({f"{name}_GENE": "gene"} if score == "tss" else {})


def _header(text: str) -> str:
    """Put the lines about the fields before the line of the columns."""
    *lines, columns = (line for line in text.splitlines() if not _OLD_HEADER.match(line))
    for score, about in _ABOUT.items():
        name = f"{_PREFIX}{score.upper()}"
        said = f"ln of the fold change of {about}, of the track where it is largest"
        lines.append(_line(name, "Float", said))
        lines.append(_line(f"{name}_TRACK", "String", f"Track of {name}"))
        said = f"Percentage of random variants that change this track less than {name}"
        lines.append(_line(f"{name}_PERCENTILE", "Float", said))
    lines.append(_line(f"{_PREFIX}TSS_GENE", "String", f"Gene of {_PREFIX}TSS"))
    said = "1 where ALT is the genome's, so that REF was scored as the allele"
    lines.append(_line(f"{_PREFIX}FLIPPED", "Integer", said))
    return "\n".join([*lines, columns, ""])


def _line(name: str, kind: str, said: str) -> str:
    return f'##INFO=<ID={name},Number=A,Type={kind},Description="{said}">'


def _annotated(line: str, alleles: Mapping[int, Mapping[str, Any]]) -> str:
    """Put the fields into a line of VCF."""
    columns = line.rstrip("\n").split("\t")
    kept = [part for part in columns[7].split(";") if part != "." and not part.startswith(_PREFIX)]
    count = columns[4].count(",") + 1
    for name in next(iter(alleles.values()), ()):
        values = [alleles.get(allele, {}).get(name) for allele in range(1, count + 1)]
        if name not in ("record", "allele") and any(value is not None for value in values):
            kept.append(f"{_PREFIX}{name}={','.join(map(_text, values))}")
    columns[7] = ";".join(kept) or "."
    return "\t".join(columns) + "\n"


def _text(value: object) -> str:
    if value is None:
        return "."
    if isinstance(value, float):
        return f"{value:.6g}"
    return _RESERVED.sub(lambda found: f"%{ord(found[0]):02X}", str(value))
