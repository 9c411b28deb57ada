"""How results look on a terminal."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import xarray as xr

_INCOMPLETE = 0.1
"""From there on, importance does not add up."""
console = Console(highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Print a line."""
    typer.echo(text)


def as_json(content: object) -> None:
    """Print plain values as JSON."""
    typer.echo(json.dumps(content, indent=2))


def made(path: object, shape: tuple[int, ...], sources: list[dict[str, Any]]) -> None:
    """Print that a dataset of so many genes, marks and bins was made from some sources."""
    repeated = sum(source.get("repeated_genes_left_out", 0) for source in sources)
    if repeated:
        say(f"Left out {repeated} further copies of genes that stand several times.")
    say("Wrote {}: {} genes × {} marks × {} bins.".format(path, *shape))


def new_table(title: str, *columns: str) -> Table:
    """Give a table; the first column is text, the others are numbers."""
    table = Table(title=title or None, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def dataset(content: Mapping[str, Any]) -> None:
    """Print what a chromatin dataset holds."""
    from attendome.data.schema import LOG2_RATIO

    order = "5'→3'" if content["oriented"] else "genome order"
    half = content["bins"] * content["bin_size"] // 2
    ratio = content["expression_scale"] == LOG2_RATIO
    groups = ("higher", "not higher") if ratio else ("on", "off")
    say(
        f"{'Differential chromatin' if ratio else 'Chromatin'} dataset, cell "
        f"type{'s' if ratio else ''} {content['cell_type']}, assembly {content['assembly']}"
    )
    say(
        f"{content['genes']} genes; {content['bins']} bins of {content['bin_size']} bp "
        f"(TSS ± {half} bp, {order}); labels: {content['label_rule']}; "
        f"expression: {content['expression_scale'] or 'none'}"
    )
    splits = new_table("Splits", "split", "genes", *groups, "window overlaps a training gene's")
    for name, counts in content["splits"].items():
        on, off = (str(counts.get(key, "–")) for key in ("on", "off"))
        splits.add_row(name, str(counts["genes"]), on, off, _leak(content["leak"].get(name)))
    console.print(splits)
    _marks(content["quality"]["marks"])
    if content["truth"]:
        say("Simulated: the planted truth is in `planted`, `effect` and the attribute `truth`.")
    warnings(content["quality"]["warnings"])


def _marks(rows: Mapping[str, Mapping[str, Any]]) -> None:
    columns = ("million reads used", "in windows", "mean", "max", "zero", "no data")
    table = new_table("Signal per bin", "mark", *columns)
    for name, row in rows.items():
        values = [row[key] for key in ("depth", "in_windows", "mean", "max", "zero", "missing")]
        forms = (".2f", ".0%", ".2f", ".0f", ".0%", ".0%")
        cells = ["–" if v is None else format(v, f) for v, f in zip(values, forms, strict=True)]
        table.add_row(name, *cells)
    console.print(table)


def warnings(texts: list[str]) -> None:
    """Print what looks wrong with a dataset."""
    for text in texts:
        say(f"Warning: {text}")


def _leak(leak: Mapping[str, int | None] | None) -> str:
    if leak is None:
        return ""
    if leak["overlapping"] is None:
        return "not known: the genes have no locations"
    return f"{leak['overlapping']} of {leak['located']}"


def run(content: Mapping[str, Any]) -> None:
    """Print what a run folder holds."""
    say(f"Run of {content['model']} on {', '.join(content['data'])}")
    say(f"Marks: {', '.join(content['marks'])}; {content['bins']} bins of {content['bin_size']} bp")
    settings(content["settings"])
    if content["metrics"]:
        scores(content["metrics"])
    else:
        say("Not evaluated yet: attendome evaluate RUN")


def settings(values: Mapping[str, Any]) -> None:
    """Print the settings of a run."""
    table = new_table("Settings", "setting", "value")
    for name, value in values.items():
        table.add_row(name, str(value))
    console.print(table)


def scores(content: Mapping[str, Any]) -> None:
    """Print scores with their intervals, from the content of metrics.json."""
    estimates = {name: row for name, row in content.items() if isinstance(row, dict)}
    title = f"Split '{content['split']}' of {content['data']}: {content['n']} genes, "
    title += content["unit"] if "unit" in content else f"{content['on']} on, {content['off']} off"
    say(title)  # as the title of the table it would be cut into lines
    table = new_table("", "score", "value", "95% interval")
    for name, row in estimates.items():
        if row["value"] is None:
            table.add_row(name, "–", row["note"])
        else:
            table.add_row(name, f"{row['value']:.4f}", f"{row['low']:.4f} – {row['high']:.4f}")
    console.print(table)
    if content.get("seen_in_training") and content["split"] != "train":
        seen = content["seen_in_training"]
        warnings([f"{seen} of these genes were seen in training, in this or another cell type."])


def models(rows: list[dict[str, Any]]) -> None:
    """Print the models and their settings."""
    for row in rows:
        say(f"{row['name']} ({row['task']}): {row['summary']}")
        if row["parameters"]:
            say(f"{row['parameters']:,} parameters at the published size")
        presets = [key for key in next(iter(row["settings"].values())) if key != "about"]
        table = new_table("Settings, by preset", "setting", *presets, "about")
        table.columns[-1].justify = "left"
        for name, setting in row["settings"].items():
            values = [str(setting[preset]) for preset in presets]
            table.add_row(name, *values, setting["about"])
        console.print(table)


def trained(history: Mapping[str, Any], folder: str) -> None:
    """Print how a training ended."""
    from attendome.training.history import TITLES

    score = next(f"{TITLES[name]} {value:.4f}" for name, value in history.items() if name in TITLES)
    say(
        f"Wrote {folder}: best of {history['epochs']} epochs is {history['best']}, "
        f"validation {score}."
    )
    say(f"Next: attendome evaluate {folder}; attendome report {folder}")


def explained(maps: "xr.Dataset", path: object) -> None:
    """Print where maps are, and whether importance adds up to the prediction where it should."""
    say(f"Wrote {path}: {maps.sizes['gene']} genes.")
    error = maps.attrs.get("completeness_error")
    if error is not None:
        said = "importance adds up to the prediction minus that of the baseline"
        say(f"Over the cells of a gene, {said}, within {error:.1%}.")
    if error is not None and error > _INCOMPLETE:
        warnings(["that is too far off; choose more steps (--set steps=200), or occlusion."])


def demo(content: Mapping[str, Any]) -> None:
    """Print what the demo found."""
    scores(content["scores"])
    recovery = content["recovery"]
    table = new_table(
        "Planted truth against attention, test genes",
        "mark",
        "planted effect",
        "highest α·β",
        "planted among its top bins",
        "by chance",
    )
    for row in recovery["marks"]:
        shares = ["–" if row[k] is None else f"{row[k]:.0%}" for k in ("found", "chance")]
        table.add_row(row["mark"], f"{row['effect']:+.1f}", f"{row['weight']:.3f}", *shares)
    console.print(table)
    first = "come first" if recovery["marks_first"] else "do not all come first"
    say(
        f"By α·β, the marks that drive expression {first}; of the ten cells (mark × bin) with the "
        f"highest α·β, {recovery['top_planted']} are planted; AUROC of planted cells "
        f"{recovery['cell_auroc']:.3f}."
    )
    say(f"Report: {content['report']}")
