"""Check what maps of importance say: against a held-out mark, the model itself, and other runs."""

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from jaxtyping import Bool, Float
from scipy.special import expit

from attendome.data import as_chromatin
from attendome.errors import DataError, SettingsError
from attendome.interpretation.marks import OnMarks
from attendome.interpretation.methods import method_for, methods_of
from attendome.interpretation.verdicts import verdict
from attendome.models.readout import TargetName
from attendome.outputs import write_text
from attendome.reports.validation import Validation, write_validation
from attendome.training.batches import check_complete
from attendome.training.inference import model_input
from attendome.workflows.configuration import versions
from attendome.workflows.explaining import origin_of
from attendome.workflows.matching import Data
from attendome.workflows.parts import Watch
from attendome.workflows.run import Run, open_chromatin_run
from attendome.workflows.validation_checks import FAITHFUL, Genes, checked, sample
from attendome.workflows.validation_runs import (
    SETTINGS,
    Beside,
    check_trainable,
    runs_beside,
)

VALIDATION = "validation"
"""The folder, in that of a run, of its validation."""
_ABOUT = "validation.json"
_GENES = 1000
_FEWEST_GENES, _FEWEST_ON = 3, 10


def validate(
    run: Run | str | Path,
    held_out: str,
    *,
    data: Data = None,
    out: str | Path | None = None,
    seeds: int = 3,
    methods: Sequence[str] | None = None,
    watch: Watch = lambda _step: nullcontext(lambda _done, _all: None),
) -> Validation:
    """Validate what methods of explanation say of a run, on the genes of the test split.

    Of more than 1,000 genes a sample is taken. Given again, it goes on where it was.

    Args:
        run: a run that was trained on some of the marks of a dataset.
        held_out: a mark of the dataset that is none of them.
        data: the dataset; by default the one that the run was made from.
        out: the folder to make, or to go on with; by default ``validation`` in the run folder.
        seeds: how many seeds to compare: so many runs, less one, are trained as the run was, and
            one more with its marks in reverse order. With 1, none is.
        methods: names of the methods; by default all that the model takes.
        watch: told the name of each step, gives what is told how much of it is done.

    Returns:
        The table, curves and verdicts, which the folder holds too, with figures and a page.

    Raises:
        SettingsError: a method is unknown, the model does not take it, or it reads the mark.
        DataError: the dataset has no such mark, too few genes are in the test split, or the folder
            holds something else.
    """
    opened = open_chromatin_run(run)
    names = _methods(opened, methods)
    genes = _genes(opened, held_out, data)
    if seeds > 1 and opened.config.imported_from is None:
        check_trainable(opened)
    folder = Path(out or opened.path / VALIDATION)
    _open_folder(folder, origin_of(opened.path, genes.data) | {"held_out": held_out})
    try:
        with FileLock(folder / ".lock", timeout=0):
            beside = runs_beside(opened, folder / "runs", seeds)
            table, curves = checked(beside, genes, names, folder / "maps", watch)
            unit = "log odds" if opened.description.readout.target == "label" else "log2 expression"
            found = Validation(
                held_out=held_out,
                unit=unit,
                table=table,
                curves=curves,
                verdicts={name: verdict(table, name, held_out, unit) for name in names},
                notes=(*filter(None, [genes.note]), *beside.notes),
                facts=_facts(opened, genes, held_out, beside),
            )
            write_validation(found, folder)
    except Timeout as error:
        raise DataError(f"{folder}: another validation is at work there.") from error
    except KeyboardInterrupt as error:
        error.add_note("Give the same command again: it goes on.")
        raise
    return found


def _methods(run: Run, names: Sequence[str] | None) -> list[str]:
    model = run.description.model
    for name in names or ():
        method_for(name, model)
    return list(dict.fromkeys(names)) if names else methods_of(model)


def _genes(run: Run, held_out: str, data: Data) -> Genes:
    matched = run.dataset(data)
    every = as_chromatin(run.config.data[0] if data is None else data)
    if held_out in run.description.marks:
        raise SettingsError(
            f"{held_out} is a mark that {run.path} reads; name one of the dataset that it was not "
            "trained on (attendome train DATA.zarr --marks A,B,... leaves out the others)."
        )
    test = matched.split("test")
    chosen = sample(test.xarray.sizes["gene"], _GENES)
    part = replace(test, xarray=test.xarray.isel(gene=chosen))
    other = every.with_marks([held_out]).split("test")
    target = replace(other, xarray=other.xarray.isel(gene=chosen))
    check_complete(target)
    marks, readout = run.description.marks, run.description.readout
    model = OnMarks(run.model, readout, len(marks), [marks.index(mark) for mark in part.marks])
    signal = model_input(part, part.marks)
    on, note = _predicted_on(model.predict(signal).numpy(), readout.target)
    if on.sum() < _FEWEST_GENES:
        raise DataError(
            f"{matched.name}: of the {len(on)} genes in its test split {on.sum()} have predictions "
            f"above the middle; a validation needs {_FEWEST_GENES} or more."
        )
    return Genes(part, target, model, signal, on, test.xarray.sizes["gene"], note)


def _predicted_on(
    predicted: Float[np.ndarray, " gene"], target: TargetName
) -> tuple[Bool[np.ndarray, " gene"], str]:
    """Tell which genes are predicted on, or high, and what must be said of that."""
    high = predicted > np.median(predicted)
    if target == "expression":
        return high, ""
    on = predicted >= 0
    if on.sum() >= _FEWEST_ON:
        return on, ""
    lowest, highest = expit([predicted.min(), predicted.max()])
    return high, (
        f"The model gives {on.sum()} of the {len(on)} genes a probability of .5 or more (they lie "
        f"between {lowest:.2f} and {highest:.2f}): the half with the higher predictions stands for "
        "those predicted on (train with --set calibration=platt for probabilities on both sides of "
        ".5; where they hardly differ, the model has learned little that a map could show)."
    )


def _open_folder(folder: Path, about: Mapping[str, str]) -> None:
    """Make the folder, or check that what stands there is of the same run, genes and mark."""
    place = folder / _ABOUT
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not place.is_file())):
        raise DataError(f"{folder}: holds something else than a validation; choose another name.")
    text = json.dumps(about, indent=2) + "\n"
    if not place.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_text(place, text)
    elif place.read_text("utf-8") != text:
        raise DataError(
            f"{folder}: holds a validation of other weights, other genes or another held-out mark; "
            "choose another folder with --out, or remove it."
        )


def _facts(run: Run, genes: Genes, held_out: str, beside: Beside) -> dict[str, str]:
    count, on = len(genes.on), genes.on.sum()
    of = f"{count} of the test split" if count == genes.of else f"{count} of {genes.of}, drawn"
    halved = genes.note or run.description.readout.target == "expression"
    what = "with the higher predictions" if halved else "predicted on"
    trained = [] if run.config.imported_from else [run, *beside.seeds]
    return {
        "Run": f"{run.path} ({run.description.model})",
        "Dataset": genes.data.name,
        "Marks of the model": ", ".join(run.description.marks),
        "Held-out mark": held_out,
        "Genes": f"{of}; {on} {what}; curves: {min(count, FAITHFUL)}",
        "Settings": ", ".join(
            f"{method}: {key}={value}"
            for method, given in SETTINGS.items()
            for key, value in given.items()
        ),
        "Seeds": ", ".join(str(one.config.settings["seed"]) for one in trained) or "not known",
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }
