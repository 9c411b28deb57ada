"""The runs that a run is validated beside, and the maps of all of them."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float
from torch import nn

from attendome.data import ChromatinDataset
from attendome.data.store import plain_texts
from attendome.errors import DataError, RunError
from attendome.interpretation.methods import method_for
from attendome.models.blocks import InputTransform
from attendome.models.classical import ClassicalModel
from attendome.models.descriptions import (
    DESCRIPTION,
    ChromatinDescription,
    build_seeded,
    save_description,
)
from attendome.models.weights import save_weights
from attendome.outputs import new_output
from attendome.workflows.configuration import CONFIG, write_config
from attendome.workflows.explaining import explain_into, method_settings
from attendome.workflows.known_maps import stored_maps
from attendome.workflows.parts import Watch
from attendome.workflows.run import Run, open_chromatin_run
from attendome.workflows.run_folder import Existing
from attendome.workflows.starting import recorded_start
from attendome.workflows.training import train_chromatin

SETTINGS: Mapping[str, Mapping[str, Any]] = {"occlusion": {"width": 5}}
"""Settings of methods in a validation: a single bin is seldom missed, and takes longer."""
REVERSED, UNTRAINED = "reversed-marks", "untrained"
"""Names of the folders of the runs."""
_UNTRAINED_SEED = 10_000  # not one that runs are trained with
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Beside:
    """A run, and what it is held against.

    Attributes:
        run: the run that is validated.
        seeds: runs that differ from it only in the seed.
        reversed_marks: a run of the same seed with the marks in reverse order, if there is one.
        untrained: the model with random weights, if it can be without training.
        notes: what was left out, and why.
    """

    run: Run
    seeds: tuple[Run, ...]
    reversed_marks: Run | None
    untrained: Run | None
    notes: tuple[str, ...]

    def others(self) -> list[Run]:
        """List all but the run itself."""
        more = [run for run in (self.reversed_marks, self.untrained) if run is not None]
        return [*self.seeds, *more]


def runs_beside(run: Run, folder: Path, seeds: int) -> Beside:
    """Train what a run is held against, or go on with what is there.

    Args:
        run: the run that is validated.
        folder: where the runs stand, or are made.
        seeds: how many seeds to compare, with the run's own.

    Raises:
        RunError: a dataset of the run has changed, or its first weights have.
    """
    folder.mkdir(exist_ok=True)
    untrained = None if isinstance(run.loaded, ClassicalModel) else _untrained(run, folder)
    if seeds == 1 or run.config.imported_from is not None:
        why = "one seed was asked for" if seeds == 1 else "the weights were imported"
        note = f"Agreement between seeds and between orders of the marks is not known: {why}."
        return Beside(run, (), None, untrained, (note,))
    own = int(run.config.settings["seed"])
    others = [seed for seed in range(1, seeds + 1) if seed != own][: seeds - 1]
    marks = run.description.marks
    trained = tuple(_trained(run, folder / f"seed-{n}", n, marks) for n in others)
    fixed = "there is one mark" if len(marks) == 1 else "they are those of the first weights"
    if len(marks) == 1 or run.config.init_from:
        note = f"The order of the marks was not changed: {fixed}."
        return Beside(run, trained, None, untrained, (note,))
    turned = _trained(run, folder / REVERSED, own, marks[::-1])
    return Beside(run, trained, turned, untrained, ())


def check_trainable(run: Run) -> None:
    """Check that the datasets of a run are there.

    Raises:
        DataError: one is not.
    """
    for data in run.config.data:
        if not Path(data).exists():
            raise DataError(
                f"{data}: expected the dataset that {run.path} was trained on, to train with other "
                "seeds; put it back, or leave that out with --seeds 1."
            )


def _trained(run: Run, folder: Path, seed: int, marks: tuple[str, ...]) -> Run:
    made = open_chromatin_run(folder) if (folder / DESCRIPTION).is_file() else None
    if made is None:
        existing: Existing = "resume" if (folder / CONFIG).is_file() else "refuse"
        start, config = recorded_start(run.config), run.config
        values = config.settings | {"seed": seed}
        given = None if start else marks
        made = train_chromatin(
            config.data,
            config.model,
            folder,
            values,
            marks=given,
            init_from=start,
            existing=existing,
        )
    if marks == run.description.marks and made.config.fingerprint != run.config.fingerprint:
        raise RunError(
            f"{', '.join(run.config.data)}: changed since {run.path} was trained on it, so that "
            "other seeds say nothing; train it again, or leave that out with --seeds 1."
        )
    return made


def _untrained(run: Run, folder: Path) -> Run:
    """Make a run folder of the model with random weights; the transform of its input is kept."""
    place = folder / UNTRAINED
    if not place.exists():
        with new_output(place) as made:
            made.mkdir()
            write_config(run.config, made)
            save_weights(_random(run.description, run.loaded), made)
            save_description(run.description, made)
    return open_chromatin_run(place)


def _random(description: ChromatinDescription, trained: nn.Module) -> nn.Module:
    model = build_seeded(description, _UNTRAINED_SEED)
    for name, module in model.named_modules():
        if isinstance(module, InputTransform):
            module.load_state_dict(trained.get_submodule(name).state_dict())
    return model


def importance_of(
    run: Run, genes: ChromatinDataset, method: str, folder: Path, watch: Watch
) -> Float[np.ndarray, "gene mark bin"]:
    """Give the maps of a run, its marks in the order of ``genes``; those that stand there are used.

    Args:
        run: the run.
        genes: the genes, with the marks of the run.
        method: name of the method.
        folder: an existing folder for the maps.
        watch: told how far it is.
    """
    target = folder / f"{method}.zarr"
    data, settings = run.dataset(genes), SETTINGS.get(method, {})
    values = method_settings(method_for(method, run.description.model), settings)
    maps = _kept(target, run, data, method)
    if maps is None or maps.attrs["method_settings"] != json.dumps(values.model_dump()):
        step = f"{method}, {folder.name}"
        logger.info("explaining: %s", step)
        with watch(step) as progress:
            maps = explain_into(target, run, data, method, settings, force=True, progress=progress)
    return plain_texts(maps).sel(mark=genes.marks)["importance"].to_numpy()


def _kept(target: Path, run: Run, data: ChromatinDataset, method: str) -> xr.Dataset | None:
    """Open maps that stand there, if they are of these weights and genes."""
    try:
        maps = stored_maps(target, method, run.path, data)
    except DataError:
        return None
    return maps if np.array_equal(maps["gene"], data.xarray["gene"]) else None
