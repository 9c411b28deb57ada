"""The program as a whole: help, exit status, signals, a full disk."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

import attendome as ad

MODEL = ["--model", "attentive-chrome"]
SMALL = ["--set", "bin_hidden=4", "--set", "mark_hidden=3"]

COMMANDS = {
    "simulate chromatin": ["--genes", "--bins", "--seed", "--split", "--set", "--force"],
    "import attentivechrome": ["--marks", "--cell-type", "--genes", "--split", "--force"],
    "import attentivechrome-weights": ["--data", "--marks", "--force"],
    "info": ["--json"],
    "train": [
        *["--out", "--model", "--set", "--config", "--seed"],
        *["--init-from", "--resume", "--force"],
    ],
    "evaluate": ["--data", "--split", "--json"],
    "predict": ["--out", "--data", "--force"],
    "explain": ["--data", "--method", "--set", "--split", "--gene", "--out", "--force"],
    "report": ["--out", "--force"],
    "models": ["--json"],
    "demo": ["--out", "--force"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(succeed, command):
    said = succeed(*command.split(), "--help")
    for option in COMMANDS[command]:
        assert re.search(rf"{option}\b", said), option


def test_help_names_all_commands(succeed):
    said = succeed("--help")
    for word in {command.split()[0] for command in COMMANDS} | {"--debug", "--version"}:
        assert word in said


def test_help_comes_without_loading_what_only_the_work_needs():
    heavy = "[name for name in ('pandas', 'xarray', 'torch', 'plotly') if name in sys.modules]"
    code = f"import sys, attendome.cli.app; print({heavy})"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_version(succeed):
    assert succeed("--version") == f"attendome {ad.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["trian"],
        ["info"],
        ["info", "a", "b"],
        ["info", "a", "--jsn"],
        ["train", "a"],
        ["simulate", "chromatin", "a.zarr", "--genes", "many"],
        ["simulate", "chromatin", "a.zarr", "--genes", "1"],
        ["simulate", "sequences", "a.zarr"],
        ["models", "--seed", "1"],
    ],
    ids=" ".join,
)
def test_a_wrong_usage(invoke, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    assert result.stdout == ""
    assert not any(tmp_path.iterdir())


def test_what_the_package_logs_is_not_shown_twice(invoke, run, dataset):
    import logging

    before = list(logging.getLogger("attendome").handlers)
    options = [*MODEL, "--out", run, "--force", "--set", "epochs=1", *SMALL]
    for _ in range(2):
        assert invoke("train", dataset, *options).stderr.count("epoch 1 of 1") == 1
    assert logging.getLogger("attendome").handlers == before


# In a process of its own


@pytest.fixture
def finish(start):
    """Give a function that runs the program to its end: status, stdout and stderr."""

    def run(*arguments):
        process = start(*arguments)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    return run


def test_done_is_0_and_json_is_alone_on_stdout(finish, run):
    status, out, err = finish("info", run, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["kind"] == "run"


def test_a_wrong_request_is_1_without_a_traceback(finish, tmp_path):
    status, out, err = finish("info", tmp_path / "nowhere")
    assert (status, out) == (1, "")
    assert err == f"Error: {tmp_path / 'nowhere'}: no such dataset or run folder.\n"


def test_debug_shows_the_traceback(finish, tmp_path):
    status, out, err = finish("--debug", "info", tmp_path / "nowhere")
    assert (status, out) == (1, "")
    assert err.startswith("Traceback")
    assert "DataError" in err


def test_a_wrong_usage_is_2(finish):
    status, out, err = finish("info", "--jsn")
    assert (status, out) == (2, "")
    assert "No such option" in err


def test_a_reader_that_goes_away(start):
    """As in ``attendome models --json | head -1``."""
    with start("models", "--json") as process:
        process.stdout.close()
        err = process.stderr.read()
    assert "Error" not in err
    assert "Traceback" not in err


# Waits in the middle of writing, so that the signal comes there.
WRITING = """
import sys, time, xarray

def write(data, path, **options):
    path.mkdir()
    (path / "zarr.json").write_text("a part")
    print("writing", flush=True)
    time.sleep(60)

