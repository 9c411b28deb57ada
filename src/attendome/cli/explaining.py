"""The command that says what predictions looked at, and checks that."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from attendome.cli import display
from attendome.cli.options import Data, Force, OnlyGenes, OnlySplit, RunFolder, Set
from attendome.cli.sequence_explaining import Asked, At, Genome, Region, Tracks, explain_region
from attendome.config import parse_assignments
from attendome.errors import SettingsError

if TYPE_CHECKING:
    from attendome.workflows.parts import Progress

_METHOD = "attention"
MethodName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Of histone marks, attention (the default), alpha, beta, saliency, gradient-x-input, "
        "integrated-gradients, deeplift, occlusion or class-optimisation; of DNA, mutagenesis (the "
        "default), saliency, gradient-x-input or integrated-gradients.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|DIR",
        help="A name ending in .zarr or .nc, by default RUN/METHOD.zarr; of a validation, a "
        "folder, by default RUN/validation.",
    ),
]
Validate = Annotated[
    bool,
    typer.Option("--validate", help="Check what methods say, on the genes of the test split."),
]
HeldOut = Annotated[
    str | None,
    typer.Option(
        metavar="MARK",
        help="With --validate: a mark of the dataset that the model was not trained on.",
    ),
]
Methods = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,...", help="With --validate: the methods; by default all that the model takes."
    ),
]
Seeds = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="With --validate: compare N seeds, which trains N more runs; with 1, none.",
        min=1,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command of this module to the program."""
    app.command("explain")(explain)


def explain(
    run: RunFolder,
    data: Data = None,
    method: MethodName = None,
    settings: Set = None,
    split: OnlySplit = None,
    gene: OnlyGenes = None,
    region: Region = None,
    at: At = None,
    track: Tracks = None,
    genome: Genome = None,
    out: Out = None,
    force: Force = False,
    validate: Validate = False,
    held_out: HeldOut = None,
    methods: Methods = None,
    seeds: Seeds = 3,
) -> None:
    """Write what the predictions looked at: importance per gene, mark and bin, or per base.

    Of a model that reads DNA: how much each base of a region changes the coverage predicted there,
    or at another place (--at).

    Which model takes which method is in the documentation; what is interrupted goes on when the
    same command is given again. With --validate, methods are held against a mark that the model has
    not seen, against null models, against the model itself and against runs with other seeds.
    """
    asked = Asked(region, at, tuple(track or ()), genome)
    if validate:
        if settings or split or gene or force or method or asked.any() or held_out is None:
            raise typer.BadParameter(
                "--validate needs --held-out MARK; of the other options it takes --data, "
                "--methods, --seeds and --out"
            )
        _validate(run, held_out, data, methods, seeds, out)
        return
    if held_out or methods:
        raise typer.BadParameter("--held-out and --methods are options of --validate")
    values = parse_assignments(settings or [])
    if asked.any():
        if split or gene:
            raise typer.BadParameter("--split and --gene are options of models of histone marks")
        explain_region(run, asked, method, data, out, values, force=force)
    else:
        _explain_genes(run, _Genes(data, split, gene), method or _METHOD, out, values, force=force)


class _Genes(NamedTuple):
    """Which genes are explained."""

    data: Path | None
    split: str | None
    gene: list[str] | None


def _explain_genes(
    run: Path, asked: _Genes, method: str, out: Path | None, values: dict[str, Any], *, force: bool
) -> None:
    from attendome.cli.progress import working
    from attendome.workflows.run import Run, open_run

    opened = open_run(run)
    if not isinstance(opened, Run):
        raise SettingsError(
            f"{run}: {opened.config.model} reads DNA; say which bases with --region."
        )
    genes = opened.dataset(asked.data)
    genes = genes.split(asked.split) if asked.split else genes
    genes = genes.with_genes(asked.gene) if asked.gene else genes
    with working(method, "genes") as progress:
        maps = opened.explain(genes, method, out, settings=values, force=force, progress=progress)
    display.explained(maps, out or run / f"{method}.zarr")


def _validate(
    run: Path, held_out: str, data: Path | None, methods: str | None, seeds: int, out: Path | None
) -> None:
    from attendome.cli.progress import working
    from attendome.workflows.validating import VALIDATION
    from attendome.workflows.validating import validate as run_validation

    def watch(step: str) -> "AbstractContextManager[Progress]":
        return working(step, "done")

    names = [name.strip() for name in methods.split(",")] if methods else None
    found = run_validation(
        run, held_out, data=data, out=out, seeds=seeds, methods=names, watch=watch
    )
    for name, text in found.verdicts.items():
        display.say(f"{name}: {text}")
    for note in found.notes:
        display.say(note)
    display.say(f"Wrote {out or run / VALIDATION}: report.html, validation.tsv, table.md, figures.")
