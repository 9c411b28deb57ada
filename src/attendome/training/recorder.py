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
from attendome.training.base import Training
from attendome.training.history import HISTORY, best_epoch
from attendome.training.log import start_log

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
        """With several devices or machines, this is a new process, whose log goes nowhere yet."""
        if trainer.world_size > 1 and trainer.is_global_zero:
            start_log(self.folder)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,  # noqa: ARG002 - Lightning's form
        outputs: Any,  # noqa: ANN401
        *_: object,
    ) -> None:
        """Stop at the first loss that is not finite: an epoch may take hours."""
        self._check_finite(trainer, outputs["loss"].item())

    def _check_finite(self, trainer: lightning.Trainer, *values: float) -> None:
        if not all(map(math.isfinite, values)):
            raise RunError(
                f"{self.folder}: the loss is no longer a finite number in epoch "
                f"{trainer.current_epoch + 1}; start again with --force and a lower learning_rate."
            )

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Record the epoch; runs before the checkpoint is written."""
        if not isinstance(pl_module, Training) or not trainer.is_global_zero:
            return
        scores = {name: value.item() for name, value in trainer.callback_metrics.items()}
        self._check_finite(trainer, *scores.values())
        score = pl_module.score
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
