"""The Lightning module: loss, optimiser, and the scores of an epoch."""

import lightning
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.classification import BinaryAUROC

from attendome.training.batches import Batch, epoch_seed
from attendome.training.settings import TrainingSettings

EVALUATION_BATCH = 256


class ChromatinTraining(lightning.LightningModule):
    """Train a chromatin model to tell genes that are on from genes that are off.

    The loss is binary cross-entropy on the logit; the epoch's score is the AUROC on the validation
    split.
    """

    def __init__(self, model: nn.Module, settings: TrainingSettings) -> None:
        super().__init__()
        self.model, self.settings = model, settings
        self.valid_auroc = BinaryAUROC()

    def on_train_epoch_start(self) -> None:
        """Tie dropout to the seed and the epoch, so that a resumed run repeats it."""
        torch.manual_seed(epoch_seed(self.settings.seed, self.current_epoch))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Give the loss of a batch."""
        loss = functional.binary_cross_entropy_with_logits(
            self.model(batch.signal).logit, batch.label
        )
        size = len(batch.label)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect the predictions for a batch of the validation split."""
        logit = self.model(batch.signal).logit.float()
        loss = functional.binary_cross_entropy_with_logits(logit, batch.label)
        self.valid_auroc.update(logit, batch.label.long())
        size = len(batch.label)
        self.log("valid_loss", loss, batch_size=size, sync_dist=True)
        self.log("valid_auroc", self.valid_auroc, batch_size=size, prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give Adam, or AdamW where weights decay."""
        return torch.optim.AdamW(
            self.model.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
