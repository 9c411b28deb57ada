"""Tables on disk: tab-separated text or Parquet."""

from pathlib import Path

import pandas as pd

from attendome.errors import SettingsError
from attendome.outputs import check_new, new_output


def check_table(path: Path, *, force: bool = False) -> None:
    """Check that a table may be written at ``path``.

    Raises:
        SettingsError: the name ends neither in .tsv nor in .parquet.
        DataError: ``path`` exists and ``force`` is not set.
    """
    if path.suffix not in {".tsv", ".parquet"}:
        raise SettingsError(f"{path}: expected a name that ends in .tsv or .parquet.")
    check_new(path, force=force)


def save_table(table: pd.DataFrame, path: Path, *, force: bool = False) -> None:
    """Write a table; the ending of the name says how."""
    check_table(path, force=force)
    with new_output(path, force=force) as made:
        if path.suffix == ".tsv":
            table.to_csv(made, sep="\t", index=False)
        else:
            table.to_parquet(made, index=False)
