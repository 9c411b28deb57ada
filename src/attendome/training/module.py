"""The Lightning module: loss, optimiser, and the scores of an epoch."""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchmetrics import Metric, PearsonCorrCoef
from torchmetrics.classification import BinaryAUROC

from attendome.training.base import Training
from attendome.training.batches import (
    EVALUATION_BATCH,
    Batch,
    EpochOrder,
    Genes,
    derived_seed,
    ordered_batches,
    train_batches,
)
from attendome.training.history import SCORES
from attendome.training.losses import SecondTarget, target_loss
from attendome.training.settings import TrainingSettings


class ChromatinTraining(Training):
    """Train a chromatin model to tell genes that are on from genes that are off, or how much.

    The epoch's score is the AUROC on the validation split, or Pearson's correlation.
    """

    settings: TrainingSettings

    def __init__(
        self, model: nn.Module, settings: TrainingSettings, train: Genes, valid: Genes
    ) -> None:
        super().__init__(model, settings, SCORES[settings.target])
        self.genes, self.valid_genes = train, valid
        of_labels = settings.target == "label"
        self.valid_score: Metric = BinaryAUROC() if of_labels else PearsonCorrCoef()
        weight = settings.expression_weight
        self.second = SecondTarget(weight) if weight > 0 else None

    def train_dataloader(self) -> DataLoader[Batch]:
        """Give the training genes, from the epoch that comes next.

        After a resume that is not the first, and ``current_epoch`` does not say so yet.
        """
        order = EpochOrder(len(self.genes), self.settings.batch_size, self.settings.seed)
        order.set_epoch(self.global_step // len(order))
        return train_batches(self.genes, order)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Give the validation genes."""
        return ordered_batches(self.valid_genes, EVALUATION_BATCH)

    def on_train_batch_start(self, *_: object) -> None:
        """Tie dropout to the seed and the step, so that a resumed run repeats it."""
        torch.manual_seed(derived_seed(self.settings.seed, self.global_step))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Give the loss of a batch."""
        prediction = self.model(batch.signal).prediction
        loss = target_loss(self.settings.target, prediction, batch.target)
        size = len(batch.target)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        if self.second is not None and batch.expression is not None:
            loss = loss + self.second(prediction, batch.expression)
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Collect the predictions for a batch of the validation split."""
        prediction = self.model(batch.signal).prediction.float()
        loss = target_loss(self.settings.target, prediction, batch.target)
        if self.settings.target == "label":
            # As probabilities: of logits, torchmetrics would decide batch by batch what they are.
            self.valid_score.update(prediction.sigmoid(), batch.target.long())
        else:
            self.valid_score.update(prediction, batch.target)
        self.log("valid_loss", loss, batch_size=len(batch.target), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Score the epoch; predictions that are all the same have no correlation, 0."""
        score = self.valid_score.compute().nan_to_num()
        self.log(self.score, score, prog_bar=True)
        self.valid_score.reset()

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the norm, as the trainer does, then the elements."""
        super().configure_gradient_clipping(optimizer, gradient_clip_val, gradient_clip_algorithm)
        if self.settings.gradient_clip_value is not None:
            nn.utils.clip_grad_value_(self.parameters(), self.settings.gradient_clip_value)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimiser that the settings ask for."""
        settings = self.settings
        kind = torch.optim.SGD if settings.optimiser == "sgd" else torch.optim.AdamW
        return kind(
            self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
