"""The folder of a run: made, gone on with, and read, whatever the model reads."""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from attendome.data import ChromatinDataset, SequenceDataset
from attendome.errors import DataError, RunError
from attendome.training.history import best_epoch, read_history, score_of
from attendome.training.log import written_log
from attendome.workflows.configuration import (
    RunConfig,
    check_replaceable,
    holds_run,
    read_config,
    write_config,
)

METRICS = "metrics.json"
REPORT = "report.html"
Existing = Literal["refuse", "resume", "replace"]
logger = logging.getLogger(__name__)


@contextmanager
def training_in(folder: Path, config: RunConfig, existing: Existing) -> Iterator[None]:
    """Make the run folder, or check that it is the one to go on with; keep the log of the block.

    Of several machines that train together, only the first does so.

    Raises:
        RunError: the run folder exists, or differs from what is to be resumed.
    """
    if config.settings.get("nodes", 1) > 1 and int(os.environ.get("NODE_RANK", "0")) > 0:
        yield
        return
    _open_folder(folder, config, existing)
    with _advice(existing), written_log(folder):
        logger.info(
            "training %s on %s, run folder %s", config.model, ", ".join(config.data), folder
        )
        yield


def _open_folder(folder: Path, config: RunConfig, existing: Existing) -> None:
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


def read_summary(folder: Path) -> dict[str, Any]:
    """Say how training went: number of ``epochs``, the ``best`` and its validation score.

    Raises:
        RunError: the model was not trained here.
    """
    history = read_history(folder)
    if history is None:
        raise RunError(f"{folder}: the model was imported, not trained here.")
    score = score_of(history)
    best = best_epoch(history)
    return {"epochs": len(history), "best": best, score: float(history[score].max())}


def read_metrics(folder: Path, kind: Any) -> dict[str, Any] | None:  # noqa: ANN401
    """Give the content of metrics.json; None where nothing was evaluated yet.

    Args:
        folder: the run folder.
        kind: type of the scores that the content is to hold.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / METRICS
    if not path.is_file():
        return None
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        TypeAdapter[Any](kind).validate_python(content)
    except (ValidationError, ValueError, TypeError) as error:
        raise RunError(
            f"{path}: damaged; make it again with: attendome evaluate {folder}"
        ) from error
    return content


def scored_data(folder: Path, metrics: Mapping[str, Any]) -> str:
    """Say where the dataset is stored that was scored last.

    Raises:
        DataError: it is not there.
    """
    if not Path(metrics["data"]).exists():
        raise DataError(
            f"{metrics['data']}: the dataset scored last is not stored there; score one that "
            f"is with: attendome evaluate {folder} --data DATA.zarr"
        )
    return str(metrics["data"])


def check_unchanged(
    folder: Path, metrics: Mapping[str, Any], data: ChromatinDataset | SequenceDataset
) -> None:
    """Check that the dataset scored last is as it was then.

    Raises:
        DataError: it is not.
    """
    if data.fingerprint() != metrics.get("fingerprint"):
        raise DataError(
            f"{data.name}: changed since it was scored; score it again with: attendome "
            f"evaluate {folder} --data {data.name} --split {metrics['split']}"
        )
