"""Commands that build datasets from files, or from other datasets."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attendome.cli import display
from attendome.cli.build_options import (
    Annotation,
    Assembly,
    CellTypeOfOut,
    Column,
    Control,
    Expression,
    Extend,
    Feature,
    FivePrime,
    GeneType,
    KeepDuplicates,
    LabelRule,
    MinMapq,
    Missing,
    Oriented,
    Out,
    Samplesheet,
    Signal,
    Summary,
    Window,
    Workers,
    check_column,
)
from attendome.cli.options import BinSize, Force, NewDataset, Split
from attendome.cli.progress import counting, reading

if TYPE_CHECKING:
    from attendome.data import ChromatinDataset
    from attendome.data.recipe import BuildSettings

builds = typer.Typer(no_args_is_help=True, help="Build datasets from reads, tracks and annotation.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.add_typer(builds, name="build")


@builds.callback()
def _build() -> None:
    """Build datasets from reads, tracks and annotation."""


@builds.command("chromatin")
def build_chromatin(
    out: Out,
    genes: Annotation = None,
    signal: Signal = None,
    control: Control = None,
    expression: Expression = None,
    column: Column = "",
    samplesheet: Samplesheet = None,
    workers: Workers = None,
    cell_type: CellTypeOfOut = "",
    window: Window = 10_000,
    bin_size: BinSize = 100,
    oriented: Oriented = True,
    label_rule: LabelRule = "median",
    split: Split = "chromosome",
    gene_type: GeneType = "protein_coding",
    feature: Feature = "gene",
    assembly: Assembly = "",
    five_prime: FivePrime = False,
    extend: Extend = 0,
    min_mapq: MinMapq = 0,
    keep_duplicates: KeepDuplicates = False,
    summary: Summary = "mean",
    missing: Missing = "zero",
    force: Force = False,
) -> None:
    """Build a chromatin dataset: signal of histone marks around each gene's TSS.

    Reads are counted as bedtools multicov does, in one pass over files in any order.
    """
    settings = _settings(locals())
    common = {"genes": genes, "expression": expression, "column": column}
    if samplesheet:
        if signal or control or cell_type:
            raise typer.BadParameter("--samplesheet names signal, control and cell types itself.")
        _build_all(out, samplesheet, common, settings, workers, force=force)
    else:
        own = {"cell_type": cell_type, "signal": signal or [], "control": control or []}
        _build_one(out, common | own, settings, force=force)


@builds.command("differential")
def build_differential(
    out: NewDataset,
    a: Annotated[
        Path,
        typer.Argument(metavar="A.zarr", help="The cell type to start from.", show_default=False),
    ],
    b: Annotated[
        Path,
        typer.Argument(metavar="B.zarr", help="The one to compare with it.", show_default=False),
    ],
    force: Force = False,
) -> None:
    """Build a dataset of the difference between two cell types, from the datasets of both.

    Its signal is that of both, its expression log2((1 + B) / (1 + A)), its label whether that is
    above 0.
    """
    from attendome.workflows.building import build_differential as run_build

    data = run_build(out, a, b, force=force)
    _show(data)
    display.made(out, data.signal.shape, [])


def _settings(given: Mapping[str, Any]) -> "BuildSettings":
    from attendome.config import validate
    from attendome.data.recipe import BuildSettings
    from attendome.genome.counting import CountingRule

    counting = validate(CountingRule, {name: given[name] for name in CountingRule.model_fields})
    values = {name: given[name] for name in BuildSettings.model_fields if name in given}
    return validate(BuildSettings, values | {"counting": counting})


def _build_one(out: Path, given: dict[str, Any], settings: "BuildSettings", *, force: bool) -> None:
    from attendome.config import validate
    from attendome.data.recipe import ChromatinFiles, files_by_mark
    from attendome.workflows.building import build_chromatin

    for option in ("genes", "signal"):
        if not given[option]:
            raise typer.BadParameter(f"--{option} is needed, or --samplesheet.")
    check_column(given["column"], given["expression"])
    given |= {
        "cell_type": given["cell_type"] or out.stem,
        "signal": files_by_mark(given["signal"]),
    }
    files = validate(ChromatinFiles, given)
    with reading(len(files.paths())) as progress:
        data = build_chromatin(out, files, settings, force=force, progress=progress)
    _show(data)
    display.made(out, data.signal.shape, [])


def _show(data: "ChromatinDataset") -> None:
    from attendome.evaluation.quality import assess

    made, assembly = data.xarray.attrs["build"], data.xarray.attrs["assembly"]
    for note in made["notes"]:
        display.say(note)
    for reason, count in made["genes_left_out"].items():
        display.say(f"Left out {count} genes: {reason}.")
    if made.get("padded_windows"):
        display.say(f"{made['padded_windows']} windows reach beyond their chromosome: padded.")
    display.say(f"Assembly {assembly}; labels: {data.xarray.attrs['label_rule']}.")
    display.warnings(assess(data).warnings)


def _build_all(
    out: Path,
    samplesheet: Path,
    common: dict[str, Any],
    settings: "BuildSettings",
    workers: int | None,
    *,
    force: bool,
) -> None:
    from attendome.data.samplesheet import read_samplesheet
    from attendome.workflows.building import build_all

    cell_types = read_samplesheet(samplesheet, common)
    with counting(len(cell_types)) as done:
        build_all(out, cell_types, settings, workers=workers, force=force, done=done)
    display.say(f"{len(cell_types)} datasets are in {out}.")
