"""What looks wrong with a sequence dataset, from what was found when it was written."""

import pandas as pd

from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.splits import SPLITS

_MUCH_UNKNOWN = 0.5


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
