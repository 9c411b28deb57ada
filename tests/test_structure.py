"""The code keeps to its own rules of size, and is quick to import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "attendome"
MODULES = sorted(SOURCE.rglob("*.py"))
NAMES = [str(path.relative_to(SOURCE)) for path in MODULES]


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def length(function):
    """Count the lines of a function from ``def``, without those of its docstring."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def test_source_is_found():
    assert "data/chromatin.py" in [name.replace("\\", "/") for name in NAMES]


def test_length_leaves_out_the_docstring():
    code = 'def f(\n    a,\n):\n    """One.\n\n    Two.\n    """\n    return a\n'
    assert length(ast.parse(code).body[0]) == 4


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_modules_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_functions_are_short(path):
    long = {f.name: length(f) for f in functions(path) if length(f) > 40}
    assert not long


def test_importing_the_package_does_not_import_torch():
    code = "import attendome, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
