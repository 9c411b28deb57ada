"""What the checks of a method say, in plain words."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from attendome.interpretation.agreement import LEAST, ORDER, SEEDS
from attendome.interpretation.faithfulness import RANDOM
from attendome.interpretation.held_out import ALL_MARKS, UNTRAINED

Row = dict[Any, Any]
_NULLS = {"better than": 1, "no better than": 0, "worse than": -1}
_CURVES = {
    "deletion": "Removing what it ranks first",
    "insertion": "Adding that to an empty signal",
}
_AGREES = {0.7: "Agrees", 0.3: "Agrees in part", -1.0: "Hardly agrees"}
"""From which mean ρ on two maps are said to agree."""
_ROUNDING = 1e-6
"""What is nearer to 0 is 0."""


def verdict(table: pd.DataFrame, method: str, held_out: str, unit: str) -> str:
    """Say what the checks found of a method.

    A difference counts where its 95% interval leaves out 0.

    Args:
        table: the rows of all checks.
        method: name of the method.
        held_out: name of the mark that the importance was held against.
        unit: of the prediction.
    """
    rows = table[(table["method"] == method) & (table["profile"] == ALL_MARKS)]
    sentences = [_held_out(rows[rows["check"] == "pearson"], held_out), *_faithful(rows, unit)]
    if (rows["check"] == SEEDS).any():
        sentences += _stable(rows)
    return " ".join(f"{sentence}." for sentence in sentences)


def _held_out(rows: pd.DataFrame, mark: str) -> str:
    own = _row(rows, "pearson", "")
    if not own["n"]:
        return "Says nothing of where along a mark: it is the same in all bins"
    side = _side(own["low"], own["high"])
    follows = {1: "Follows", 0: "Does not follow", -1: "Runs against"}[side]
    text = f"{follows} {mark} (held out; r = {_estimate(own)})"
    nulls = rows[rows["null"] != ""].to_dict("records")
    for words, sort in _NULLS.items():
        named = [
            f"{null['null']} ({_difference(null)})" for null in nulls if _against(null) == sort
        ]
        if named:
            listed = ", ".join(named[:-1]) + " and " * (len(named) > 1) + named[-1]
            text += f"; {words} {listed}"
    return text


def _faithful(rows: pd.DataFrame, unit: str) -> Iterator[str]:
    for check, what in _CURVES.items():
        beside = _row(rows, check, RANDOM)
        how = {1: "more than", 0: "no more than", -1: "less than"}[_against(beside)]
        yield (
            f"{what} changes the prediction {how} random order does "
            f"({_difference(beside)} {unit} on average)"
        )


def _stable(rows: pd.DataFrame) -> Iterator[str]:
    own = _row(rows, SEEDS, "")
    if not own["n"]:
        yield "Has no order of cells that seeds could agree on"
        return
    how = next(words for least, words in _AGREES.items() if own["value"] >= least)
    text = f"{how} between seeds (ρ = {_estimate(own)})"
    if (rows["null"][rows["check"] == SEEDS] == UNTRAINED).any():
        untrained = _row(rows, SEEDS, UNTRAINED)
        more = "more" if _against(untrained) == 1 else "no more"
        text += f", {more} than with an untrained model (ρ = {_estimate(untrained)})"
    yield text
    if (rows["check"] == ORDER).any():
        turned = _row(rows, ORDER, "")
        less = _against(_row(rows, ORDER, LEAST)) == -1
        change = "more" if less else "no more"
        yield (
            f"The marks in reverse order change it {change} than another seed does "
            f"(ρ = {_estimate(turned)})"
        )


def _row(rows: pd.DataFrame, check: str, null: str) -> Row:
    (row,) = rows[(rows["check"] == check) & (rows["null"] == null)].to_dict("records")
    return dict(row)


def _against(row: Row) -> int:
    return _side(row["difference_low"], row["difference_high"])


def _side(low: float, high: float) -> int:
    """Tell on which side of 0 an interval lies; 0 where it holds 0 or is not known."""
    return 1 if low > _ROUNDING else -1 if high < -_ROUNDING else 0


def _difference(row: Row) -> str:
    low, high = number(row["difference_low"]), number(row["difference_high"])
    return f"difference {number(row['difference'])}, {low} to {high}"


def _estimate(row: Row) -> str:
    return f"{number(row['value'])}, {number(row['low'])} to {number(row['high'])}"


def number(value: float) -> str:
    """Write a number with two decimals, or as many as its first digit needs.

    >>> number(-0.021), number(0.713), number(1.5), number(0.0042), number(-1e-9)
    ('−.02', '.71', '1.50', '.004', '0')
    """
    if np.isnan(value):
        return "–"
    if abs(value) < _ROUNDING:
        return "0"
    small = np.format_float_positional(value, precision=1, fractional=False)
    text = small if abs(value) < 0.005 else f"{value:.2f}"
    return (
        text.replace("0.", ".", 1).replace("-", "−") if abs(value) < 1 else text.replace("-", "−")
    )
