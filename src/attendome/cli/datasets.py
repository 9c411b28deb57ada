"""Commands that make and show datasets."""

from pathlib import Path
from typing import Annotated

import typer

from attendome.cli import display, sequence_display
from attendome.cli.build_options import Column, Expression, check_column
from attendome.cli.options import (
    BinSize,
    CellType,
    Force,
    Genes,
    Json,
    KeepFirst,
    Marks,
    NewDataset,
    Seed,
    Set,
    Split,
)
from attendome.config import parse_assignments

imports = typer.Typer(no_args_is_help=True, help="Bring in what other programs made.")
simulations = typer.Typer(no_args_is_help=True, help="Simulate data with a planted truth.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.add_typer(simulations, name="simulate")
    app.add_typer(imports, name="import")
    app.command("info")(info)


@simulations.callback()
def _simulate() -> None:
    """Simulate data with a planted truth."""


@simulations.command("chromatin")
def simulate_chromatin(
    out: NewDataset,
    genes: Annotated[int | None, typer.Option(help="Number of genes.", min=10)] = None,
    bins: Annotated[int | None, typer.Option(help="Number of bins.", min=10)] = None,
    seed: Seed = None,
    split: Split = "random",
    settings: Set = None,
    force: Force = False,
) -> None:
    """Simulate histone marks around genes, some of which drive expression."""
    from attendome.workflows.simulating import simulate

    given = {"genes": genes, "bins": bins, "seed": seed}
    values = {name: value for name, value in given.items() if value is not None}
    values |= {"split": split} | parse_assignments(settings or [])
    data = simulate(out, values, force=force)
    display.made(out, data.signal.shape, data.xarray.attrs["sources"])


@imports.command("attentivechrome")
def import_attentivechrome(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Holds {train,valid,test}.csv, plain or .gz, itself or in classification/.",
            show_default=False,
        ),
    ],
    out: NewDataset,
    marks: Marks = None,
    cell_type: CellType = "",
    bin_size: BinSize = 100,
    genes: Genes = None,
    expression: Expression = None,
    column: Column = "",
    split: Split = "",
    keep_first: KeepFirst = False,
    force: Force = False,
) -> None:
    """Import a dataset in AttentiveChrome's layout; it keeps the files' split unless told."""
    check_column(column, expression)
    from attendome.data.attentivechrome import PUBLISHED_MARKS
    from attendome.workflows.importing import import_attentivechrome as run_import

    named = tuple(name.strip() for name in marks.split(",")) if marks else PUBLISHED_MARKS
    data = run_import(
        folder,
        out,
        marks=named,
        cell_type=cell_type,
        bin_size=bin_size,
        genes=genes,
        expression=expression,
        column=column,
        split=split,
        keep_first=keep_first,
        force=force,
    )
    display.made(out, data.signal.shape, data.xarray.attrs["sources"])


@imports.command("attentivechrome-weights")
def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE.pt", help="The original's state dict.")],
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder to make.")],
    data: Annotated[
        Path, typer.Option(metavar="DATA.zarr", help="The dataset to predict and explain.")
    ],
    marks: Marks = None,
    force: Force = False,
) -> None:
    """Import weights of the original AttentiveChrome (second release), so that they run here."""
    from attendome.workflows.importing import import_weights as run_import

    named = [name.strip() for name in marks.split(",")] if marks else None
    made = run_import(file, run, data, marks=named, force=force)
    display.say(f"Wrote {run}: {made.config.model} for {', '.join(made.description.marks)}.")


def info(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A dataset or a run folder.", show_default=False)
    ],
    json: Json = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page about the quality of a dataset."),
    ] = None,
    force: Force = False,
) -> None:
    """Show what a dataset or a run folder holds, and what looks wrong with it."""
    from attendome.workflows.information import describe

    content = describe(path, report=report, force=force)
    if json:
        display.as_json(content)
    elif content["kind"] == "run":
        (display if content["task"] == "chromatin" else sequence_display).run(content)
    elif content["kind"] == "sequence":
        sequence_display.information(content)
    else:
        display.dataset(content)
        if report:
            display.say(f"Wrote {report}")
