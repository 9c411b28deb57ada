"""Search for the settings that score best on the validation split (Optuna)."""

import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
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

from attendome.errors import RunError, SettingsError
from attendome.models.registry import architecture
from attendome.outputs import write_text
from attendome.training.batches import derived_seed
from attendome.training.log import written_log
from attendome.workflows.configuration import (
    CONFIG,
    SEARCH,
    TRIALS,
    fingerprint,
    resolve,
    settings_of,
    trials_of,
)
from attendome.workflows.run import Run
from attendome.workflows.run_folder import Existing, make_folder
from attendome.workflows.training import Chromatin, opened, train_chromatin

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

_JOURNAL = "journal.log"
_ENDED = (TrialState.COMPLETE, TrialState.FAIL)
logger = logging.getLogger(__name__)


def search_and_train(
    data: Chromatin | Sequence[Chromatin],
    model: str,
    out: str | Path,
    trials: int,
    settings: Mapping[str, Any] | None = None,
    *,
    marks: Sequence[str] | None = None,
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
        marks: the marks to train on, as ``train`` takes them.
        existing: what to do where the run folder exists.

    Raises:
        RunError: the run folder exists, or is of a search on other data or settings.
        SettingsError: a setting is not known, or none is left to search.
    """
    folder, given = Path(out), dict(settings or {})
    space, seed = _space(model, given)
    datasets = opened(data)
    if existing != "resume":
        make_folder(folder, existing)
    elif (folder / CONFIG).is_file() and trials_of(folder) != trials:
        raise RunError(f"{folder}: the search for its settings was of {trials_of(folder)} trials.")
    about = {
        "model": model,
        "data": fingerprint(datasets),
        "given": given,
        "marks": list(marks or ()),
    }
    train_on = partial(train_chromatin, datasets, model, marks=marks)
    study = _study(folder / SEARCH, about)
    with written_log(folder / SEARCH):
        _try_settings(
            study,
            trials,
            seed,
            space,
            lambda tried: _score(train_on, given | tried, folder / SEARCH),
        )
    if not study.get_trials(states=(TrialState.COMPLETE,)):
        raise RunError(f"{folder}: none of the {trials} trials ended with a score.")
    table = study.trials_dataframe()
    ended = table[table["state"].isin([state.name for state in _ENDED])]
    write_text(folder / SEARCH / TRIALS, ended.to_csv(index=False))
    going_on: Existing = "resume" if (folder / CONFIG).is_file() else "refuse"
    return train_on(folder, given | study.best_trial.params, existing=going_on)


def _try_settings(
    study: optuna.Study,
    trials: int,
    seed: int,
    space: dict[str, BaseDistribution],
    score: Callable[[dict[str, Any]], float | None],
) -> None:
    """Try settings until as many are tried as there shall be."""
    while (number := len(study.get_trials(states=_ENDED))) < trials:
        # A sampler of its own for each trial: a search that goes on takes the same steps.
        study.sampler = optuna.samplers.TPESampler(seed=derived_seed(seed, number) % 2**32)
        trial = study.ask(space)
        found = score(trial.params)
        if found is None:
            study.tell(trial, state=TrialState.FAIL)
        else:
            study.tell(trial, found)
        logger.info("trial %d of %d: %s with %s", number + 1, trials, found, trial.params)


def _space(model: str, given: Mapping[str, Any]) -> tuple[dict[str, BaseDistribution], int]:
    """Give what is to be searched, and the seed; what a preset that is named sets is given."""
    _, training = resolve(model, given)
    preset = architecture(model).presets[given["preset"]] if "preset" in given else {}
    taken = {*given, *preset}
    left = {n: SPACE[n] for n in settings_of(model) if n in SPACE and n not in taken}
    if not left:
        raise SettingsError(f"All settings of {model} that could be searched are given.")
    return left, training.seed


def _study(place: Path, about: dict[str, Any]) -> optuna.Study:
    """Begin a search, or go on with the one that is kept there."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob("tmp*"):  # by a trial that was killed
        shutil.rmtree(left)
    try:
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(place / _JOURNAL))),
            study_name="search",
            direction="maximize",
            load_if_exists=True,
        )
    except (ValueError, KeyError) as error:
        raise RunError(
            f"{place / _JOURNAL}: damaged; start the search again with --force."
        ) from error
    if study.user_attrs.get("about", about) != about:
        raise RunError(
            f"{place}: a search on other data, or of another model or settings; choose another run "
            "folder, or start again with --force."
        )
    study.set_user_attr("about", about)
    return study


def _score(train_on: Callable[..., Run], settings: Mapping[str, Any], place: Path) -> float | None:
    """Train, and give the best validation score; None where training failed."""
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        try:
            run = train_on(Path(scratch) / "run", settings)
        except RunError as error:
            logger.info("failed: %s", error)
            return None
        summary = run.training_summary()
    return float(next(value for name, value in summary.items() if name.startswith("valid_")))
