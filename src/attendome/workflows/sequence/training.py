"""Train a model that reads DNA, into a run folder."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from attendome.config import Settings
from attendome.data import SequenceDataset
from attendome.errors import DataError
from attendome.models.descriptions import SequenceDescription, build_seeded, save_description
from attendome.models.registry import sequence_architecture
from attendome.models.weights import load_model
from attendome.training.fit import check_device, fit
from attendome.training.sequence.module import SequenceTraining
from attendome.training.sequence.settings import SequenceTrainingSettings
from attendome.workflows.configuration import RunConfig, read_config, resolve, versions
from attendome.workflows.run_folder import Existing, training_in
from attendome.workflows.sequence.run import SequenceRun
from attendome.workflows.sequence.starting import Restored, WarmStart, read_warm_start

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What is ready to be trained.

    Attributes:
        description: what the model is.
        module: the model with its first weights, its data, and how it is trained.
        start: where the first weights came from, if not from the seed.
        restored: what was taken from there.
    """

    description: SequenceDescription
    module: SequenceTraining
    start: WarmStart | None = None
    restored: Restored | None = None


def train_sequence(
    data: SequenceDataset,
    model: str,
    out: str | Path,
    settings: Mapping[str, Any] | None = None,
    *,
    init_from: str | Path | None = None,
    existing: Existing = "refuse",
) -> SequenceRun:
    """Train a model that reads DNA; arguments and errors are those of ``train``."""
    folder = Path(out)
    ready = prepare(data, model, settings or {}, init_from)
    start, restored = ready.start, ready.restored
    config = RunConfig(
        model=model,
        data=(str(data.path.resolve()) if data.path else data.name,),
        fingerprint=data.fingerprint(),
        settings=ready.description.settings | ready.module.settings.model_dump(mode="json"),
        init_from=str(start.source.resolve()) if start else None,
        init_from_sha256=start.sha256 if start else None,
        restored=tuple(restored.parts) if restored else None,
        versions=versions(),
    )
    with training_in(folder, config, existing):
        if restored:
            logger.info("%s", restored)
        fit(ready.module, folder, afresh=existing != "resume")
        save_description(ready.description, folder)
    network, description = load_model(folder)
    return SequenceRun(folder, read_config(folder), cast(SequenceDescription, description), network)


def prepare(
    data: SequenceDataset, model: str, settings: Mapping[str, Any], init_from: str | Path | None
) -> Prepared:
    """Make the model and what trains it; nothing is written.

    Raises:
        DataError: the dataset has no regions to train or to choose the best epoch on, or its sizes
            are not those of a model.
        SettingsError: the model reads no DNA, or a setting is unknown or not valid.
        RunError: nothing of the weights to start from fits.
    """
    sequence_architecture(model)
    start = read_warm_start(Path(init_from)) if init_from else None
    inherited = start.settings_for(model) if start else {}
    model_settings, resolved = resolve(model, settings, inherited)
    training = cast(SequenceTrainingSettings, resolved)  # of this task
    check_device(training)
    train, valid = data.split("train"), data.split("valid")
    description = describe_model(model, model_settings, data)
    network = build_seeded(description, training.seed)
    restored = start.restore(network, description) if start else None
    module = SequenceTraining(network, training, train, valid)
    return Prepared(description, module, start, restored)


def describe_model(model: str, settings: Settings, data: SequenceDataset) -> SequenceDescription:
    """Say what a model made for a dataset is, which input it takes, and which tracks it predicts.

    Raises:
        DataError: the sizes of the dataset are not those of a model.
    """
    tracks = data.tracks
    description = SequenceDescription(
        model=model,
        settings=settings.model_dump(mode="json"),
        tracks=tuple(tracks.index),
        assays=tuple(tracks["assay"]),
        strand_pairs=tuple(tracks["strand_pair"].tolist()),
        length=data.length,
        bin_size=data.bin_size,
        crop=data.crop,
    )
    try:
        _ = description.shape
    except ValueError as error:
        raise DataError(f"{data.name}: {error}; build it with other bins.") from error
    return description
