"""How far a long command is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_console = Console(stderr=True, highlight=False, markup=False, emoji=False)


@contextmanager
def reading(files: int) -> Iterator[Callable[[Path, int], None]]:
    """Show which of some files is being read, and how many records of it have been.

    Gives a function that takes the file and the number of records read since its last call.
    """
    text = TextColumn("{task.description}", markup=False)
    with Progress(SpinnerColumn(), text, TimeElapsedColumn(), console=_console) as shown:
        task = shown.add_task("Looking into the files")
        records: dict[Path, int] = {}

        def advance(file: Path, count: int) -> None:
            records[file] = records.get(file, 0) + count
            place = f"file {len(records)} of {files}"
            shown.update(task, description=f"{place}: {file.name}, {records[file]:,} records")

        yield advance


@contextmanager
def adding_up(first: str) -> Iterator[Callable[[str, int], None]]:
    """Show what is being done, ``first`` at the beginning, and how much of it has been.

    Gives a function that takes the task and how much of it was done since its last call.
    """
    text = TextColumn("{task.description}", markup=False)
    with Progress(SpinnerColumn(), text, TimeElapsedColumn(), console=_console) as shown:
        number, done = shown.add_task(first), dict[str, int]()

        def show(task: str, count: int) -> None:
            done[task] = done.get(task, 0) + count
            shown.update(number, description=f"{task}: {done[task]:,}")

        yield show


@contextmanager
def counting(total: int, things: str = "Datasets") -> Iterator[Callable[[str, str], None]]:
    """Show how many of some things are done, and what became of each.

    Gives a function that takes the name of one and its outcome.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=_console) as shown:
        task = shown.add_task(things, total=total)

        def done(name: str, outcome: str) -> None:
            shown.console.print(f"{name}: {outcome}")
            shown.advance(task)

        yield done


@contextmanager
def working(task: str, things: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much of a task is done.

    Gives a function that takes the number of things that are done, and of all of them.
    """
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(things, markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=_console,
    ) as shown:
        number = shown.add_task(task, total=None)
        yield lambda done, total: shown.update(number, completed=done, total=total)
