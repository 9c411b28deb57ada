"""The program ``attendome``: its commands, and what happens when one fails."""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from attendome import __version__
from attendome.cli import (
    basenji,
    builds,
    comparing,
    coverage,
    datasets,
    downloads,
    explaining,
    exports,
    links,
    predicting,
    runs,
    sequences,
    variants,
)
from attendome.errors import AttendomeError

INTERRUPTED = 130
_GPU_FULL = "OutOfMemoryError"
errors = Console(stderr=True, highlight=False, emoji=False)


class Commands(TyperGroup):
    """The commands, with one message and an exit status for each way to fail."""

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401 - typer has no public name for it
        """Run a command."""
        try:
            with _log_shown():
                return super().invoke(ctx)
        except BrokenPipeError:
            raise  # of a reader that has seen enough; click ends quietly
        except (AttendomeError, OSError, MemoryError, RuntimeError) as error:
            if ctx.params.get("debug") or not _is_for_users(error):
                raise
            errors.print(f"[bold red]Error:[/] {_escaped(_message(error))}", soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            # What was interrupted says how to go on, where that is not from the start.
            advice = getattr(error, "__notes__", ["Run the same command again."])[-1]
            errors.print(f"Interrupted; nothing is half written. {advice}", soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from error


@contextmanager
def _log_shown() -> Iterator[None]:
    """Without a terminal there is no progress bar: show the log, which says how far it is."""
    talker, handler = logging.getLogger("attendome"), logging.StreamHandler(sys.stderr)
    if not sys.stderr.isatty():
        talker.addHandler(handler)
    try:
        yield
    finally:
        talker.removeHandler(handler)


def _is_for_users(error: Exception) -> bool:
    """Tell it from a fault of the program; PyTorch, which has one of the errors, is not loaded."""
    return not isinstance(error, RuntimeError) or type(error).__name__ == _GPU_FULL


def _message(error: AttendomeError | OSError | MemoryError | RuntimeError) -> str:
    if isinstance(error, AttendomeError):
        return str(error)
    if isinstance(error, (MemoryError, RuntimeError)):
        return f"The memory does not suffice ({error}); nothing is half written."
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}; nothing is half written."


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Predict how active genes are from chromatin, and see what the prediction looked at.",
)
builds.register(app)
coverage.register(app)
datasets.register(app)
downloads.register(app)
exports.register(app)
runs.register(app)
predicting.register(app)
explaining.register(app)
links.register(app)
comparing.register(app)
sequences.register(app)
basenji.register(app)
variants.register(app)


def _show_version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"attendome {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the full traceback of an error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take the options of all commands."""


def main() -> None:
    """Run the program."""
    signal.signal(signal.SIGTERM, _stop)
    app()


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's form
    """Treat a polite kill like Ctrl-C, so that temporary files are removed."""
    raise KeyboardInterrupt
