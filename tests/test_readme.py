"""What README and docs show, works.

Blocks of README.md fenced as ``bash`` and ``python`` are run, in order, in one folder. Blocks
fenced as ``console``, there and in docs, need real data: of those, each ``attendome`` command is
parsed without being run, and each ``make`` target must exist.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from attendome.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    fence = rf"^```{language}\n(.*?)^```$"
    return re.findall(fence, page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(block):
    """Give the commands of a block as lists of words, without prompts and comments."""
    lines = block.replace("\\\n", " ").splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


SHOWN = [
    pytest.param(words, id=f"{page.name}: {shlex.join(words)}")
    for page in PAGES
    for language in ("console", "bash")
    for block in blocks(page, language)
    for words in commands(block)
]


def test_blocks_are_found():
    readme = ROOT / "README.md"
    assert blocks(readme, "bash")
    assert blocks(readme, "python")
    assert len(SHOWN) > 10


@pytest.mark.parametrize("words", SHOWN)
def test_commands_shown_exist(words):
    program, *arguments = words
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in arguments)
    if program == "python":
        assert (ROOT / arguments[0]).is_file()
    if program == "attendome":
        command = typer.main.get_command(app)
        while hasattr(command, "commands"):
            name, *arguments = arguments
            command = command.commands[name]
        # Parses the options and arguments, and refuses what it does not know; runs nothing.
        command.make_context(command.name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_readme_runs(tmp_path, monkeypatch):
    readme = ROOT / "README.md"
    # One thread: on data this small, several only get in each other's way.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"}
    for block in blocks(readme, "bash"):
        for words in commands(block):
            subprocess.run(words, cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "run" / "report.html").stat().st_size > 1_000_000
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(readme, "python"):
        exec(compile(block, "README.md", "exec"), names)
    assert 0 <= names["scores"].auroc.low <= names["scores"].auroc.high <= 1
    assert {"gene", "probability"} <= set(names["table"].columns)
    assert {"alpha", "beta"} <= set(names["maps"])
    assert (tmp_path / "report.html").is_file()
