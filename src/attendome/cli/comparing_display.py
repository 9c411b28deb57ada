"""How comparisons look on a terminal."""

from collections.abc import Iterable
from math import isnan
from typing import TYPE_CHECKING

from attendome.cli.display import console, new_table, say

if TYPE_CHECKING:
    import pandas as pd

    from attendome.evaluation.comparison import Comparison
    from attendome.evaluation.sequence.comparison import SequenceComparison


def comparison(found: "Comparison | SequenceComparison | None", results: "pd.DataFrame") -> None:
    """Print the table of a comparison, and the runs that failed."""
    if found is not None:
        from attendome.evaluation.comparison import Comparison

        if isinstance(found, Comparison):
            _over_cell_types(found)
        else:
            _over_tracks(found)
        for note in found.notes:
            say(note)
    data = "cell_type" if "cell_type" in results else "dataset"
    for _, row in results[results["status"] == "failed"].iterrows():
        say(f"Failed: {row['model']} on {row[data]}, seed {row['seed']}: {row['error']}")


def _over_cell_types(found: "Comparison") -> None:
    from attendome.reports.comparison_tables import SCORES

    score = SCORES[found.metric]
    title = f"Test {score} over cell types; better: than {found.baseline}, in how many"
    table = new_table(title, "model", "mean", "95% interval", "median", "max", "min", "better")
    table.columns[0].overflow = "fold"
    for _, row in found.summary.iterrows():
        mean, low, high, *rest = _numbers(
            row[name] for name in ("mean", "low", "high", "median", "max", "min")
        )
        is_baseline = row["model"] == found.baseline
        better = "baseline" if is_baseline else f"{row['better']}/{row['compared']}"
        table.add_row(row["model"], mean, f"{low} – {high}", *rest, better)
    console.print(table)


def _over_tracks(found: "SequenceComparison") -> None:
    table = new_table(
        f"Test scores, means over tracks; difference: of r to {found.baseline}",
        *("model", "r", "95% interval", "R²", "difference", "95% interval"),
    )
    table.columns[0].overflow = "fold"
    against = found.against_baseline().set_index("model")
    for _, row in found.summary.iterrows():
        r, low, high, r2 = _numbers(
            row[name] for name in ("pearson", "pearson_low", "pearson_high", "r2")
        )
        difference, between = "baseline" if row["model"] == found.baseline else "–", ""
        if row["model"] in against.index:
            pair = against.loc[row["model"]]
            difference = f"{pair['difference']:+.3f}"
            between = f"{pair['low']:+.3f} – {pair['high']:+.3f}"
        table.add_row(row["model"], r, f"{low} – {high}", r2, difference, between)
    console.print(table)


def _numbers(values: Iterable[float]) -> list[str]:
    return ["–" if isnan(value) else f"{value:.3f}" for value in values]