xarray.Dataset.to_zarr = write
from attendome.cli.app import main
main()
"""


@pytest.mark.parametrize(
    ("command", "number"),
    [("simulate", signal.SIGINT), ("simulate", signal.SIGTERM), ("import", signal.SIGINT)],
)
def test_interrupted_while_writing(start, csv_folder, tmp_path, command, number):
    out = tmp_path / "out" / "d.zarr"
    out.parent.mkdir()
    arguments = {
        "simulate": ["simulate", "chromatin", out, "--genes", 20],
        "import": ["import", "attentivechrome", csv_folder(), out, "--marks", "A,B"],
    }
    process = start(*arguments[command], code=WRITING)
    assert process.stdout.readline() == "writing\n"
    assert any(out.parent.iterdir())
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Interrupted; nothing is half written. Run the same command again.\n"
    assert not any(out.parent.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_training_goes_on_with_resume(start, succeed, fail, dataset, tmp_path, number):
    out = tmp_path / "run"
    command = ["train", dataset, *MODEL, "--out", out, *SMALL]
    command += ["--set", "epochs=5", "--set", "batch_size=2"]
    process = start(*command)
    deadline = time.monotonic() + 120
    while not (out / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(number)
    said, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == ""
    assert "Traceback" not in err
    advice = "Interrupted; nothing is half written. Go on with the same command and --resume.\n"
    assert err.endswith(advice)
    assert not list(tmp_path.rglob("*.partial"))
    assert "--resume" in fail("evaluate", out)
    assert "best of 5 epochs" in succeed(*command, "--resume")
    assert len((out / "history.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_explanation_goes_on(start, succeed, run, number):
    command = ["explain", run, "--method", "integrated-gradients", "--set", "steps=200"]
    process = start(*command)
    parts = run / ".integrated-gradients.zarr.parts"
    deadline = time.monotonic() + 120
    while not list(parts.glob("*.safetensors")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(number)
    said, err = process.communicate(timeout=60)
    assert said == ""
    if number == signal.SIGINT:
        assert process.returncode == 130
        advice = "Interrupted; nothing is half written. The same command, given again, goes on.\n"
        assert err.endswith(advice)
    assert not (run / "integrated-gradients.zarr").exists()
    assert "integrated-gradients.zarr: 120 genes" in succeed(*command)
    assert not parts.exists()


@pytest.fixture
def interrupt(invoke, monkeypatch):
    """Give a function that runs the program, interrupted in a function, and gives its advice."""

    def stop(*_, **__):
        raise KeyboardInterrupt

    def run(place, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr(place, stop)
            result = invoke(*arguments)
        assert result.exit_code == 130
        return result.stderr.splitlines()[-1].removeprefix("Interrupted; nothing is half written. ")

    return run


TRAINING = "attendome.workflows.training"


def test_advice_before_there_is_a_run_folder(interrupt, succeed, run, dataset):
    command = ["train", dataset, *MODEL, *SMALL, "--set", "epochs=1", "--out"]
    for out, options in ((run.parent / "new", []), (run, ["--force"])):
        said = interrupt(f"{TRAINING}._initial", *command, out, *options)
        assert said == "Run the same command again."
        succeed(*command, out, *options)


def test_advice_for_a_run_that_takes_the_place_of_another(interrupt, succeed, run, dataset):
    command = ["train", dataset, *MODEL, *SMALL, "--set", "epochs=1", "--out", run]
    said = interrupt(f"{TRAINING}.fit", *command, "--force")
    assert said == "Go on with the same command, with --resume in place of --force."
    said = interrupt(f"{TRAINING}.fit", *command, "--resume")
    assert said == "Go on with the same command."
    succeed(*command, "--resume")


@pytest.mark.parametrize("place", [f"{TRAINING}.fit", "attendome.workflows.demo.simulate"])
def test_advice_for_the_demo(interrupt, succeed, monkeypatch, tmp_path, place):
    monkeypatch.setattr("attendome.workflows.demo.SIMULATION", {"genes": 60, "bins": 20})
    settings = {"bin_hidden": 4, "mark_hidden": 3, "epochs": 1}
    monkeypatch.setattr("attendome.workflows.demo.TRAINING", settings)
    command = ["demo", "--out", tmp_path / "demo"]
    said = interrupt(place, *command)
    assert said == "Run the same command again, with --force."
    succeed(*command, "--force")


def test_a_disk_that_is_full(tmp_path):
    """On a small file system of its own, where one may be made."""
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare to make a small file system with")
    script = """
        mount -t tmpfs -o size=100k none "$1" || exit 77
        "$2" -c "from attendome.cli.app import main; main()" simulate chromatin "$1/s.zarr"
        status=$?
        ls -A "$1"
        exit $status
    """
    words = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip("a small file system cannot be made here")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: No space left on device; nothing is half written.\n"


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
def test_too_little_memory_is_said(fail, monkeypatch, tmp_path, error):
    def use_it_up(*_: object, **__: object) -> None:
        raise error("Unable to allocate 9 TiB")

    monkeypatch.setattr("attendome.workflows.simulating.simulate", use_it_up)
    message = fail("simulate", "chromatin", tmp_path / "data.zarr")
    assert "The memory does not suffice (Unable to allocate 9 TiB)" in message
