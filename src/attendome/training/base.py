"""What the loop asks of the training of any task."""

import lightning
from torch import nn

from attendome.training.settings import LoopSettings


class Training(lightning.LightningModule):
    """A model in training: its data, loss, optimiser and score; base class of that of each task.

    It logs ``train_loss``, ``valid_loss`` and the score once per epoch.

    Attributes:
        model: what is trained and saved.
        settings: how.
        score: name of the score that the best epoch is chosen by; more is better.
    """

    def __init__(self, model: nn.Module, settings: LoopSettings, score: str) -> None:
        super().__init__()
        self.model, self.settings, self.score = model, settings, score
