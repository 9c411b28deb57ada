"""The part of a comparison that is of DNA: scores of a run, and models over assays."""

import math
import os
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from attendome.evaluation.sequence.comparison import SequenceComparison, compare_sequence_models
from attendome.models.descriptions import SequenceDescription
from attendome.models.registry import sequence_architecture
from attendome.models.sequence.dilated import DilatedSettings
from attendome.reports.sequence.comparison import write_sequence_comparison
from attendome.training.inference import device_of
from attendome.training.sequence.sums import RegionSums
from attendome.workflows.sequence.run import REGION_SUMS, SequenceRun
from attendome.workflows.sequence.shown import gather


def scored(run: SequenceRun, trained: float, *, reach: bool) -> dict[str, Any]:
    """Score a run on the test split; give the columns of its row.

    Args:
        run: a finished run.
        trained: how long its training took, in seconds; NaN where that is not known.
        reach: whether to score also with all that is farther than a distance masked.
    """
    scores, summary = run.evaluate(split="test"), run.training_summary()
    if reach:
        run.evaluate_reach()
    return {
        "metric": "pearson",
        **vars(scores.pearson.overall),
        "r2": scores.r2.overall.value,
        "n": scores.n,
        "tracks": scores.tracks,
        "valid": summary["valid_pearson"],
        "epochs": summary["epochs"],
        **structure(run.description),
        "step_seconds": trained / (summary["epochs"] * _steps(run)),
        "machine": _machine(run),
    }


def structure(description: SequenceDescription) -> dict[str, Any]:
    """Say which kinds of context a model has, as the columns of the paper's table."""
    settings = description.settings
    dilated = issubclass(sequence_architecture(description.model).settings, DilatedSettings)
    heads = settings.get("heads")
    own_layers = 1 if dilated else settings.get("layers", 1)
    return {
        "dilated": dilated,
        "attention_layers": own_layers if heads else 0,
        "heads": heads or 0,
        "position": settings.get("position", "learned") if heads else "",
    }


def _steps(run: SequenceRun) -> int:
    """Count the steps of the optimiser in an epoch."""
    settings = run.config.settings
    regions = int((run.dataset().regions["split"] == "train").sum())
    at_once: int = settings["batch_size"] * settings["devices"] * settings["nodes"]
    accumulated: int = settings["accumulate"]
    return math.ceil(math.ceil(regions / at_once) / accumulated)


def _machine(run: SequenceRun) -> str:
    """Say what a run was trained on here."""
    device = device_of(run.model)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} of {os.cpu_count()} processors"


def write(
    results: pd.DataFrame, baseline: str, folder: Path, facts: dict[str, str]
) -> SequenceComparison:
    """Compare the models and write what was found.

    Args:
        results: a row per run.
        baseline: the model that the others are held against.
        folder: the folder of the comparison.
        facts: what was compared on what, by label.
    """
    compared = compare_sequence_models(
        results, lambda run: RegionSums.load(Path(run) / REGION_SUMS), baseline=baseline
    )
    write_sequence_comparison(compared, results, gather(results, baseline), folder, facts=facts)
    return compared
