import numpy as np
import pandas as pd
import pytest

from attendome.data.labels import label
from attendome.errors import DataError, SettingsError

EXPRESSION = pd.Series([0.0, 0.5, 0.6836, 0.6836, 2.0], index=list("ABCDE"), name="expression")


@pytest.mark.parametrize(
    ("rule", "expected", "words"),
    [
        ("median", [0, 0, 0, 0, 1], "expression above the median, 0.6836"),
        ("zero", [0, 1, 1, 1, 1], "expression above 0"),
        ("threshold=0.5", [0, 0, 1, 1, 1], "expression above 0.5"),
        ("threshold=1", [0, 0, 0, 0, 1], "expression above 1"),
    ],
)
def test_on_is_strictly_above(rule, expected, words):
    labels, found = label(EXPRESSION, rule)
    assert labels.dtype == np.int8
    assert labels.to_dict() == dict(zip("ABCDE", expected, strict=True))
    assert found == words


@pytest.mark.parametrize(
    "rule", ["medain", "threshold", "threshold=x", "threshold=nan", "mean", ""]
)
def test_unknown_rule(rule):
    with pytest.raises(SettingsError, match=f"Unknown label rule '{rule}': .*(median|threshold=5)"):
        label(EXPRESSION, rule)


@pytest.mark.parametrize(
    ("values", "rule", "state"),
    [([1, 1, 1], "median", "off"), ([1, 2, 3], "zero", "on"), ([1, 2, 3], "threshold=3", "off")],
)
def test_one_class(values, rule, state):
    with pytest.raises(DataError, match=f"{rule} .* all 3 genes {state}: their expression is 1 to"):
        label(pd.Series(values, dtype=float), rule)
