"""The command that compares models."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import Annotated, Any

import typer

from attendome.cli import comparing_display, display
from attendome.cli.options import Search, Set
from attendome.cli.progress import counting
from attendome.config import parse_assignments

Datasets = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA.zarr...",
        help="Datasets of one kind: chromatin, one per cell type, or DNA.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="The folder to make, or to go on with.")]
Models = Annotated[
    str,
    typer.Option(
        metavar="A,B,...",
        help="Names of models, or published, baselines, all; with settings as in "
        r"deep-chrome\[dropout=0.3,epochs=20]. Or a YAML file with lines such as "
        "wide: {model: mlp, first_hidden: 250}.",
    ),
]
Seeds = Annotated[int, typer.Option(metavar="N", help="Train each with the seeds 1 to N.", min=1)]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="What the others are held against; by default deep-chrome, of DNA dilated, or the "
        "first.",
    ),
]
Reach = Annotated[
    bool,
    typer.Option(
        "--reach",
        help="Of DNA: score also with all that is farther than a distance masked, one by one.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Processes; by default one for each processor, or, for DNA, each GPU.",
        min=1,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="A dask scheduler to use instead, such as tcp://node1:8786."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("compare")(compare)


def compare(
    data: Datasets,
    out: Out,
    models: Models = "all",
    seeds: Seeds = 1,
    settings: Set = None,
    search: Search = 0,
    baseline: Baseline = None,
    reach: Reach = False,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Train models on datasets with several seeds; write tables, tests and figures.

    A combination that fails is listed, and the others go on. The same command, given again, goes
    on where it was. Scores are of the test split; --search looks at the validation split only.
    """
    from attendome.workflows.comparing import Where, task_of
    from attendome.workflows.comparing import compare as run_compare
    from attendome.workflows.variants import read_variants

    if workers and scheduler:
        raise typer.BadParameter("--workers and --scheduler do not go together.")
    common = parse_assignments(settings or [])
    total = len(data) * len(read_variants(models, common, task_of(data))) * seeds
    options: dict[str, Any] = {
        "seeds": seeds,
        "settings": common,
        "search": search,
        "baseline": baseline,
        "reach": reach,
        "where": Where(workers, scheduler),
    }
    with counting(total, "Runs") as told:

        def done(name: str, row: Mapping[str, Any]) -> None:
            told(name, _outcome(row))

        made = run_compare(data, models, out, done=done, **options)
    comparing_display.comparison(made.comparison, made.results)
    if made.comparison is None:
        raise typer.Exit(1)
    display.say(f"Wrote {out}: report.html, table.md, table.tex, results.parquet and figures.")


def _outcome(row: Mapping[str, Any]) -> str:
    if row["status"] == "failed":
        return f"failed: {row['error']}"
    score = "no score" if row["value"] is None else f"{row['metric']} {row['value']:.4f}"
    when = "resumed" if isnan(row["seconds"]) else f"in {row['seconds']:.0f} s"
    return f"{score}, {'was there already' if 'kept' in row else when}"
