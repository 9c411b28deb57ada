"""Fit a classical model into a run folder."""

import logging
from pathlib import Path

import pandas as pd
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import binary_auroc

from attendome.models.classical import ClassicalModel, save_estimator
from attendome.models.weights import save_weights
from attendome.outputs import write_text
from attendome.training.batches import Genes
from attendome.training.history import COLUMNS, HISTORY
from attendome.training.inference import run_model

logger = logging.getLogger(__name__)


def fit_classical(
    model: ClassicalModel,
    train: Genes,
    valid: Genes,
    target: Float[Tensor, " gene"],
    seed: int,
    folder: Path,
) -> None:
    """Fit a classical model; it and a history of one row go to the run folder.

    Args:
        model: the model.
        train: the training genes.
        valid: the validation genes, which are scored only.
        target: what the best bins are to be correlated with, per training gene.
        seed: seed of what is random in the fit.
        folder: the run folder.
    """
    model.fit(train.signal, train.label, target, seed)
    save_weights(model, folder)
    save_estimator(model, folder)
    logits = {
        name: run_model(model, genes.signal).prediction
        for name, genes in (("train", train), ("valid", valid))
    }
    loss = functional.binary_cross_entropy_with_logits
    auroc = binary_auroc(logits["valid"].sigmoid(), valid.label.long()).item()
    row = (1, loss(logits["train"], train.label).item(), loss(logits["valid"], valid.label).item())
    history = pd.DataFrame([(*row, auroc)], columns=list(COLUMNS))
    write_text(folder / HISTORY, history.to_csv(index=False))
    logger.info("fitted on %d genes: validation AUROC %.4f", len(train), auroc)
