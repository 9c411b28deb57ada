"""Removal in silico: how the prediction changes where a mark, a bin or a cell of both is gone.

Zeiler, Fergus: Visualizing and understanding convolutional networks. ECCV 2014, arXiv 1311.2901.
"""

import torch
from pydantic import Field
from torch import Tensor

from attendome.interpretation.baseline import BaselineSettings, baseline_of
from attendome.interpretation.marks import AT_ONCE, Explainer, OnMarks, Signal


class OcclusionSettings(BaselineSettings):
    """What is removed."""

    width: int = Field(default=1, ge=1)
    """Bins that are removed together; each of them gets its share of what that changes."""


def occlusion(model: OnMarks, signal: Signal, settings: OcclusionSettings) -> Explainer:
    """Explain by removal: prediction with all marks and bins, minus that without some.

    ``importance`` is of one mark at one place, ``bin_importance`` of all marks at one place,
    ``mark_importance`` of one mark at all places. They need not add up.
    """
    from captum.attr import Occlusion

    method, baseline = Occlusion(model), baseline_of(signal, settings)
    marks, bins = signal.shape[1:]
    width = min(settings.width, bins)

    @torch.no_grad()
    def removed(genes: Signal, window: tuple[int, int]) -> Tensor:
        found: Tensor = method.attribute(
            genes,
            sliding_window_shapes=window,
            strides=window,
            baselines=baseline.to(genes).expand_as(genes),
            perturbations_per_eval=max(1, AT_ONCE // len(genes)),
        )
        return found

    def explain(genes: Signal) -> dict[str, Tensor]:
        return {
            "importance": removed(genes, (1, width)) / shares,
            "mark_importance": removed(genes, (1, bins))[:, :, 0],
            "bin_importance": removed(genes, (marks, width))[:, 0] / shares,
        }

    group = torch.arange(bins) // width
    shares = group.bincount()[group].to(signal)
    return explain
