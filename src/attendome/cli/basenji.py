"""Commands that bring in and write the datasets of Basenji and its successors."""

from pathlib import Path
from typing import Annotated

import typer

from attendome.cli import display, sequence_display
from attendome.cli.datasets import imports
from attendome.cli.exports import exports
from attendome.cli.options import Force, NewDataset, NewFolder
from attendome.cli.progress import working

Folder = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="Holds statistics.json, targets.txt, sequences.bed and tfrecords/.",
        show_default=False,
    ),
]
BinSize = Annotated[
    int | None,
    typer.Option(
        metavar="BP",
        help="Join bins to this length: soft clip and square root are undone, bins joined, and "
        "both applied again.",
        min=1,
    ),
]


def register(app: typer.Typer) -> None:  # noqa: ARG001 - they go under `import` and `export`
    """Add the commands of this module to the program."""
    imports.command("basenji")(import_basenji)
    exports.command("basenji")(export_basenji)


def import_basenji(
    folder: Folder,
    out: NewDataset,
    bin_size: BinSize = None,
    linear: Annotated[
        bool,
        typer.Option("--linear", help="Undo soft clip and square root, and leave it at that."),
    ] = False,
    assembly: Annotated[
        str, typer.Option(metavar="NAME", help="Such as hg38, which the files do not say.")
    ] = "",
    force: Force = False,
) -> None:
    """Import a folder of TFRecords of Basenji or its successors, without TensorFlow."""
    from attendome.workflows.basenji import import_basenji as run_import
    from attendome.workflows.sequence_information import problems

    with working("Reading", "regions") as progress:
        data = run_import(
            folder,
            out,
            bin_size=bin_size,
            linear=linear,
            assembly=assembly,
            force=force,
            progress=progress,
        )
    for note in data.xarray.attrs["build"]["notes"]:
        display.say(note)
    display.say(f"Wrote {out}: {sequence_display.size(data)}.")
    display.warnings(problems(data))


def export_basenji(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.zarr", help="A sequence dataset.", show_default=False)
    ],
    out: NewFolder,
    force: Force = False,
) -> None:
    """Write a sequence dataset as the TFRecords that Basenji's programs read."""
    from attendome.workflows.basenji import export_basenji as run_export

    with working("Writing", "regions") as progress:
        dataset = run_export(data, out, force=force, progress=progress)
    display.say(f"Wrote {out}: {sequence_display.size(dataset)}.")
    if dataset.xarray["coverage"].dtype != "float16":
        display.say("The coverage was rounded to float16, as Basenji's programs read it.")
