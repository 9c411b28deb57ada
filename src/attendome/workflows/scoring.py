"""From a model's predictions to a table and to scores."""

from collections.abc import Sequence

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from attendome.data import ChromatinDataset, open_chromatin
from attendome.data.joining import agree_on_splits
from attendome.data.schema import LINEAR
from attendome.errors import DataError
from attendome.evaluation.regression import RegressionScores, score_regression
from attendome.evaluation.scores import Scores, score
from attendome.genome.genes import without_version
from attendome.models.readout import Readout
from attendome.workflows.configuration import RunConfig, fingerprint
from attendome.workflows.matching import with_marks_of

OBSERVED = "observed_expression"


def prediction_table(
    data: ChromatinDataset, prediction: Float[Tensor, "gene"], readout: Readout
) -> pd.DataFrame:
    """Put predictions beside what is known of the genes.

    Returns:
        The columns ``gene``, ``gene_name``, ``split`` and, of a model of labels, ``label`` where
        known and ``probability``; of a model of expression, ``observed_expression`` where known
        and ``predicted_expression``, both in the unit of ``ChromatinDataset.log_expression``.
    """
    table = data.genes
    known = "label"
    if readout.target == "expression":
        known = OBSERVED
        if "expression" in table:
            table = table.assign(**{OBSERVED: data.log_expression(strict=False)})
    table = table[[c for c in ("gene_name", "split", known) if c in table]]
    return table.assign(**{readout.column: readout(prediction).numpy()}).reset_index()


def score_predictions(
    data: ChromatinDataset, prediction: Float[Tensor, "gene"], readout: Readout, split: str
) -> Scores | RegressionScores:
    """Score predictions for genes that are all of one split.

    Raises:
        DataError: the genes have no labels, or no expression.
    """
    where = str(data.path.resolve()) if data.path else data.name
    found = readout(prediction).numpy()
    if readout.target == "expression":
        linear = data.expression_scale == LINEAR
        unit = "log2(1 + expression)" if linear else data.expression_scale
        return score_regression(data.log_expression(), found, split=split, data=where, unit=unit)
    raw = None if readout == Readout() else prediction.sigmoid().numpy()
    return score(data.labels(), found, raw, split=split, data=where)


def seen_in_training(
    config: RunConfig, marks: Sequence[str], data: ChromatinDataset, found: str
) -> int | None:
    """Count the genes of a dataset that a run was trained on, in this or another cell type.

    Args:
        config: what the run was made from.
        marks: the marks of its model.
        data: the genes.
        found: the fingerprint of the whole dataset that they are of.

    Returns:
        Their number; None where it is not known: the first weights came from elsewhere, or a
        dataset of the run is not there, or has changed.
    """
    if config.imported_from or config.init_from:
        return None
    if found == config.fingerprint:  # the one dataset of the run: nothing to read again
        return int((data.genes["split"] == "train").sum())
    try:
        own = [with_marks_of(open_chromatin(path), marks, config.model) for path in config.data]
        datasets, _ = agree_on_splits(own)
    except DataError:
        return None
    if fingerprint(datasets) != config.fingerprint:
        return None
    genes = pd.concat([dataset.genes["split"] for dataset in datasets])
    trained = without_version(genes.index[genes == "train"].to_series())
    ids = without_version(data.genes.index.to_series())
    return int(ids.isin(trained).sum())
