"""The maps, and the verdicts on them, that a report finds in a run folder."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from pydantic import TypeAdapter

from attendome.data import ChromatinDataset
from attendome.errors import DataError
from attendome.interpretation.methods import METHODS
from attendome.models.registry import chromatin_architecture
from attendome.reports.content import Explanations
from attendome.workflows.explaining import explain, origin_of
from attendome.workflows.known_maps import stored_maps

if TYPE_CHECKING:
    from attendome.workflows.run import Run

GRADIENTS = ("integrated-gradients", "deeplift", "gradient-x-input", "saliency")
PATTERNS = "class-optimisation"
SHOWN = (*GRADIENTS, "occlusion")
"""The methods whose maps a report shows per gene; α and β it computes itself."""
VALIDATION, ABOUT, VERDICTS = "validation", "validation.json", "verdicts.json"


def explanations(
    run: "Run", data: ChromatinDataset, maps: xr.Dataset, metrics: dict[str, Any]
) -> Explanations:
    """Gather what stands in a run folder about the genes scored.

    Where no gradient map is stored and the model has a gradient, gradient × input is computed.

    Args:
        run: the run.
        data: the dataset of the last evaluation, with the marks in the model's order.
        maps: the predictions for the genes scored.
        metrics: the content of metrics.json.
    """
    found, patterns, notes = _stored(run, data, maps)
    if not set(GRADIENTS) & set(found) and not _why_not("gradient-x-input", run):
        part = data.split(metrics["split"])
        made = explain(run.model, run.description, part, "gradient-x-input")
        found = {"gradient-x-input": made} | found
    absent = {
        "gradient-x-input": not set(GRADIENTS) & set(found),
        "occlusion": "occlusion" not in found,
        PATTERNS: patterns is None,
    }
    folder, verdicts = run.path / VALIDATION, dict[str, str]()
    try:
        if (folder / VERDICTS).exists():
            verdicts = _verdicts(folder, origin_of(run.path, data)["weights_sha256"])
    except DataError as error:
        notes.append(f"The validation in {folder} is left out: {error}")
    return Explanations(
        maps=found,
        patterns=patterns,
        missing={name: _missing(name, run, metrics) for name in absent if absent[name]},
        notes=notes,
        verdicts=verdicts,
        validate=f"attendome explain {shlex.quote(str(run.path))} --validate --held-out MARK",
    )


def _stored(
    run: "Run", data: ChromatinDataset, maps: xr.Dataset
) -> tuple[dict[str, xr.Dataset], xr.DataArray | None, list[str]]:
    """Read the stored maps of the genes scored, by method, and the class-optimised patterns.

    The last thing given says why some are left out.
    """
    found, patterns, notes = dict[str, xr.Dataset](), None, list[str]()
    for method in (*SHOWN, PATTERNS):
        path = run.path / f"{method}.zarr"
        if not path.exists():
            continue
        try:
            stored = stored_maps(path, method, run.path, data)
            if method == PATTERNS:
                patterns = stored["importance_mean"]
            else:
                found[method] = _of_genes(stored, maps)
        except DataError as error:
            notes.append(f"{path.name} is left out: {error}")
    return found, patterns, notes


def _of_genes(stored: xr.Dataset, maps: xr.Dataset) -> xr.Dataset:
    """Give the maps of the genes scored, in their order; NaN for those not covered.

    Raises:
        DataError: none is covered.
    """
    if not np.isin(maps["gene"], stored["gene"]).any():
        raise DataError("it covers none of the genes scored.")
    plain = stored[["importance", "mark_importance"]].reset_coords(drop=True)
    return plain.reindex(gene=maps["gene"].to_numpy())


def _why_not(method: str, run: "Run") -> str:
    """Say why the model does not take a method; empty where it does."""
    model = run.description.model
    return METHODS[method].why_not(model, chromatin_architecture(model))


def _missing(method: str, run: "Run", metrics: dict[str, Any]) -> str:
    """Give the command that makes the maps of the genes scored, or say why there is none."""
    own = list(run.config.data) == [str(Path(metrics["data"]).resolve())]
    words = ["attendome", "explain", str(run.path), "--method", method]
    words += [] if own else ["--data", metrics["data"]]
    return _why_not(method, run) or shlex.join([*words, "--split", metrics["split"]])


def _verdicts(folder: Path, weights: str) -> dict[str, str]:
    """Read the verdict on each method of a validation.

    Raises:
        DataError: it is damaged, or of other weights.
    """
    try:
        about = TypeAdapter(dict[str, str]).validate_json((folder / ABOUT).read_bytes())
        rows = TypeAdapter(list[dict[str, str]]).validate_json((folder / VERDICTS).read_bytes())
        verdicts = {row["method"]: row["verdict"] for row in rows}
    except (OSError, ValueError, KeyError) as error:
        raise DataError("it is damaged; validate again.") from error
    if about.get("weights_sha256") != weights:
        raise DataError("it is of other weights than the run has now; validate again.")
    return verdicts
