"""Commands that make and use trained models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import browser_options, display, sequence_display, sequence_runs
from attendome.cli.options import Data, Force, Json, RunFolder, Search, Seed, Set
from attendome.config import parse_assignments
from attendome.errors import SettingsError

if TYPE_CHECKING:
    from attendome.workflows.run import Run
    from attendome.workflows.sequence.run import SequenceRun


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (train, evaluate, report, models, demo):
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
    typer.Option(
        metavar="RUN|FILE.pt",
        help="Start from the weights of a run or of the original AttentiveChrome. A model that "
        "reads DNA starts from a run of any such model, with what fits.",
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Of a model that reads DNA, only say what memory and time the training will take; "
        "nothing is written.",
    ),
]
BothStrands = Annotated[
    bool,
    typer.Option(
        "--both-strands",
        help="Of a model that reads DNA, average its predictions for a sequence and its reverse "
        "complement.",
    ),
]
Shifts = Annotated[
    str | None,
    typer.Option(
        metavar="BP,BP,...",
        help="Of a model that reads DNA, average in its predictions for the sequence shifted by so "
        "many bp, such as -1,1.",
    ),
]
Reach = Annotated[
    bool,
    typer.Option(
        "--reach",
        help="Of a model that reads DNA, also score it with everything beyond a distance hidden, "
        "for a row of distances.",
    ),
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
    dry_run: DryRun = False,
) -> None:
    """Train a model; the best epoch on the validation split is kept.

    With several datasets of histone marks, marks are matched by name, and a gene that is held out
    in one of them is held out in all.
    """
    if resume and force:
        raise typer.BadParameter(
            "--resume goes on with a run, --force replaces it: give one of them"
        )
    given = parse_assignments(settings or [])
    values, start, replayed = _replayed(config, model, given, init_from)
    named = [name.strip() for name in marks.split(",")] if marks else replayed
    values |= {} if seed is None else {"seed": seed}
    if dry_run:
        from attendome.workflows.training import plan

        sequence_display.plan(plan(data, model, values, init_from=start))
        return
    options: dict[str, Any] = {
        "settings": values,
        "marks": named,
        "existing": "resume" if resume else "replace" if force else "refuse",
    }
    made = _trained(search, start, (data, model, out), options)
    display.trained(made.training_summary(), str(out))
    if made.config.restored:
        display.say(f"Started from {start}, with its {' and '.join(made.config.restored)}.")


def _trained(
    search: int,
    start: str | Path | None,
    what: tuple[list[Path], str, Path],
    options: Mapping[str, Any],
) -> "Run | SequenceRun":
    """Train with the settings given, or search for some first."""
    if not search:
        from attendome.workflows.training import train as run_training

        return run_training(*what, init_from=start, **options)
    if start:
        raise SettingsError("--search tries settings; it cannot start from other weights.")
    from attendome.workflows.searching import search_and_train

    return search_and_train(*what, search, **options)


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
    both_strands: BothStrands = False,
    shifts: Shifts = None,
    reach: Reach = False,
    json: Json = False,
) -> None:
    """Score a model on a split, with bootstrap 95% intervals."""
    from attendome.workflows.run import Run, open_run

    opened = open_run(run)
    if not isinstance(opened, Run):
        options = sequence_runs.Views(both_strands, shifts)
        sequence_runs.evaluate(opened, data, split, options, reach=reach, json=json)
        return
    if both_strands or shifts or reach:
        raise SettingsError(
            f"{run}: --both-strands, --shifts and --reach are for models that read DNA; "
            f"{opened.config.model} reads histone marks."
        )
    opened.evaluate(data, split)
    scores = opened.last_scores()
    if json:
        display.as_json(scores)
    else:
        display.scores(scores or {})


def report(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default RUN/report.html.")
    ] = None,
    region: browser_options.Regions = None,
    genes: browser_options.Genes = None,
    links: browser_options.Links = None,
    variants: browser_options.Variants = None,
    force: Force = False,
) -> None:
    """Write a self-contained, interactive HTML page about a run."""
    from attendome.workflows.run import open_run

    beside = browser_options.beside(opened := open_run(run), region, genes, links, variants)
    made = opened.report(out, force=force, **beside)
    display.say(f"Wrote {made}")


def models(json: Json = False) -> None:
    """List the models, their settings and sizes."""
    from attendome.workflows.listing import list_models

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
