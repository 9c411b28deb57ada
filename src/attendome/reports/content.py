"""What a report shows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from attendome.models.readout import Readout


@dataclass(frozen=True)
class Explanations:
    """What is known, beside attention, of what the predictions looked at.

    Attributes:
        maps: by method, ``importance[gene, mark, bin]`` and ``mark_importance[gene, mark]`` of the
            genes scored, NaN for genes that it does not cover, with the attributes that ``explain``
            gives.
        patterns: the class-optimised signal, ``[predicted, mark, bin]``; None where it is not
            stored.
        missing: by method that is not stored, the command that makes it, or why nothing can.
        notes: what stands in the run folder and is not shown, and why.
        verdicts: by method, the verdict of its validation; empty where there was none.
        validate: the command that validates.
    """

    maps: dict[str, xr.Dataset] = field(default_factory=dict)
    patterns: xr.DataArray | None = None
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    validate: str = ""


@dataclass(frozen=True)
class ReportContent:
    """Everything that the report of a chromatin run shows.

    Attributes:
        title: the heading.
        facts: what was trained on what, by label.
        warnings: what the reader must know before trusting the score.
        metrics: the content of metrics.json.
        history: a row per epoch; None where the model was not trained here.
        best_epoch: the epoch whose weights were kept; None likewise.
        maps: predictions for the genes scored, with the attention that the model has, as
            ``prediction_maps`` gives them.
        readout: what the model's prediction means.
        signal: the signal of the same genes, marks and bins.
        terms: what the model adds up, in words, with weights; empty for most models.
        explanations: what other methods say of the same genes.
        unseen: the signal of the dataset's other marks, ``[gene, mark, bin]``, which the model does
            not read; None where it reads all.
    """

    title: str
    facts: dict[str, str]
    warnings: list[str]
    metrics: dict[str, Any]
    history: pd.DataFrame | None
    best_epoch: int | None
    maps: xr.Dataset
    readout: Readout
    signal: Float[np.ndarray, "gene mark bin"]
    terms: list[tuple[str, float]] = field(default_factory=list)
    explanations: Explanations = field(default_factory=Explanations)
    unseen: xr.DataArray | None = None
