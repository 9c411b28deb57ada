"""Sphinx builds these pages with: make docs"""

import subprocess
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

project = "attendome"
author = "The attendome developers"
copyright = "The attendome developers, Apache-2.0"
release = version = installed_version("attendome")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"attendome {release}"
exclude_patterns = ["_build", "api"]

napoleon_use_ivar = True
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
python_display_short_literal_types = True
python_maximum_signature_line_length = 88


def _write_commands(_: Sphinx) -> None:
    """Write api/commands.md, which commands.md includes, from the program itself."""
    out = Path(__file__).parent / "api" / "commands.md"
    out.parent.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "typer", "attendome.cli.app", "utils", "docs"]
    options = ["--name", "attendome", "--output", str(out)]
    subprocess.run(  # noqa: S603 - our own program
        [*program, *options], check=True, stdout=subprocess.DEVNULL
    )


def _keep_colons(_: Sphinx, what: str, *rest: Any) -> None:  # noqa: ANN401
    """Keep napoleon from reading "What it is: this" under an attribute as a type and a text.

    It looks at the first line only, which becomes an empty comment.
    """
    if what in {"attribute", "property"}:
        rest[-1][:0] = ["..", ""]


def setup(app: Sphinx) -> None:
    """Add the steps above to the build."""
    app.connect("builder-inited", _write_commands)
    app.connect("autodoc-process-docstring", _keep_colons, priority=400)
