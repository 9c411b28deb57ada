"""List the models."""

from typing import Any, cast

import torch

from attendome.config import Settings
from attendome.models.architectures import (
    Architecture,
    ChromatinArchitecture,
    SequenceArchitecture,
)
from attendome.models.registry import MODELS
from attendome.models.sequence.shape import SequenceShape
from attendome.workflows.configuration import resolve, training_settings

PUBLISHED_SIZE = 5, 100
"""Marks and bins of the published chromatin models."""


def list_models() -> list[dict[str, Any]]:
    """List the models: name, task, summary, parameters at the published size, settings.

    How many parameters a classical model has depends on the genes: None. Each setting, of the
    model or of its training, has its value in every preset.
    """
    rows = []
    for name, entry in MODELS.items():
        resolved = {
            preset: [group.model_dump(mode="json") for group in resolve(name, {"preset": preset})]
            for preset in entry.presets
        }
        groups: tuple[type[Settings], ...] = (entry.settings, training_settings(name))
        settings = {
            key: {
                "about": field.description,
                **{preset: values[part][key] for preset, values in resolved.items()},
            }
            for part, group in enumerate(groups)
            for key, field in group.model_fields.items()
        }
        rows.append(
            {
                "name": name,
                "task": entry.task,
                "summary": entry.summary,
                "parameters": _parameters(entry),
                "settings": settings,
            }
        )
    return rows


def _parameters(entry: Architecture) -> int | None:
    """Count the parameters at the published size; no memory is taken for them."""
    with torch.device("meta"):
        if isinstance(entry, SequenceArchitecture):
            network = entry.build(SequenceShape(), entry.settings())
        else:
            network = cast(ChromatinArchitecture, entry).build(*PUBLISHED_SIZE, entry.settings())
    return sum(weights.numel() for weights in network.parameters()) or None
