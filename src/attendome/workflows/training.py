"""Train a model on a dataset, into a run folder."""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from attendome.data import ChromatinDataset, as_chromatin
from attendome.errors import RunError, SettingsError
from attendome.models.blocks import InputTransform
from attendome.models.classical import ClassicalModel
from attendome.models.descriptions import ChromatinDescription, save_description
from attendome.models.registry import chromatin_architecture
from attendome.models.weights import assign_weights, load_fitted
from attendome.training.batches import Genes
from attendome.training.calibration import calibrated
from attendome.training.classical import fit_classical
from attendome.training.fit import check_device, fit
from attendome.training.inference import placed, run_model
from attendome.training.log import written_log
from attendome.training.settings import FitSettings, TrainingSettings
from attendome.workflows.configuration import (
    RunConfig,
    check_replaceable,
    describe_model,
    fingerprint,
    holds_run,
    read_config,
    resolve,
    versions,
    write_config,
)
from attendome.workflows.matching import with_marks_of
from attendome.workflows.preparing import Prepared, agreed, marks_for, prepare
from attendome.workflows.run import Run, open_run
from attendome.workflows.starting import Start, read_start

Data = ChromatinDataset | str | Path
Existing = Literal["refuse", "resume", "replace"]
logger = logging.getLogger(__name__)


def train(  # noqa: PLR0913 - each is an option of the command
    data: Data | Sequence[Data],
    model: str,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    marks: Sequence[str] | None = None,
    seed: int | None = None,
    init_from: str | Path | None = None,
    existing: Existing = "refuse",
) -> Run:
    """Train a model; its test split is never looked at.

    Args:
        data: a dataset, or where it is stored; or several, of as many cell types, to train on
            together. Their marks are matched by name, and a gene that is held out in one of them is
            held out in all.
        model: name of the architecture.
        out: the run folder to make.
        settings: settings of the model and of the training by name, or ``preset``.
        marks: the marks to train on, in this order; by default all that the datasets share, or, of
            a model that takes genes without some, all that there are.
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
    datasets = opened(data)
    folder = Path(out)
    if marks and init_from:
        raise SettingsError(f"The marks are those of {init_from}; leave out either of the two.")
    start = read_start(Path(init_from), model, datasets[0]) if init_from else None
    values = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    model_settings, training = resolve(model, values, start.settings if start else {})
    if isinstance(training, TrainingSettings):
        check_device(training)
    datasets, names = _together(datasets, model, start.marks if start else marks)
    prepared = prepare(datasets, names, training)
    description = describe_model(model, model_settings, datasets[0], names, prepared.readout)
    network = _initial(description, training, prepared.splits["train"], start)
    config = RunConfig(
        model=model,
        data=tuple(str(d.path.resolve()) if d.path else d.name for d in datasets),
        fingerprint=fingerprint(datasets),
        settings=model_settings.model_dump() | training.model_dump(),
        marks=tuple(marks) if marks else None,
        init_from=str(start.source.resolve()) if start else None,
        init_from_sha256=start.sha256 if start else None,
        versions=versions(),
    )
    _open_folder(folder, config, existing)
    with _advice(existing), written_log(folder):
        _fit(network, prepared, training, config, folder)
        valid = prepared.splits["valid"]
        save_description(_calibrated(description, valid, training, folder), folder)
    return open_run(folder)


def _together(
    datasets: list[ChromatinDataset], model: str, marks: Sequence[str] | None
) -> tuple[list[ChromatinDataset], tuple[str, ...]]:
    """Give what is trained on, with splits that agree, and the marks of the model."""
    names = marks or marks_for(datasets, any_marks=chromatin_architecture(model).any_marks)
    return agreed([with_marks_of(data, names, model) for data in datasets]), tuple(names)


def _fit(
    model: nn.Module, prepared: Prepared, settings: FitSettings, config: RunConfig, folder: Path
) -> None:
    logger.info("training %s on %s, run folder %s", config.model, ", ".join(config.data), folder)
    train, valid = prepared.splits["train"], prepared.splits["valid"]
    if isinstance(model, ClassicalModel):
        fit_classical(model, train, valid, settings, folder)
    elif isinstance(settings, TrainingSettings):
        fit(model, train, valid, settings, folder)


def opened(data: Data | Sequence[Data]) -> list[ChromatinDataset]:
    """Open datasets, one or several."""
    several = [data] if isinstance(data, (ChromatinDataset, str, Path)) else list(data)
    return [as_chromatin(one) for one in several]


def _initial(
    description: ChromatinDescription, training: FitSettings, train: Genes, start: Start | None
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
    if isinstance(network, ClassicalModel):
        network.make(training.target, training.seed)  # fails now, not in a run folder
    return network


def _calibrated(
    description: ChromatinDescription, valid: Genes, settings: FitSettings, folder: Path
) -> ChromatinDescription:
    """Calibrate probabilities on the validation genes."""
    if settings.target != "label":
        return description
    best = placed(load_fitted(description, folder), "cpu")
    prediction = run_model(best, valid.signal).prediction
    readout = calibrated(prediction, valid.target, settings.calibration)
    logger.info(
        "calibrated on %d validation genes: log odds × %.3f %+.3f",
        len(valid),
        readout.scale,
        readout.offset,
    )
    return description.model_copy(update={"readout": readout})


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
    make_folder(folder, existing)
    write_config(config, folder)


def make_folder(folder: Path, existing: Literal["refuse", "replace"]) -> None:
    """Make an empty run folder, except that a search for its settings may be in it.

    Raises:
        RunError: something else stands there, or a run that is not to be replaced.
    """
    check_replaceable(folder)
    if folder.exists():
        if existing == "refuse" and holds_run(folder):
            raise RunError(
                f"{folder} exists already; go on with it with --resume, replace it with --force, "
                "or choose another name."
            )
        if existing == "replace":
            shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


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
