"""The Lightning module of sequence models: loss, optimiser, and the scores of an epoch."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.data import DataLoader

from attendome.data import SequenceDataset
from attendome.errors import DataError, SettingsError
from attendome.models.sequence.bases import one_hot
from attendome.training.base import Training
from attendome.training.batches import derived_seed
from attendome.training.sequence.batches import AugmentedOrder, Region, Share, loader
from attendome.training.sequence.losses import inner, poisson_losses
from attendome.training.sequence.normalisation import synchronised
from attendome.training.sequence.settings import SequenceTrainingSettings
from attendome.training.sequence.sums import RegionSums


class SequenceTraining(Training):
    """Train a sequence model to predict coverage.

    The epoch's score is Pearson's correlation on the validation split, over all bins of its
    regions, as the mean over the tracks; tracks whose coverage is the same everywhere have none and
    are left out.

    Args:
        model: from one-hot sequence to the expected coverage of each bin and track.
        settings: how it is trained.
        train: the training regions.
        valid: the validation regions.

    Raises:
        SettingsError: the margin leaves no bin.
    """

    settings: SequenceTrainingSettings

    def __init__(
        self,
        model: nn.Module,
        settings: SequenceTrainingSettings,
        train: SequenceDataset,
        valid: SequenceDataset,
    ) -> None:
        super().__init__(model, settings, "valid_pearson")
        if 2 * settings.margin >= train.bins:
            raise SettingsError(
                f"A margin of {settings.margin} bins at each end leaves none of {train.bins}; "
                "choose a smaller margin."
            )
        self.regions, self.valid_regions = train, valid
        if settings.gradient_checkpointing:
            vars(model)["checkpointing"] = True

    def configure_model(self) -> None:
        """Normalise over the batches of all processes; Lightning calls this in each."""
        if self.trainer.world_size > 1:
            self.model = synchronised(self.model, self.trainer.strategy.root_device)

    def train_dataloader(self) -> DataLoader[Region]:
        """Give the training regions, from the epoch that comes next.

        After a resume that is not the first, and ``current_epoch`` does not say so yet.
        """
        settings = self.settings
        order = AugmentedOrder(len(self.regions), settings)
        steps = math.ceil(len(order.order) / settings.accumulate)
        order.set_epoch(self.global_step // steps)
        return loader(self.regions, order, settings.batch_size, settings.loader_workers)

    def val_dataloader(self) -> DataLoader[Region]:
        """Give the validation regions, of which each process scores its share."""
        settings = self.settings
        share = Share(len(self.valid_regions))
        return loader(self.valid_regions, share, settings.batch_size, settings.loader_workers)

    def on_train_batch_start(self, batch: Region, number: int) -> None:  # noqa: ARG002
        """Tie dropout to the seed, the batch and the process, so that a resumed run repeats it."""
        batches = self.current_epoch * int(self.trainer.num_training_batches) + number
        place = batches * self.trainer.world_size + self.global_rank
        torch.manual_seed(derived_seed(self.settings.seed, place))

    def training_step(self, batch: Region, number: int) -> Tensor:
        """Give the loss of a batch: the mean over its known bins and tracks."""
        total, known = self._losses(self._predict(batch), batch)
        loss = total.sum() / known.sum().clamp(min=1)
        size = len(batch.sequence)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        return loss * self._of_group(number)

    def _of_group(self, number: int) -> float:
        """Make up for Lightning, which takes the last group of batches for a whole one.

        Args:
            number: of the batch in its epoch.
        """
        size = self.settings.accumulate
        begun = number // size * size
        return size / min(size, int(self.trainer.num_training_batches) - begun)

    def on_validation_epoch_start(self) -> None:
        """Begin the sums that the scores are computed from."""
        self.sums = RegionSums.of(self.valid_regions, self.device)
        self.losses = torch.zeros(2, len(self.valid_regions), device=self.device)

    def validation_step(self, batch: Region, _: int) -> None:
        """Take in the predictions for a batch of the validation split."""
        predicted, margin = self._predict(batch), self.settings.margin
        self.losses[:, batch.number] = torch.stack(self._losses(predicted, batch))
        self.sums.add(batch.number, inner(batch.coverage, margin), inner(predicted, margin))

    def on_validation_epoch_end(self) -> None:
        """Score the epoch.

        Raises:
            DataError: no track can be scored, since none varies or is known.
        """
        self.sums.reduce()
        total, known = self.trainer.strategy.reduce(self.losses, reduce_op="sum")
        loss = (total / known)[known > 0].mean()
        pearson = self.sums.pearson().nanmean()
        if pearson.isnan() and (loss.isfinite() or not known.any()):
            raise DataError(
                f"{self.valid_regions.name}: the coverage of each track is the same everywhere, or "
                "not known, in the validation split, so that there is nothing to choose the best "
                "epoch by."
            )
        self.log("valid_loss", loss, sync_dist=True)
        self.log(self.score, pearson, prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Give the optimiser that the settings ask for."""
        settings = self.settings
        return torch.optim.AdamW(
            self.parameters(),
            lr=settings.learning_rate,
            betas=(settings.beta1, settings.beta2),
            weight_decay=settings.weight_decay,
        )

    def _predict(self, batch: Region) -> Float[Tensor, "batch bin track"]:
        predicted: Tensor = self.model(one_hot(batch.sequence))
        return predicted.float()

    def _losses(
        self, predicted: Float[Tensor, "batch bin track"], batch: Region
    ) -> tuple[Float[Tensor, "batch"], Float[Tensor, "batch"]]:
        margin = self.settings.margin
        observed = inner(batch.coverage, margin).float()
        return poisson_losses(inner(predicted, margin), observed, stirling=self.settings.stirling)
