"""Say what a sequence dataset holds, and what looks wrong with it."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from attendome.data import SequenceDataset
from attendome.data.splits import SPLITS
from attendome.workflows.sequence.run import SequenceRun

_MUCH_UNKNOWN = 0.5


def describe_sequence(data: SequenceDataset) -> dict[str, Any]:
    """Describe a sequence dataset in plain values; its regions are not read."""
    attributes = data.xarray.attrs
    return {
        "kind": "sequence",
        "assembly": attributes["assembly"],
        "regions": len(data),
        "length": data.length,
        "bins": data.bins,
        "bin_size": data.bin_size,
        "crop": data.crop,
        "dtype": str(data.xarray["coverage"].dtype),
        "tracks": len(data.tracks),
        "splits": _splits(data),
        "leak": {name: data.leak(name) for name in SPLITS[1:]},
        "assays": _assays(data),
        "problems": problems(data),
        "target_processing": attributes["target_processing"],
        "notes": list(attributes["build"].get("notes", [])),
        "sources": attributes["sources"],
        "fingerprint": data.fingerprint(),
    }


def describe_input(run: SequenceRun) -> dict[str, Any]:
    """Describe what the model of a run reads and predicts, in plain values."""
    description = run.description
    return {
        "tracks": len(description.tracks),
        "assays": dict(Counter(description.assays)),
        "length": description.length,
        "bins": description.shape.bins,
        "bin_size": description.bin_size,
        "crop": description.crop,
        "parameters": sum(weights.numel() for weights in run.loaded.parameters()),
        "init_from": run.config.init_from,
        "restored": list(run.config.restored) if run.config.restored else None,
    }


def _splits(data: SequenceDataset) -> dict[str, dict[str, Any]]:
    """Count the regions of each split, and give the share of their bases that is N."""
    table = data.regions.assign(unknown=data.xarray["unknown_bases"].to_numpy() / data.length)
    parts = {name: table[table["split"] == name] for name in SPLITS}
    return {
        name: {"regions": len(part), "unknown": float(part["unknown"].mean()) if len(part) else 0.0}
        for name, part in parts.items()
    }


def _assays(data: SequenceDataset) -> dict[str, dict[str, Any]]:
    found = data.xarray.coords
    table = data.tracks.assign(
        stranded=data.tracks["strand_pair"] != np.arange(len(data.tracks)),
        mean=found["coverage_mean"].to_numpy(),
        max=found["coverage_max"].to_numpy(),
    )
    return {
        str(assay): {
            "tracks": len(part),
            "stranded": int(part["stranded"].sum()),
            "mean": float(part["mean"].mean()),
            "max": float(part["max"].max()),
        }
        for assay, part in table.groupby("assay", sort=False)
    }


def problems(data: SequenceDataset) -> list[str]:
    """Say in words what is likely to spoil a training; nothing is read from disk."""
    found = data.xarray
    tracks = pd.Index(found["track"].to_numpy())
    largest = "float16's largest number" if found["coverage"].dtype == "f2" else "float32's largest"
    kinds = {
        "0 in every bin": (found["coverage_max"] == 0) & (found["coverage_mean"] == 0),
        "NaN in some bins, which spoils the loss": found["coverage_missing"] > 0,
        f"at {largest} or beyond it in some bins": found["coverage_overflow"] > 0,
    }
    texts = [
        f"{_some(tracks[chosen.to_numpy()])}: {kind}."
        for kind, chosen in kinds.items()
        if chosen.any()
    ]
    unknown = int((found["unknown_bases"] > _MUCH_UNKNOWN * data.length).sum())
    if unknown:
        texts.append(f"{unknown} of {len(data)} regions are mostly N.")
    for split in SPLITS[1:]:
        leak = data.leak(split)
        if leak["overlapping"]:
            texts.append(
                f"{leak['overlapping']} of {leak['regions']} {split} regions overlap the input of "
                "a training region."
            )
    return texts


def _some(names: pd.Index) -> str:
    shown = ", ".join(map(str, names[:3]))
    return shown if len(names) <= 3 else f"{len(names)} tracks, such as {shown}"
