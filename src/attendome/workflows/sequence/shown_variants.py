"""Read the effects of variants in some regions from what ``attendome variants`` wrote."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import polars as pl

from attendome.errors import DataError
from attendome.genome import chromosomes
from attendome.genome.tables import is_parquet
from attendome.reports.sequence.browser import EFFECTS

_TEXTS = ("variant", "id", "chrom", "ref", "alt", "track")
_COLUMNS = {
    **dict.fromkeys(_TEXTS, pl.String),
    "position": pl.Int64,
    **dict.fromkeys(EFFECTS, pl.Float64),
}


@dataclass(frozen=True)
class VariantTable:
    """A table of effects; it may be longer than memory holds.

    Attributes:
        path: the file.
        names: of its chromosomes those of the dataset, by the name that the dataset has.
        tracks: its tracks.
    """

    path: Path
    names: dict[str, str]
    tracks: frozenset[str]

    @classmethod
    def opened(cls, path: Path, chroms: Sequence[str], tracks: Collection[str]) -> "VariantTable":
        """Open a table.

        Args:
            path: TSV, plain or .gz, or Parquet.
            chroms: chromosomes of the dataset.
            tracks: tracks of the model.

        Raises:
            DataError: it is missing, damaged or another table, or has none of these chromosomes or
                tracks.
        """
        with _damage_noticed(path):
            kinds = _rows(path).select("chrom", "track").unique().collect(engine="streaming")
        if kinds.is_empty():
            raise DataError(f"{path}: has no variants.")
        found = frozenset(kinds["track"].unique().drop_nulls().to_list())
        if found.isdisjoint(tracks):
            raise DataError(
                f"{path}: none of its tracks is of this model. It has "
                f"{', '.join(sorted(found)[:6])}; the model has {', '.join(list(tracks)[:6])}."
            )
        seen = kinds["chrom"].unique(maintain_order=True).drop_nulls().to_list()
        return cls(path, chromosomes.reconcile(seen, chroms, str(path)), found)

    def within(self, places: Sequence[tuple[str, int, int]], tracks: Sequence[str]) -> pd.DataFrame:
        """Read the effects in some stretches and tracks, as ``Browser`` has them.

        Args:
            places: chromosome, first base and the one behind the last, 0-based.
            tracks: names of the tracks.
        """
        meant = {name: theirs for theirs, name in self.names.items()}
        here = [
            (pl.col("chrom") == meant[chrom]) & pl.col("position").is_between(start, end - 1)
            for chrom, start, end in places
            if chrom in meant
        ]
        chosen = pl.any_horizontal(pl.lit(value=False), *here) & pl.col("track").is_in(list(tracks))
        with _damage_noticed(self.path):
            rows = _rows(self.path).filter(chosen).unique(["variant", "track"], maintain_order=True)
            table = rows.collect(engine="streaming").to_pandas()
        return table.replace({"chrom": self.names})


def _rows(path: Path) -> pl.LazyFrame:
    if is_parquet(path):
        rows = pl.scan_parquet(path)
    else:
        rows = pl.scan_csv(path, separator="\t", quote_char=None, schema_overrides=_COLUMNS)
    missing = [name for name in _COLUMNS if name not in rows.collect_schema()]
    if missing:
        raise DataError(
            f"{path}: expected a table that attendome variants wrote; it lacks the columns "
            f"{', '.join(missing)}."
        )
    return rows.select(pl.col(name).cast(kind) for name, kind in _COLUMNS.items())


@contextmanager
def _damage_noticed(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(
            f"{path}: cannot be read as a table that attendome variants wrote ({reason})."
        ) from error
