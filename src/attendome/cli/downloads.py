"""Commands that fetch public files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attendome.cli import display
from attendome.cli.options import Json

if TYPE_CHECKING:
    from attendome.data.downloads import Fetched
    from attendome.data.resuming import Progress


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("fetch")(fetch)


def fetch(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME ...", help="What to fetch.", show_default=False),
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Show what can be fetched.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the files go; by default a cache, $ATTENDOME_CACHE or the system's.",
        ),
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Take copies instead, each at URL/host/path, as wget --mirror lays them out.",
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Fetch public datasets, weights and annotation; an interrupted download is resumed.

    The path of each file is printed. A file that is there already is checked, not fetched again.
    """
    if listing == bool(names):
        raise typer.BadParameter("give the names of what to fetch, or --list")
    if listing:
        _show_list(json=json)
        return
    from attendome.workflows.fetching import fetch as run_fetch

    try:
        with _progress_shown() as progress:
            fetched = run_fetch(names or [], out, mirror=mirror, progress=progress)
    except KeyboardInterrupt as error:
        error.add_note("The same command goes on from where it was.")
        raise
    _show_fetched(fetched, json=json)


def _show_fetched(fetched: "list[Fetched]", *, json: bool) -> None:
    if json:
        display.as_json([asdict(file) | {"path": str(file.path)} for file in fetched])
        return
    for file in fetched:
        display.say(str(file.path))
        if not file.published:
            digest = file.checksum.removeprefix("sha256:")
            note = f"{file.path.name}: no checksum is published; remembered its SHA-256, {digest}"
            typer.echo(note, err=True)


def _show_list(*, json: bool) -> None:
    from attendome.data.catalogue import SOURCES

    facts = ("form", "about", "names", "size", "checksum", "terms", "page")
    rows = [{fact: getattr(source, fact) for fact in facts} for source in SOURCES.values()]
    if json:
        display.as_json(rows)
        return
    for row in rows:
        first, last = row["names"][0], row["names"][-1]
        names = first if first == last else f"{first} ... {last}"
        display.say(f"{row['form']}\n    {row['about']}\n    names: {names}")
        for fact in facts[3:]:
            display.say(f"    {fact}: {row[fact]}")


@contextmanager
def _progress_shown() -> Iterator["Progress | None"]:
    """Show a bar per file, on a terminal only."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def show(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done, total=total)

        yield show
