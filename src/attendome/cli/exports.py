"""Commands that write what other programs read."""

from pathlib import Path
from typing import Annotated

import typer

from attendome.cli import display
from attendome.cli.options import Force

exports = typer.Typer(no_args_is_help=True, help="Write what other programs read.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.add_typer(exports, name="export")


@exports.callback()
def _export() -> None:
    """Write what other programs read."""


@exports.command("attentivechrome")
def export_attentivechrome(
    data: Annotated[
        Path, typer.Argument(metavar="DATA.zarr", help="The dataset.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to make.", show_default=False)
    ],
    force: Force = False,
) -> None:
    """Write train.csv, valid.csv and test.csv in AttentiveChrome's layout."""
    from attendome.workflows.exporting import export_attentivechrome as run_export

    dataset = run_export(data, out, force=force)
    order = "5'→3'" if dataset.oriented else "in genome order"
    genes, marks, bins = dataset.signal.shape
    display.say(f"Wrote {out}: {genes} genes × {marks} marks × {bins} bins.")
    display.say(f"Marks, in the order of the columns: {', '.join(dataset.marks)}.")
    display.say(f"The bins run {order}, as stored.")
