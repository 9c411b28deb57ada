"""Train a model on a dataset, into a run folder."""

import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from attendome.data import ChromatinDataset, open_dataset
from attendome.errors import DataError, RunError
from attendome.models.blocks import InputTransform
from attendome.models.classical import ClassicalModel
from attendome.models.weights import ModelDescription, assign_weights, save_description
from attendome.training.batches import Genes, check_complete
from attendome.training.classical import fit_classical
from attendome.training.fit import check_device, fit
from attendome.training.log import written_log
from attendome.training.settings import FitSettings, TrainingSettings
from attendome.workflows.configuration import (
    RunConfig,
    check_replaceable,
    describe_model,
    read_config,
    resolve,
    versions,
    write_config,
)
from attendome.workflows.run import Run, open_run
from attendome.workflows.starting import Start, read_start

Existing = Literal["refuse", "resume", "replace"]
logger = logging.getLogger(__name__)


def train(
    data: ChromatinDataset | str | Path,
    model: str,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    seed: int | None = None,
    init_from: str | Path | None = None,
    existing: Existing = "refuse",
) -> Run:
    """Train a model; its test split is never looked at.

    Args:
        data: a dataset, or where it is stored.
        model: name of the architecture.
        out: the run folder to make.
        settings: settings of the model and of the training by name, or ``preset``.
        seed: the same as the setting ``seed``.
        init_from: a run, or a .pt file of the original's weights, to start from; its marks and
            model settings hold unless ``settings`` says otherwise.
        existing: what to do where the run folder exists; ``resume`` goes on with an interrupted
            run, to the same result as without the interruption.

    Raises:
        DataError: the dataset cannot be trained on.
        SettingsError: the model or a setting is unknown or not valid.
        RunError: the run folder exists, or differs from what is to be resumed.
    """
    dataset = data if isinstance(data, ChromatinDataset) else open_dataset(data)
    folder = Path(out)
    start = read_start(Path(init_from), model, dataset) if init_from else None
    dataset = dataset.with_marks(start.marks) if start else dataset
    check_complete(dataset)
    values = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    model_settings, training = resolve(model, values, start.settings if start else {})
    if isinstance(training, TrainingSettings):
        check_device(training)
    splits = {name: _genes(dataset, name) for name in ("train", "valid")}
    config = RunConfig(
        model=model,
        data=str(dataset.path.resolve()) if dataset.path else dataset.name,
        fingerprint=dataset.fingerprint(),
        settings=model_settings.model_dump() | training.model_dump(),
        init_from=str(start.source.resolve()) if start else None,
        init_from_sha256=start.sha256 if start else None,
        versions=versions(),
    )
    description = describe_model(model, model_settings, dataset)
    network = _initial(description, training, splits["train"], start)
    _open_folder(folder, config, existing)
    with _advice(existing), written_log(folder):
        logger.info("training %s on %s, run folder %s", model, dataset.name, folder)
        if isinstance(training, TrainingSettings):
            fit(network, splits["train"], splits["valid"], training, folder)
        else:
            _fit_at_once(network, dataset, splits, training, folder)
        save_description(description, folder)
    return open_run(folder)


def _genes(data: ChromatinDataset, split: str) -> Genes:
    part = data.split(split)
    labels = part.labels()
    if labels.min() == labels.max():
        only = "on" if labels[0] else "off"
        raise DataError(
            f"{data.name}: all {len(labels)} genes of the split '{split}' are labelled {only}; "
            "training needs genes of both classes there."
        )
    signal = torch.from_numpy(part.signal.to_numpy())
    return Genes(signal, torch.from_numpy(labels).float())


def _fit_at_once(
    model: nn.Module,
    data: ChromatinDataset,
    splits: Mapping[str, Genes],
    settings: FitSettings,
    folder: Path,
) -> None:
    """Fit a classical model; its best bins follow expression, or labels where it is not known."""
    if not isinstance(model, ClassicalModel):
        raise TypeError(f"{type(model).__name__} is not a classical model")
    genes = data.split("train").genes
    column = "expression" if "expression" in genes else "label"
    target = torch.from_numpy(genes[column].to_numpy("float32", copy=True))
    fit_classical(model, splits["train"], splits["valid"], target, settings.seed, folder)


def _initial(
    description: ModelDescription, training: FitSettings, train: Genes, start: Start | None
) -> nn.Module:
    """Make the model; without a start, its weights depend on the seed only."""
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        network = description.build()
    if start:
        assign_weights(network, start.weights, start.source)
    for module in network.modules():
        if isinstance(module, InputTransform):
            module.fit(train.signal)
    return network


def _open_folder(folder: Path, config: RunConfig, existing: Existing) -> None:
    """Make the run folder, or check that it is the one to go on with."""
    if existing == "resume":
        changed = _differences(read_config(folder), config)
        if changed:
            raise RunError(
                f"{folder}: cannot be resumed, since it was started with other {', '.join(changed)}"
                "; give the same, or start again with --force."
            )
        return
    check_replaceable(folder)
    if folder.exists():
        if existing == "refuse" and any(folder.iterdir()):
            raise RunError(
                f"{folder} exists already; go on with it with --resume, replace it with --force, "
                "or choose another name."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    write_config(config, folder)


def _differences(before: RunConfig, now: RunConfig) -> list[str]:
    """Name what a run that is to be resumed was started with otherwise."""
    names = {"model": "model", "fingerprint": "data", "init_from_sha256": "init_from"}
    changed = [word for name, word in names.items() if getattr(before, name) != getattr(now, name)]
    old, new = before.settings, now.settings
    return changed + [
        f"{name} ({old.get(name)}; now {new.get(name)})"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


@contextmanager
def _advice(existing: Existing) -> Iterator[None]:
    """Say, where training is interrupted, how to go on with the run folder that it has made."""
    how = {"refuse": " and --resume", "replace": ", with --resume in place of --force"}
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(f"Go on with the same command{how.get(existing, '')}.")
        raise
