"""The program ``attendome``: its commands, and what happens when one fails."""

import logging
import signal
import sys
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

from attendome import __version__
from attendome.cli import datasets, runs
from attendome.errors import AttendomeError

INTERRUPTED = 130
errors = Console(stderr=True, highlight=False, emoji=False)


class Commands(TyperGroup):
    """The commands, with one message and an exit status for each way to fail."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # of a reader that has seen enough; click ends quietly
        except (AttendomeError, OSError) as error:
            if ctx.params.get("debug"):
                raise
            errors.print(f"[bold red]Error:[/] {_escaped(_message(error))}", soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            advice = "Go on with the same command and --resume"
            if ctx.invoked_subcommand != "train":
                advice = "Run the same command again"
            errors.print(f"Interrupted; nothing is half written. {advice}.", soft_wrap=True)
            raise typer.Exit(INTERRUPTED) from error


def _message(error: AttendomeError | OSError) -> str:
    if isinstance(error, AttendomeError):
        return str(error)
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
datasets.register(app)
runs.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"attendome {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    debug: Annotated[  # noqa: ARG001 - read by Commands.invoke
        bool, typer.Option("--debug", help="Show the full traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - acts in its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Set up what all commands share."""
    if not sys.stderr.isatty():
        # Without a terminal there is no progress bar: the log says how far it is.
        talker, handler = logging.getLogger("attendome"), logging.StreamHandler(sys.stderr)
        talker.addHandler(handler)
        ctx.call_on_close(lambda: talker.removeHandler(handler))


def main() -> None:
    """Run the program."""
    signal.signal(signal.SIGTERM, _stop)
    app()


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's form
    """Treat a polite kill like Ctrl-C, so that temporary files are removed."""
    raise KeyboardInterrupt
