"""Labels: which genes are on, by a rule on their expression."""

import math

import numpy as np
import pandas as pd

from attendome.config import suggestion
from attendome.errors import DataError, SettingsError

_THRESHOLD = "threshold="


def label(expression: pd.Series, rule: str) -> tuple[pd.Series, str]:
    """Tell of each gene whether it is on: its expression lies strictly above a limit.

    Args:
        expression: a value per gene.
        rule: ``median`` (of the genes given), ``zero``, or ``threshold=5`` with any number.

    Returns:
        Label of each gene, int8: 1 = on, 0 = off; and the rule in words.

    Raises:
        SettingsError: the rule is not known.
        DataError: by the rule all genes are on, or all are off.

    >>> labels, words = label(pd.Series({"A": 0.0, "B": 2.0, "C": 3.0}), "median")
    >>> labels.to_dict(), words
    ({'A': 0, 'B': 0, 'C': 1}, 'expression above the median, 2')
    """
    limit, words = _limit(expression, rule)
    labels = (expression > limit).astype(np.int8).rename("label")
    on = int(labels.sum())
    if on in (0, len(labels)):
        raise DataError(
            f"The label rule {rule} ({words}) leaves all {len(labels)} genes "
            f"{'on' if on else 'off'}: their expression is {expression.min():g} to "
            f"{expression.max():g}; labels need both kinds. Choose another rule or column."
        )
    return labels, words


def _limit(expression: pd.Series, rule: str) -> tuple[float, str]:
    if rule == "median":
        median = float(expression.median())
        return median, f"expression above the median, {median:g}"
    if rule == "zero":
        return 0.0, "expression above 0"
    if rule.startswith(_THRESHOLD):
        try:
            limit = float(rule.removeprefix(_THRESHOLD))
        except ValueError:
            limit = math.nan
        if math.isfinite(limit):
            return limit, f"expression above {limit:g}"
    hint = suggestion(rule, ["median", "zero", "threshold=5"])
    raise SettingsError(f"Unknown label rule '{rule}': {hint}")
