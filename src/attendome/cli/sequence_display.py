"""How sequence datasets look on a terminal."""

from collections.abc import Iterator, Mapping
from math import isnan
from typing import TYPE_CHECKING, Any

from attendome.cli.display import console, new_table, say, settings, warnings

if TYPE_CHECKING:
    import pandas as pd

    from attendome.data import SequenceDataset
    from attendome.workflows.sequence.planning import Plan


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


def run(content: Mapping[str, Any]) -> None:
    """Print what the run folder of a model that reads DNA holds."""
    say(f"Run of {content['model']} on {', '.join(content['data'])}")
    assays = ", ".join(
        f"{count} {name or 'not named'}" for name, count in content["assays"].items()
    )
    say(
        f"{content['length']:,} bp in, {content['bins']:,} bins of {content['bin_size']} bp out; "
        f"{content['tracks']} tracks ({assays}); {content['parameters']:,} parameters"
    )
    if content["init_from"]:
        say(f"Started from {content['init_from']}, with its {' and '.join(content['restored'])}")
    settings(content["settings"])
    if content["metrics"]:
        scores(content["metrics"])
    else:
        say("Not evaluated yet: attendome evaluate RUN")


def scores(content: Mapping[str, Any]) -> None:
    """Print mean scores over tracks with their intervals, from the content of metrics.json."""
    say(f"Split '{content['split']}' of {content['data']}: {content['n']} regions")
    table = new_table("", "mean over", "Pearson's r", "95% interval", "R²", "95% interval")
    pearson, r2 = content["pearson"], content["r2"]
    table.add_row(f"all {content['tracks']} tracks", *_cells(pearson["overall"], r2["overall"]))
    for assay in pearson["by_assay"]:
        table.add_row(
            assay or "not named", *_cells(pearson["by_assay"][assay], r2["by_assay"][assay])
        )
    console.print(table)
    if content["left_out"]:
        say(f"Left out {content['left_out']} tracks whose coverage is the same in all bins.")
    if content["constant"]:
        say(f"Of {content['constant']} tracks the prediction is the same in all bins: r = 0.")


def _cells(*rows: Mapping[str, Any]) -> Iterator[str]:
    for row in rows:
        known = row["value"] is not None
        yield f"{row['value']:.4f}" if known else "–"
        yield f"{row['low']:.3f} – {row['high']:.3f}" if row["low"] is not None else row["note"]


def reach(table: "pd.DataFrame") -> None:
    """Print Pearson's r with all masked that is farther than a distance."""
    groups = table["assay"].unique()
    shown = new_table("Pearson's r within a reach", "bp on each side of a bin", *groups)
    for distance, rows in table.groupby("distance"):
        values = rows.set_index("assay")["pearson"].reindex(groups)
        shown.add_row(f"{distance:,}", *("–" if isnan(r) else f"{r:.4f}" for r in values))
    console.print(shown)


def plan(found: "Plan") -> None:
    """Print what a training will take."""
    rows = {
        "parameters": f"{found.parameters:,}",
        "weights, gradients and Adam's means": _memory(found.weight_bytes),
        f"activations of {found.batch} regions, estimated": _memory(found.activation_bytes),
        "memory of the device": _memory(found.memory_bytes),
    }
    if found.peak_bytes is not None:
        rows["peak memory of a batch, measured"] = _memory(found.peak_bytes)
    rows["batches of an epoch"] = f"{found.batches:,}"
    if found.seconds is not None:
        rows["time per batch, measured"] = f"{found.seconds:.3g} s"
        rows["time per epoch, without validation"] = f"{found.seconds * found.batches / 60:.3g} min"
    table = new_table(f"Training {found.model} on {found.device}", "what", "amount")
    for name, amount in rows.items():
        table.add_row(name, amount)
    console.print(table)
    if found.start:
        say(found.start)
    if found.seconds is None:
        warnings(
            [
                "this does not fit; choose a smaller batch_size (with accumulate for the same "
                "steps), gradient_checkpointing=true or scale=small."
            ]
        )


def _memory(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
