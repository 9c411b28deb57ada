"""The program, in this process or in one of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

MAIN = "from attendome.cli.app import main; main()"
SMALL = ["--set", "bin_hidden=4", "--set", "mark_hidden=3"]


@pytest.fixture(autouse=True)
def _quick(few_resamples):
    """Keep the bootstrap short."""


@pytest.fixture(scope="session")
def invoke():
    """Give a function that runs the program here; a wide screen keeps lines whole."""
    from typer.testing import CliRunner

    from attendome.cli.app import app

    def run(*arguments):
        words = [str(argument) for argument in arguments]
        result = CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            f"{type(result.exception).__name__} came through: {result.exception}"
        )
        return result

    return run


@pytest.fixture(scope="session")
def succeed(invoke):
    """Give a function that runs the program here and gives its stdout."""

    def run(*arguments):
        result = invoke(*arguments)
        assert result.exit_code == 0, result.stderr
        return re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)

    return run


@pytest.fixture(scope="session")
def fail(invoke):
    """Give a function that runs the program here, which is to fail, and gives its one message."""

    def run(*arguments):
        result = invoke(*arguments)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert len(re.findall("^Error: ", result.stderr, re.MULTILINE)) == 1
        assert "Traceback" not in result.stderr
        return result.stderr

    return run


@pytest.fixture(scope="session")
def start():
    """Give a function that starts the program in a process of its own."""

    def run(*arguments, code=MAIN):
        words = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
        return subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            # Where the tests run in the background, Ctrl-C is switched off.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )

    return run


@pytest.fixture(scope="session")
def dataset(simulated, tmp_path_factory):
    """The simulated dataset, on disk."""
    from attendome.data.store import save_dataset

    return save_dataset(simulated, tmp_path_factory.mktemp("data") / "simulated.zarr").path


@pytest.fixture(scope="session")
def trained(succeed, dataset, tmp_path_factory):
    """A run that no test changes."""
    out = tmp_path_factory.mktemp("runs") / "run"
    options = ["--model", "attentive-chrome", "--out", out, "--set", "epochs=2", *SMALL]
    succeed("train", dataset, *options)
    return out


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it, to change."""
    return shutil.copytree(trained, tmp_path / "run")
