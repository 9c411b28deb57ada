"""The history of a training: a row per epoch."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from attendome.errors import RunError
from attendome.models.readout import TargetName
from attendome.training.settings import LoopSettings

HISTORY = "history.csv"
COLUMNS = ("epoch", "train_loss", "valid_loss")
METRICS: Mapping[TargetName, str] = {"label": "auroc", "expression": "pearson"}
"""What a model of each target is scored by."""
SCORES: Mapping[TargetName, str] = {target: f"valid_{name}" for target, name in METRICS.items()}
"""What the best epoch is chosen by."""
TITLES = {"valid_auroc": "AUROC", "valid_pearson": "Pearson's r"}
"""What to call the scores."""


def read_history(folder: Path) -> pd.DataFrame | None:
    """Read the history of a run folder; None where the model was not trained there.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / HISTORY
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path)
        history = table[[*COLUMNS, score_of(table)]].astype(float).astype({"epoch": int})
    except (ValueError, KeyError, OSError) as error:
        raise RunError(f"{path}: damaged, cannot be read as the history of a training.") from error
    if history["epoch"].tolist() != list(range(1, len(history) + 1)) or history.empty:
        raise RunError(f"{path}: damaged, expected a row for each epoch from 1.")
    return history


def score_of(history: pd.DataFrame) -> str:
    """Name the column of the validation score.

    Raises:
        KeyError: there is none.
    """
    for name in SCORES.values():
        if name in history:
            return name
    raise KeyError(", ".join(SCORES.values()))


def best_epoch(history: pd.DataFrame) -> int:
    """Give the first epoch with the best validation score."""
    return int(history["epoch"].iloc[int(history[score_of(history)].argmax())])


def is_finished(history: pd.DataFrame, settings: LoopSettings) -> bool:
    """Tell whether training has reached its last epoch, or stopped early."""
    last = int(history["epoch"].iloc[-1])
    return last >= settings.epochs or last - best_epoch(history) >= settings.patience
