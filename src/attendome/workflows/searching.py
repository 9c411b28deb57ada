"""Search for the settings that score best on the validation split (Optuna)."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from attendome.data import ChromatinDataset
from attendome.errors import RunError, SettingsError
from attendome.training.batches import derived_seed
from attendome.workflows.configuration import CONFIG, SEARCH, fingerprint, resolve
from attendome.workflows.run import Run
from attendome.workflows.training import Data, Existing, make_folder, opened, train

SPACE: Mapping[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-4, 5e-3, log=True),
    "batch_size": CategoricalDistribution((16, 32, 64)),
    "weight_decay": FloatDistribution(1e-6, 1e-1, log=True),
    "dropout": FloatDistribution(0.0, 0.6),
    "transform": CategoricalDistribution(("log1p", "depth-normalised")),
    "features": CategoricalDistribution(("pool", "all", "best-bin")),
    "pool": IntDistribution(2, 25),
    "c": FloatDistribution(1e-3, 1e2, log=True),
    "penalty": FloatDistribution(1e-1, 1e4, log=True),
    "min_leaf": IntDistribution(1, 20),
    "rules": IntDistribution(10, 300, log=True),
}
"""Where settings are looked for, by name; a model is searched in those that it has."""

TRIALS = "trials.csv"
_JOURNAL = "journal.log"
_ENDED = (TrialState.COMPLETE, TrialState.FAIL)
logger = logging.getLogger(__name__)


def search_and_train(
    data: Data | Sequence[Data],
    model: str,
    out: str | Path,
    trials: int,
    settings: Mapping[str, Any] | None = None,
    *,
    existing: Existing = "refuse",
) -> Run:
    """Search for settings, then train with the best of them.

    Every trial is trained and scored on the validation split; the test split has no part in it. The
    folder ``search`` of the run keeps what was tried, so that a search which was interrupted goes
    on, to the same result; its ``trials.csv`` has a row per trial.

    Args:
        data: a dataset, or several.
        model: name of the architecture.
        out: the run folder to make.
        trials: how many settings to try.
        settings: settings that are given; the search is among the others of ``SPACE``.
        existing: what to do where the run folder exists.

    Raises:
        RunError: the run folder exists, or is of a search on other data or settings.
        SettingsError: a setting is not known, or none is left to search.
    """
    folder, given = Path(out), dict(settings or {})
    model_settings, training = resolve(model, given)
    names = [*type(model_settings).model_fields, *type(training).model_fields]
    space = {name: SPACE[name] for name in names if name in SPACE and name not in given}
    if not space:
        raise SettingsError(f"All settings of {model} that could be searched are given.")
    datasets = opened(data)
    if existing != "resume":
        make_folder(folder, existing)
    about = {"model": model, "data": fingerprint(datasets), "given": given}
    study = _study(folder / SEARCH, about)
    while (number := len(study.get_trials(states=_ENDED))) < trials:
        # A sampler of its own for each trial: a search that goes on takes the same steps.
        study.sampler = optuna.samplers.TPESampler(seed=derived_seed(training.seed, number) % 2**32)
        trial = study.ask(space)
        try:
            score = _score(datasets, model, given | trial.params, folder / SEARCH)
        except RunError as error:
            logger.info("trial %d of %d failed: %s", number + 1, trials, error)
            study.tell(trial, state=TrialState.FAIL)
            continue
        study.tell(trial, score)
        logger.info("trial %d of %d: %.4f with %s", number + 1, trials, score, trial.params)
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        raise RunError(f"{folder}: none of the {trials} trials ended with a score.")
    study.trials_dataframe().to_csv(folder / SEARCH / TRIALS, index=False)
    started: Existing = "resume" if (folder / CONFIG).is_file() else "refuse"
    return train(datasets, model, folder, given | study.best_trial.params, existing=started)


def _study(place: Path, about: dict[str, Any]) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(place / _JOURNAL))),
        study_name="search",
        direction="maximize",
        load_if_exists=True,
    )
    if study.user_attrs.get("about", about) != about:
        raise RunError(
            f"{place}: a search on other data, or of another model or settings; choose another run "
            "folder, or start again with --force."
        )
    study.set_user_attr("about", about)
    return study


def _score(
    datasets: Sequence[ChromatinDataset], model: str, settings: Mapping[str, Any], place: Path
) -> float:
    """Train, and give the best validation score."""
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        run = train(datasets, model, Path(scratch) / "run", settings)
        summary = run.training_summary()
    return float(next(value for name, value in summary.items() if name.startswith("valid_")))
