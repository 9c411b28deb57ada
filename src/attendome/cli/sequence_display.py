"""How sequence datasets look on a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attendome.cli.display import console, new_table, say, warnings

if TYPE_CHECKING:
    from attendome.data import SequenceDataset


def size(data: "SequenceDataset") -> str:
    """Say how large a dataset is."""
    return (
        f"{len(data)} regions × {data.length:,} bp, {len(data.tracks)} tracks × {data.bins:,} bins "
        f"of {data.bin_size} bp"
    )


def information(content: Mapping[str, Any]) -> None:
    """Print what a sequence dataset holds."""
    say(f"Sequence dataset, assembly {content['assembly'] or 'not known'}")
    crop = f" after a crop of {content['crop']:,} bp on each side" if content["crop"] else ""
    say(
        f"{content['regions']} regions of {content['length']:,} bp; {content['bins']:,} bins of "
        f"{content['bin_size']} bp{crop}; {content['tracks']} tracks, {content['dtype']}"
    )
    splits = new_table("Splits", "split", "regions", "N", "input overlaps a training region's")
    for name, row in content["splits"].items():
        leak = content["leak"].get(name)
        said = f"{leak['overlapping']} of {leak['regions']}" if leak else ""
        splits.add_row(name, str(row["regions"]), f"{row['unknown']:.2%}", said)
    console.print(splits)
    assays = new_table("Tracks", "assay", "tracks", "stranded", "mean of a bin", "max")
    for name, row in content["assays"].items():
        cells = (
            str(row["tracks"]),
            str(row["stranded"]),
            f"{row['mean']:.3g}",
            f"{row['max']:.4g}",
        )
        assays.add_row(name or "not named", *cells)
    console.print(assays)
    for note in content["notes"]:
        say(note)
    warnings(content["problems"])
