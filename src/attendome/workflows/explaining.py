"""Explain many genes, batch by batch, so that an interruption loses a batch at most."""

import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
import xarray as xr
from torch import Tensor, nn

from attendome import __version__
from attendome.config import Settings, suggestion, validate
from attendome.data import ChromatinDataset
from attendome.errors import DataError, SettingsError
from attendome.genome.files import sha256
from attendome.interpretation.baseline import BaselineSettings, baseline_of, completeness_error
from attendome.interpretation.files import save_maps
from attendome.interpretation.maps import gene_maps
from attendome.interpretation.marks import Explainer, OnMarks, Signal
from attendome.interpretation.methods import Method, method_for
from attendome.models.classical import ESTIMATOR
from attendome.models.descriptions import ChromatinDescription
from attendome.models.weights import WEIGHTS
from attendome.training.inference import model_input
from attendome.workflows.parts import Progress, kept_part, open_parts

if TYPE_CHECKING:
    from attendome.workflows.run import Run

_GENES = 64
"""Genes that are explained, and kept, together."""


def explain(
    model: nn.Module,
    description: ChromatinDescription,
    data: ChromatinDataset,
    method: str = "attention",
    settings: Mapping[str, Any] | None = None,
    *,
    parts: Path | None = None,
    progress: Progress = lambda _done, _all: None,
) -> xr.Dataset:
    """Explain the predictions for the genes of a dataset.

    Args:
        model: a trained model.
        description: which input it takes, and what it predicts.
        data: the genes, as the model takes them.
        method: name of the method.
        settings: its settings by name, or ``preset``.
        parts: a folder for what is done; what stands there is not done again.
        progress: told how far it is.

    Returns:
        What ``gene_maps`` gives of the maps that the method makes; the attributes ``method``,
        ``method_settings`` (JSON), ``unit`` and ``signed`` say what the importance is, and
        ``completeness_error``, where it should add up to the prediction minus that of the baseline,
        by how much it does not.

    Raises:
        SettingsError: the method or a setting is unknown, or the model does not take the method.
    """
    chosen = method_for(method, description.model)
    values = method_settings(chosen, settings or {})
    readout, present = description.readout, [description.marks.index(mark) for mark in data.marks]
    ready = OnMarks(model, readout, len(description.marks), present)
    signal = model_input(data, data.marks)
    found = _in_parts(chosen.make(ready, signal, values), signal, ready.device, parts, progress)
    predicted = ready.predict(signal)
    label = readout.target == "label"
    maps = gene_maps(found, predicted.sigmoid() if label else predicted, data, readout)
    if chosen.complete:
        nothing = baseline_of(signal, cast(BaselineSettings, values))
        change = predicted - ready.predict(nothing)
        error = completeness_error(found["mark_importance"].sum(dim=1), change)
        maps.attrs["completeness_error"] = error
    return maps.assign_attrs(
        method=method,
        method_settings=json.dumps(values.model_dump()),
        unit=chosen.unit.replace("prediction", "log odds" if label else "log2 expression"),
        signed=chosen.signed,
    )


def explain_into(
    target: Path,
    run: "Run",
    data: ChromatinDataset,
    method: str,
    settings: Mapping[str, Any],
    *,
    force: bool,
    progress: Progress,
) -> xr.Dataset:
    """Explain the predictions of a run and write the maps; what an interruption left is used."""
    model, description = run.model, run.description
    values = method_settings(method_for(method, description.model), settings)
    origin = origin_of(run.path, data)
    parts = target.with_name(f".{target.name}.parts")
    about = {"method": method, "settings": values.model_dump(), "version": __version__}
    open_parts(parts, origin | about | {"model": description.model_dump(mode="json")})
    try:
        maps = explain(
            model, description, data, method, settings, parts=parts, progress=progress
        ).assign_attrs(origin)
        save_maps(maps, target, force=force)
    except SettingsError:
        shutil.rmtree(parts)
        raise
    except KeyboardInterrupt as error:
        error.add_note("The same command, given again, goes on.")
        raise
    shutil.rmtree(parts)
    return maps


def check_nothing_lost(target: Path, data: ChromatinDataset) -> None:
    """Check that maps which would be replaced hold no other genes than the new ones.

    Raises:
        DataError: they do.
    """
    try:
        with xr.open_zarr(target, consolidated=False, chunks=None) as maps:
            held = {str(gene) for gene in maps["gene"].to_numpy()}
    except (OSError, ValueError, LookupError, TypeError, RuntimeError):
        return  # there are none, or none that can be read
    lost = held - set(data.genes.index)
    if lost:
        raise DataError(
            f"{target} holds {len(held)} genes, and {len(lost)} of them would be lost; choose "
            "another name with --out, or replace it with --force (in Python force=True)."
        )


def origin_of(folder: Path, data: ChromatinDataset) -> dict[str, str]:
    """Say which weights, or which estimator, and which genes maps are of."""
    estimator = folder / ESTIMATOR
    weights = estimator if estimator.is_file() else folder / WEIGHTS
    return {"weights_sha256": sha256(weights), "data_fingerprint": data.fingerprint()}


def method_settings(method: Method, given: Mapping[str, Any]) -> Settings:
    """Complete the settings of a method; ``preset`` names the values to start from.

    Raises:
        SettingsError: a name is unknown or a value is not valid.
    """
    values = dict(given)
    preset = values.pop("preset", None)
    if preset is not None and preset not in method.presets:
        known = suggestion(str(preset), method.presets) if method.presets else "there is none."
        raise SettingsError(f"Unknown preset '{preset}': {known}")
    return validate(method.settings, {**method.presets.get(preset or "", {}), **values})


def _in_parts(
    explainer: Explainer,
    signal: Signal,
    device: torch.device,
    folder: Path | None,
    progress: Progress,
) -> dict[str, Tensor]:
    """Explain some genes at a time."""
    done: list[dict[str, Tensor]] = []
    for number, genes in enumerate(torch.split(signal, _GENES)):
        place = folder / f"{number:05d}.safetensors" if folder else None
        done.append(kept_part(place, partial(explainer, genes.to(device))))
        progress(min((number + 1) * _GENES, len(signal)), len(signal))
    return {name: torch.cat([part[name] for part in done]) for name in done[0]}
