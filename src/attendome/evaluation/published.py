"""The published scores of AttentiveChrome's networks over its 56 cell types."""

from collections.abc import Iterable

import pandas as pd

from attendome.data.catalogue import CELL_TYPES

_COLUMNS = ("model", "mean", "median", "max", "min", "better", "recalled")
_ROWS = (
    ("lstm-alpha", 0.8133, 0.8143, 0.9218, 0.7250, 50, True),
    ("attentive-chrome", 0.8115, 0.8123, 0.9177, 0.7215, 49, False),
    ("lstm-attention", 0.8100, 0.8118, 0.9155, 0.7237, 49, True),
    ("lstm", 0.8052, 0.8036, 0.9185, 0.7073, 36, False),
    ("deep-chrome", 0.8008, 0.8009, 0.9225, 0.6854, None, False),
    ("cnn-alpha-beta", 0.7936, 0.7914, 0.9059, 0.7001, 16, True),
    ("cnn-attention", 0.7622, 0.7617, 0.8707, 0.6469, 0, True),
)
PUBLISHED_BASELINE = "deep-chrome"


def published_scores(cell_types: Iterable[str], metric: str) -> pd.DataFrame | None:
    """Give the published AUROCs, where they are of the same cell types.

    They are of the poster and the paper of AttentiveChrome (Singh, Lanchantin, Sekhon and Qi, NIPS
    2017, arXiv 1708.00339), on its own preparation of the data.

    Args:
        cell_types: the cell types that were compared.
        metric: the score that they were compared by.

    Returns:
        A row per model, best mean first: model (as named here), mean, median, max and min over the
        cell types, better (number of cell types in which it was better than DeepChrome; missing for
        DeepChrome itself) and recalled (not checked against a stored source). None where the cell
        types are not exactly the 56 published ones, or the score is not AUROC.
    """
    if metric != "auroc" or set(cell_types) != set(CELL_TYPES):
        return None
    return pd.DataFrame(_ROWS, columns=list(_COLUMNS)).astype({"better": "Int64"})
