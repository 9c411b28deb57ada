"""Say what a sequence dataset holds."""

from typing import Any

import numpy as np

from attendome.data import SequenceDataset
from attendome.data.sequence.problems import problems
from attendome.data.splits import SPLITS


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
