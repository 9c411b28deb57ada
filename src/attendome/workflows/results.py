"""The table of a comparison: a row per run, written after each."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from attendome.errors import DataError
from attendome.outputs import new_output
from attendome.workflows.combinations import Combination, still_holds

RESULTS = "results.parquet"
_KEY = ["run", "fingerprint", "asked", "search"]
_TIMES = ("seconds", "step_seconds")  # of the training, which is not done again
_NUMBERS = ["value", "low", "high", "valid", "seconds", "n", "epochs", "parameters"]


class Results:
    """What is known of the combinations of a comparison.

    Args:
        folder: the folder of the comparison.
        todo: the combinations asked for. The file keeps the rows of others.

    Raises:
        DataError: the file of an earlier call is damaged.
    """

    def __init__(self, folder: Path, todo: Sequence[Combination]) -> None:
        self.path, self.todo = folder / RESULTS, todo
        self.rows: dict[str, dict[str, Any]] = {}
        self._before: dict[str, dict[str, Any]] = {}
        self.others = pd.DataFrame()
        if self.path.is_file():
            self._read()

    def _read(self) -> None:
        """Take over the rows that still hold: done, of the same data and settings."""
        try:
            table = pd.read_parquet(self.path)
            done = table[table["status"] == "done"].set_index(_KEY, drop=False)
        except (ValueError, OSError, KeyError) as error:
            raise DataError(
                f"{self.path}: damaged; remove it, and the runs are scored again."
            ) from error
        self.others = table[~table["run"].isin([str(combination.run) for combination in self.todo])]
        for combination in self.todo:
            asked = combination.row()
            place = tuple(asked[name] for name in _KEY)
            if place in done.index:
                row = {str(name): value for name, value in done.loc[[place]].iloc[0].items()}
                self._before[combination.name] = row
                if still_holds(combination, row):
                    self.rows[combination.name] = row

    def kept(self) -> list[Combination]:
        """List the combinations that an earlier call has done."""
        return [combination for combination in self.todo if combination.name in self.rows]

    def waiting(self) -> list[Combination]:
        """List the combinations that are to be done."""
        return [combination for combination in self.todo if combination.name not in self.rows]

    def add(self, combination: Combination, row: Mapping[str, Any]) -> None:
        """Put in the row of a combination, and write the file."""
        known = self._before.get(combination.name, {})
        times = {name: known[name] for name in _TIMES if name in known and pd.isna(row.get(name))}
        self.rows[combination.name] = {**row, **times}
        with new_output(self.path, force=True) as made:
            table = pd.concat([part for part in (self.table(), self.others) if len(part)])
            table.to_parquet(made, index=False)

    def table(self) -> pd.DataFrame:
        """Give a row per combination asked for that is done or failed, in their order."""
        table = pd.DataFrame([self.rows[c.name] for c in self.todo if c.name in self.rows])
        table = table.reindex(columns=[*dict.fromkeys([*table.columns, *_NUMBERS])])
        table[_NUMBERS] = table[_NUMBERS].astype(float)
        return table
