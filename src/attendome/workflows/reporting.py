"""Gather what the report of a run shows."""

from typing import TYPE_CHECKING, Any

import xarray as xr

from attendome.data import ChromatinDataset, open_chromatin
from attendome.interpretation.attention import prediction_maps
from attendome.models.classical import ClassicalModel
from attendome.reports import ReportContent
from attendome.training.history import best_epoch, read_history
from attendome.workflows.configuration import RunConfig
from attendome.workflows.reported_maps import explanations

if TYPE_CHECKING:
    from attendome.workflows.run import Run


def report_content(run: "Run", data: ChromatinDataset, metrics: dict[str, Any]) -> ReportContent:
    """Gather the content of the report.

    Args:
        run: the run.
        data: the dataset of the last evaluation, with the marks in the model's order.
        metrics: the content of metrics.json.
    """
    config, model = run.config, run.model
    part, history = data.split(metrics["split"]), read_history(run.path)
    maps = prediction_maps(model, part, run.description)
    return ReportContent(
        title=f"{config.model} on {data.cell_type or data.name}",
        facts=_facts(config, data, metrics),
        metrics=metrics,
        history=history,
        best_epoch=None if history is None else best_epoch(history),
        maps=maps,
        readout=run.description.readout,
        signal=part.signal.to_numpy(),
        warnings=_warnings(config, data, metrics),
        terms=model.terms(data.marks, data.bin_size) if isinstance(model, ClassicalModel) else [],
        explanations=explanations(run, data, maps, metrics),
        unseen=_unseen(data, metrics["split"]) if "alpha" in maps else None,
    )


def _unseen(data: ChromatinDataset, split: str) -> xr.DataArray | None:
    """Give the signal of the marks of a stored dataset that were left out of ``data``."""
    if data.path is None:
        return None
    whole = open_chromatin(data.path)
    others = [mark for mark in whole.marks if mark not in data.marks]
    return whole.with_marks(others).split(split).signal if others else None


def _facts(config: RunConfig, data: ChromatinDataset, metrics: dict[str, Any]) -> dict[str, str]:
    sizes = data.genes["split"].value_counts()
    order = "5'→3' on both strands" if data.oriented else "in genome order on both strands"
    origin = (
        f"imported from {config.imported_from['file']}"
        if config.imported_from
        else f"trained on {', '.join(config.data)}"
    )
    return {
        "Model": config.model,
        "Weights": origin + (f", started from {config.init_from}" if config.init_from else ""),
        "Scored on": f"split '{metrics['split']}' of {metrics['data']}",
        "Cell type": f"{data.cell_type} (assembly: {data.xarray.attrs['assembly']})",
        "Genes": ", ".join(f"{sizes.get(name, 0)} {name}" for name in ("train", "valid", "test")),
        "Marks": ", ".join(data.marks),
        "Bins": f"{data.bins} × {data.bin_size} bp around the TSS, {order}",
        "Labels": str(data.xarray.attrs["label_rule"]),
        "Settings": ", ".join(f"{name} = {value}" for name, value in config.settings.items()),
        "Versions": ", ".join(f"{name} {number}" for name, number in config.versions.items()),
    }


def _warnings(config: RunConfig, data: ChromatinDataset, metrics: dict[str, Any]) -> list[str]:
    """Say what makes the score look better than it is."""
    split = metrics["split"]
    if config.imported_from:
        return [
            "The weights were imported: which genes they were trained on is not known here, and "
            "genes that they have seen make the score too good."
        ]
    if data.fingerprint() != config.fingerprint and not _one_of_several(config, data, metrics):
        return [_elsewhere(metrics)]
    if split != "test":
        use = "were used in training" if split == "train" else "chose the best epoch"
        return [f"These genes {use}: the score is too good for new genes."]
    leak = data.leak(split)
    if leak["overlapping"] is None:
        return ["The genes have no locations: whether windows overlap between splits is not known."]
    if leak["overlapping"]:
        return [
            f"{leak['overlapping']} of {leak['located']} genes scored have a window that overlaps "
            "a training gene's: part of their signal was seen in training."
        ]
    return []


def _one_of_several(config: RunConfig, data: ChromatinDataset, metrics: dict[str, Any]) -> bool:
    """Tell whether the genes scored are of one of the datasets that were trained on together."""
    trained_on = data.path is not None and str(data.path.resolve()) in config.data
    return len(config.data) > 1 and trained_on and metrics["seen_in_training"] is not None


def _elsewhere(metrics: dict[str, Any]) -> str:
    """Say what a score means for genes of another dataset than the one trained on."""
    seen = metrics["seen_in_training"]
    if seen is None:
        return (
            "The genes scored are not of the dataset that the model was trained on, or that has "
            "changed; they may have been seen in training, in this or in another cell type."
        )
    return (
        f"The genes scored are not of the dataset that the model was trained on; {seen} of "
        f"{metrics['n']} were seen in training, in this or in another cell type."
    )
