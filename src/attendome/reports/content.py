"""What a report shows."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Float

from attendome.models.readout import Readout


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
