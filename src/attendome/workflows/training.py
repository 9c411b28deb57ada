"""Train a model on a dataset, into a run folder."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from torch import nn

from attendome.data import ChromatinDataset, SequenceDataset, as_chromatin, open_dataset
from attendome.errors import DataError, SettingsError
from attendome.models.blocks import InputTransform
from attendome.models.classical import ClassicalModel
from attendome.models.descriptions import ChromatinDescription, build_seeded, save_description
from attendome.models.registry import chromatin_architecture
from attendome.models.weights import assign_weights, load_fitted
from attendome.training.batches import Genes
from attendome.training.calibration import calibrated
from attendome.training.classical import fit_classical
from attendome.training.fit import check_device, check_halves, fit
from attendome.training.inference import placed, run_model
from attendome.training.module import ChromatinTraining
from attendome.training.settings import FitSettings, TrainingSettings
from attendome.workflows.configuration import (
    RunConfig,
    describe_model,
    fingerprint,
    resolve,
    versions,
)
from attendome.workflows.matching import with_marks_of
from attendome.workflows.preparing import Prepared, agreed, marks_for, prepare
from attendome.workflows.run import Run, open_chromatin_run
from attendome.workflows.run_folder import Existing, training_in
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.sequence.training import train_sequence
from attendome.workflows.starting import Start, read_start

if TYPE_CHECKING:
    from attendome.workflows.sequence.planning import Plan

Chromatin = ChromatinDataset | str | Path
Data = ChromatinDataset | SequenceDataset | str | Path
D = TypeVar("D", bound=Data)
_OPEN = (ChromatinDataset, SequenceDataset)
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
) -> Run | SequenceRun:
    """Train a model; its test split is never looked at.

    Args:
        data: a dataset, or where it is stored; or several of histone marks, of as many cell types,
            to train on together. Their marks are matched by name, and a gene that is held out in
            one of them is held out in all.
        model: name of the architecture.
        out: the run folder to make.
        settings: settings of the model and of the training by name, or ``preset``.
        marks: the marks to train on, in this order; by default all that the datasets share, or, of
            a model that takes genes without some, all that there are.
        seed: the same as the setting ``seed``.
        init_from: a run, or a .pt file of the original's weights, to start from; its marks and
            model settings hold unless ``settings`` says otherwise. A model that reads DNA starts
            from a run of any other: what is not of its context is taken over where it fits.
        existing: what to do where the run folder exists; ``resume`` goes on with an interrupted
            run, to the same result as without the interruption.

    Raises:
        DataError: the dataset cannot be trained on.
        SettingsError: the model or a setting is unknown or not valid, or the model does not read
            such data.
        RunError: the run folder exists, or differs from what is to be resumed.
    """
    values = {**(settings or {}), **({} if seed is None else {"seed": seed})}
    datasets = _opened(data)
    regions = _sequence_dataset(datasets)
    if regions is None:
        genes = cast(list[ChromatinDataset], datasets)
        return train_chromatin(
            genes, model, out, values, marks=marks, init_from=init_from, existing=existing
        )
    if marks:
        raise SettingsError(f"{regions.name}: holds tracks; it has no marks to choose from.")
    return train_sequence(regions, model, out, values, init_from=init_from, existing=existing)


def plan(
    data: Data | Sequence[Data],
    model: str,
    settings: Mapping[str, Any] | None = None,
    *,
    init_from: str | Path | None = None,
) -> "Plan":
    """Say what ``train`` will take for a model that reads DNA; nothing is written.

    Raises:
        SettingsError: the dataset is of histone marks.
        AttendomeError: as ``train`` does.
    """
    from attendome.workflows.sequence.planning import plan_sequence

    datasets = _opened(data)
    regions = _sequence_dataset(datasets)
    if regions is None:
        raise SettingsError(
            f"{datasets[0].name}: holds histone marks; --dry-run is for models that read DNA."
        )
    return plan_sequence(regions, model, settings, init_from=init_from)


def _opened(data: Data | Sequence[Data]) -> list[ChromatinDataset | SequenceDataset]:
    return [one if isinstance(one, _OPEN) else open_dataset(one) for one in _several(data)]


def _sequence_dataset(
    datasets: Sequence[ChromatinDataset | SequenceDataset],
) -> SequenceDataset | None:
    """Give the one sequence dataset to train on; None where all are of histone marks.

    Raises:
        DataError: there are more, or some are of histone marks.
    """
    found = [one for one in datasets if isinstance(one, SequenceDataset)]
    if found and len(datasets) > 1:
        raise DataError(
            f"{found[0].name}: a model that reads DNA is trained on one dataset, found "
            f"{len(datasets)}; put the tracks of several into one."
        )
    return found[0] if found else None


def train_chromatin(
    data: Chromatin | Sequence[Chromatin],
    model: str,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    marks: Sequence[str] | None = None,
    init_from: str | Path | None = None,
    existing: Existing = "refuse",
) -> Run:
    """Train a model that reads histone marks; arguments and errors are those of ``train``."""
    datasets = opened(data)
    folder, entry = Path(out), chromatin_architecture(model)
    if marks and init_from:
        raise SettingsError(f"The marks are those of {init_from}; leave out either of the two.")
    start = read_start(Path(init_from), model, datasets[0]) if init_from else None
    inherited = start.settings if start else {}
    model_settings, resolved = resolve(model, settings or {}, inherited)
    training = cast(FitSettings, resolved)  # of this task
    if isinstance(training, TrainingSettings):
        check_device(training)
    names = (start.marks if start else marks) or marks_for(datasets, any_marks=entry.any_marks)
    datasets = agreed([with_marks_of(one, names, model) for one in datasets])
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
    with training_in(folder, config, existing):
        _fit(network, prepared, training, folder)
        valid = prepared.splits["valid"]
        save_description(_calibrated(description, valid, training, folder), folder)
    return open_chromatin_run(folder)


def _fit(model: nn.Module, prepared: Prepared, settings: FitSettings, folder: Path) -> None:
    train, valid = prepared.splits["train"], prepared.splits["valid"]
    if isinstance(model, ClassicalModel):
        fit_classical(model, train, valid, settings, folder)
    elif isinstance(settings, TrainingSettings):
        fit(ChromatinTraining(model, settings, train, valid), folder)


def opened(data: Chromatin | Sequence[Chromatin]) -> list[ChromatinDataset]:
    """Open chromatin datasets, one or several."""
    return [as_chromatin(one) for one in _several(data)]


def _several(data: D | Sequence[D]) -> list[D]:
    return [data] if isinstance(data, (*_OPEN, str, Path)) else list(data)


def _initial(
    description: ChromatinDescription, training: FitSettings, train: Genes, start: Start | None
) -> nn.Module:
    """Make the model; without a start, its weights depend on the seed only."""
    network = build_seeded(description, training.seed)
    if start:
        assign_weights(network, start.weights, start.source)
    for module in network.modules():
        if isinstance(module, InputTransform):
            module.fit(train.signal)
    if isinstance(network, ClassicalModel):
        network.make(training.target, training.seed)  # fails now, not in a run folder
    elif isinstance(training, TrainingSettings):
        check_halves(training, network)
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
