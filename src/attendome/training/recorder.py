"""What training leaves in the run folder: the best weights and a row of history per epoch."""

import logging
import math
from pathlib import Path
from typing import Any

import lightning
import pandas as pd

from attendome.errors import RunError
from attendome.models.weights import save_weights
from attendome.outputs import write_text
from attendome.training.history import HISTORY, SCORES, best_epoch
from attendome.training.log import start_log
from attendome.training.module import ChromatinTraining

logger = logging.getLogger(__name__)


class Recorder(lightning.Callback):
    """Keep the weights of the epoch with the best validation score, and the history.

    Its rows are part of the checkpoint, so that a resumed run goes on with the rows of that
    checkpoint, whatever was written after it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: list[dict[str, float]] = []

    def on_fit_start(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 - Lightning's form
    ) -> None:
        """With several devices, this is a new process, whose log goes nowhere yet."""
        if trainer.num_devices > 1 and trainer.is_global_zero:
            start_log(self.folder)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Record the epoch; runs before the checkpoint is written."""
        if not isinstance(pl_module, ChromatinTraining) or not trainer.is_global_zero:
            return
        scores = {name: value.item() for name, value in trainer.callback_metrics.items()}
        if not all(math.isfinite(value) for value in scores.values()):
            raise RunError(
                f"{self.folder}: the loss is no longer a finite number in epoch "
                f"{trainer.current_epoch + 1}; start again with --force and a lower learning_rate."
            )
        score = SCORES[pl_module.settings.target]
        names = ("train_loss", "valid_loss", score)
        row = {"epoch": trainer.current_epoch + 1, **{name: scores[name] for name in names}}
        self.rows.append(row)
        if best_epoch(pd.DataFrame(self.rows)) == row["epoch"]:
            save_weights(pl_module.model, self.folder)
        write_text(self.folder / HISTORY, pd.DataFrame(self.rows).to_csv(index=False))
        logger.info(
            "epoch %d of %s: train loss %.4f, validation loss %.4f, %s %.4f",
            row["epoch"],
            trainer.max_epochs,
            row["train_loss"],
            row["valid_loss"],
            score,
            row[score],
        )

    def state_dict(self) -> dict[str, Any]:
        """Give what the checkpoint keeps."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.rows = list(state_dict["rows"])
