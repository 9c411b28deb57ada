"""The history of a training: a row per epoch."""

from pathlib import Path

import pandas as pd

from attendome.errors import RunError
from attendome.training.settings import TrainingSettings

HISTORY = "history.csv"
COLUMNS = ("epoch", "train_loss", "valid_loss", "valid_auroc")


def read_history(folder: Path) -> pd.DataFrame | None:
    """Read the history of a run folder; None where the model was not trained there.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / HISTORY
    if not path.is_file():
        return None
    try:
        history = pd.read_csv(path)[list(COLUMNS)].astype(float).astype({"epoch": int})
    except (ValueError, KeyError, OSError) as error:
        raise RunError(f"{path}: damaged, cannot be read as the history of a training.") from error
    if history["epoch"].tolist() != list(range(1, len(history) + 1)) or history.empty:
        raise RunError(f"{path}: damaged, expected a row for each epoch from 1.")
    return history


def best_epoch(history: pd.DataFrame) -> int:
    """Give the first epoch with the best validation AUROC."""
    return int(history["epoch"].iloc[int(history["valid_auroc"].argmax())])


def is_finished(history: pd.DataFrame, settings: TrainingSettings) -> bool:
    """Tell whether training has reached its last epoch, or stopped early."""
    last = int(history["epoch"].iloc[-1])
    return last >= settings.epochs or last - best_epoch(history) >= settings.patience
