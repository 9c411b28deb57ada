"""The part of a comparison that is of chromatin: scores of a run, and models over cell types."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attendome.errors import DataError
from attendome.evaluation.comparison import Comparison, compare_models
from attendome.evaluation.predicted import Predicted
from attendome.genome.genes import without_version
from attendome.reports.comparison import write_comparison
from attendome.training import history
from attendome.workflows.run import PREDICTIONS, Run
from attendome.workflows.scoring import OBSERVED


def scored(run: Run) -> dict[str, Any]:
    """Score a run on the test split; give the columns of its row."""
    scores, summary = run.evaluate(split="test").to_dict(), run.training_summary()
    metric = history.METRICS[run.description.readout.target]
    return {
        "metric": metric,
        **scores[metric],
        "n": scores["n"],
        "valid": summary[f"valid_{metric}"],
        "epochs": summary["epochs"],
    }


def write(results: pd.DataFrame, baseline: str, folder: Path, facts: dict[str, str]) -> Comparison:
    """Compare the models and write what was found.

    Args:
        results: a row per run.
        baseline: the model that the others are held against.
        folder: the folder of the comparison.
        facts: what was compared on what, by label.
    """
    done = results[results["status"] == "done"]
    compared = compare_models(results, _predictions(done), baseline=baseline)
    write_comparison(compared, results, folder, facts=facts)
    return compared


def _predictions(results: pd.DataFrame) -> list[Predicted]:
    """Read what the runs of a comparison predicted for the genes scored."""
    found = []
    for (cell_type, model), rows in results.groupby(["cell_type", "model"], sort=False):
        tables = [pd.read_parquet(Path(run) / PREDICTIONS) for run in rows["run"]]
        column = "probability" if "probability" in tables[0] else "predicted_expression"
        known = "label" if column == "probability" else OBSERVED
        first, *others = (table[["gene", known]] for table in tables)
        if not all(first.equals(other) for other in others):
            raise DataError(f"{rows['run'].iloc[0]}: other genes than in the runs of other seeds.")
        genes = tuple(without_version(first["gene"]))
        predicted = np.stack([table[column].to_numpy(float) for table in tables])
        observed = first[known].to_numpy(float)
        found.append(Predicted(str(cell_type), str(model), genes, observed, predicted))
    return found
