"""Say what a dataset or a run folder holds."""

from pathlib import Path
from typing import Any

from attendome.config import Settings
from attendome.data import ChromatinDataset, open_dataset
from attendome.data.splits import SPLITS
from attendome.errors import DataError
from attendome.models.registry import MODELS
from attendome.training.settings import TrainingSettings
from attendome.workflows.configuration import CONFIG, resolve
from attendome.workflows.run import open_run

PUBLISHED_SIZE = {"chromatin": (5, 100)}


def describe(path: str | Path) -> dict[str, Any]:
    """Describe a dataset or a run folder in plain values.

    Raises:
        DataError: there is nothing at ``path``, or neither a dataset nor a run.
        RunError: the run is not finished or damaged.
    """
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"{folder}: no such dataset or run folder.")
    if (folder / CONFIG).is_file():
        return _describe_run(folder)
    return _describe_dataset(open_dataset(folder))


def _describe_run(folder: Path) -> dict[str, Any]:
    run = open_run(folder)
    return {
        "kind": "run",
        "model": run.config.model,
        "data": run.config.data,
        "marks": list(run.description.marks),
        "bins": run.description.bins,
        "bin_size": run.description.bin_size,
        "settings": run.config.settings,
        "metrics": run.last_scores(),
    }


def _describe_dataset(data: ChromatinDataset) -> dict[str, Any]:
    genes, signal = data.genes, data.signal
    splits = {}
    for name in SPLITS:
        part = genes[genes["split"] == name]
        counts = {"genes": len(part)}
        if "label" in part:
            counts |= {"on": int(part["label"].sum()), "off": int((part["label"] == 0).sum())}
        splits[name] = counts
    return {
        "kind": "chromatin",
        "cell_type": data.cell_type,
        "assembly": data.xarray.attrs["assembly"],
        "genes": len(genes),
        "bins": data.bins,
        "bin_size": data.bin_size,
        "oriented": data.oriented,
        "label_rule": data.xarray.attrs["label_rule"],
        "expression": "expression" in data.xarray,
        "truth": data.xarray.attrs.get("truth"),
        "splits": splits,
        "leak": {name: data.leak(name) for name in ("valid", "test")},
        "marks": {
            mark: {
                "mean": float(signal.sel(mark=mark).mean()),
                "max": float(signal.sel(mark=mark).max()),
                "zero": float((signal.sel(mark=mark) == 0).mean()),
            }
            for mark in data.marks
        },
        "sources": data.xarray.attrs["sources"],
        "fingerprint": data.fingerprint(),
    }


def list_models() -> list[dict[str, Any]]:
    """List the models: name, task, summary, parameters at the published size, settings.

    Each setting, of the model or of its training, has its value in every preset.
    """
    rows = []
    for name, entry in MODELS.items():
        resolved = {preset: resolve(name, {"preset": preset}) for preset in entry.presets}
        network = entry.build(*PUBLISHED_SIZE[entry.task], entry.settings())
        groups: tuple[type[Settings], ...] = (entry.settings, TrainingSettings)
        settings = {
            key: {
                "about": field.description,
                **{preset: getattr(values[part], key) for preset, values in resolved.items()},
            }
            for part, group in enumerate(groups)
            for key, field in group.model_fields.items()
        }
        rows.append(
            {
                "name": name,
                "task": entry.task,
                "summary": entry.summary,
                "parameters": sum(weights.numel() for weights in network.parameters()),
                "settings": settings,
            }
        )
    return rows
