"""Fit a classical model into a run folder."""

import logging
import warnings
from pathlib import Path

import pandas as pd
from jaxtyping import Float
from torch import Tensor
from torchmetrics.functional import pearson_corrcoef
from torchmetrics.functional.classification import binary_auroc

from attendome.models.classical import ClassicalModel, save_estimator
from attendome.models.weights import save_weights
from attendome.outputs import write_text
from attendome.training.batches import Genes
from attendome.training.history import COLUMNS, HISTORY, SCORES
from attendome.training.inference import run_model
from attendome.training.losses import target_loss
from attendome.training.settings import FitSettings

logger = logging.getLogger(__name__)


def fit_classical(
    model: ClassicalModel, train: Genes, valid: Genes, settings: FitSettings, folder: Path
) -> None:
    """Fit a classical model; it and a history of one row go to the run folder.

    Args:
        model: the model.
        train: the training genes; best bins follow their expression, or their target where it is
            not known.
        valid: the validation genes, which are scored only.
        settings: the target, and the seed of what is random in the fit.
        folder: the run folder.
    """
    model.fit(train.signal, train.target, settings.target, train.expression, settings.seed)
    save_weights(model, folder)
    save_estimator(model, folder)
    found = [(run_model(model, g.signal).prediction, g.target) for g in (train, valid)]
    losses = [target_loss(settings.target, *pair).item() for pair in found]
    score = _score(settings, *found[1])
    columns = [*COLUMNS, SCORES[settings.target]]
    history = pd.DataFrame([(1, *losses, score)], columns=columns)
    write_text(folder / HISTORY, history.to_csv(index=False))
    logger.info("fitted on %d genes: %s %.4f", len(train), columns[-1], score)


def _score(
    settings: FitSettings, prediction: Float[Tensor, "gene"], target: Float[Tensor, "gene"]
) -> float:
    if settings.target == "label":
        return float(binary_auroc(prediction.sigmoid(), target.long()))
    with warnings.catch_warnings():
        # Predictions that are all the same have no correlation: their score is 0.
        warnings.filterwarnings("ignore", "The variance of predictions or target is close.*")
        return float(pearson_corrcoef(prediction, target).nan_to_num())
