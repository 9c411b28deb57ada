"""Commands that make and use trained models."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.options import Data, Force, Json, RunFolder, Search, Seed, Set
from attendome.config import parse_assignments
from attendome.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (train, evaluate, predict, report, models, demo):
        app.command(command.__name__)(command)


Datasets = Annotated[
    list[Path],
    typer.Argument(
        metavar="DATA.zarr...",
        help="The dataset, or several cell types to train on together.",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="YAML", help="Settings to start from, such as a run's config.yaml."),
]
Marks = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...",
        help="The marks to train on, in this order; by default all. One that is left out can be "
        "held against the model: attendome explain --validate.",
    ),
]
InitFrom = Annotated[
    Path | None,
    typer.Option(metavar="RUN|FILE.pt", help="Start from the weights of a run or of the original."),
]


def train(
    data: Datasets,
    out: Annotated[Path, typer.Option(metavar="RUN", help="The run folder to make.")],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="The architecture; see: attendome models.")
    ],
    marks: Marks = None,
    settings: Set = None,
    config: Config = None,
    seed: Seed = None,
    init_from: InitFrom = None,
    search: Search = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run.")
    ] = False,
    force: Force = False,
) -> None:
    """Train a model; the best epoch on the validation split is kept.

    With several datasets, marks are matched by name, and a gene that is held out in one of them is
    held out in all.
    """
    from attendome.workflows.training import Existing
    from attendome.workflows.training import train as run_training

    if resume and force:
        raise typer.BadParameter(
            "--resume goes on with a run, --force replaces it: give one of them"
        )
    existing: Existing = "resume" if resume else "replace" if force else "refuse"
    given = parse_assignments(settings or [])
    values, start, replayed = _replayed(config, model, given, init_from)
    named = [name.strip() for name in marks.split(",")] if marks else replayed
    values |= {} if seed is None else {"seed": seed}
    if search and start:
        raise SettingsError("--search tries settings; it cannot start from other weights.")
    if search:
        from attendome.workflows.searching import search_and_train

        made = search_and_train(data, model, out, search, values, marks=named, existing=existing)
    else:
        made = run_training(
            data, model, out, values, marks=named, init_from=start, existing=existing
        )
    display.trained(made.training_summary(), str(out))


def _replayed(
    config: Path | None, model: str, given: dict[str, Any], init_from: Path | None
) -> tuple[dict[str, Any], str | Path | None, Sequence[str] | None]:
    """Put the settings and the start given on top of those of a file; give its marks, too."""
    from attendome.workflows.configuration import read_template
    from attendome.workflows.starting import recorded_start

    if config is None:
        return given, init_from, None
    if "preset" in given:
        raise SettingsError(f"{config} sets what a preset would; leave out --config or preset=.")
    template = read_template(config, model)
    return template.settings | given, init_from or recorded_start(template), template.marks


def evaluate(
    run: RunFolder,
    data: Data = None,
    split: Annotated[str, typer.Option(metavar="NAME", help="train, valid or test.")] = "test",
    json: Json = False,
) -> None:
    """Score a model on a split, with bootstrap 95% intervals."""
    from attendome.workflows.run import open_run

    opened = open_run(run)
    opened.evaluate(data, split)
    scores = opened.last_scores()
    if json:
        display.as_json(scores)
    else:
        display.scores(scores or {})


def predict(
    run: RunFolder,
    out: Annotated[Path, typer.Option(metavar="FILE", help="A name ending in .tsv or .parquet.")],
    data: Data = None,
    force: Force = False,
) -> None:
    """Predict for each gene the probability that it is on, or its expression."""
    from attendome.workflows.run import open_run

    table = open_run(run).predict(data, out, force=force)
    display.say(f"Wrote {out}: {len(table)} genes.")


def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default RUN/report.html.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a self-contained, interactive HTML page about a run."""
    from attendome.workflows.run import open_run

    made = open_run(run).report(out, force=force)
    display.say(f"Wrote {made}")


def models(json: Json = False) -> None:
    """List the models, their settings and sizes."""
    from attendome.workflows.information import list_models

    rows = list_models()
    if json:
        display.as_json(rows)
    else:
        display.models(rows)


def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to make.")] = Path("demo"),
    force: Force = False,
) -> None:
    """Simulate, train, evaluate, explain and report, in a few minutes."""
    from attendome.workflows.demo import run_demo

    display.demo(asdict(run_demo(out, force=force)))
