"""Output files and folders that are either whole or not there."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attendome.errors import DataError


@contextmanager
def new_output(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its name once the block has succeeded.

    The block creates a file or a folder at the temporary path. When it fails, or the program is
    interrupted, the temporary path is removed and what stood at ``path`` is untouched.

    Raises:
        DataError: ``path`` exists and ``force`` is not set, or its folder does not exist.
    """
    check_new(path, force=force)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    try:
        made = scratch / path.name
        yield made
        if path.is_dir() and not path.is_symlink():
            path.rename(scratch / "replaced")
        made.replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_new(path: Path, *, force: bool = False) -> None:
    """Check that an output may be written at ``path``.

    Raises:
        DataError: ``path`` exists and ``force`` is not set, or its folder does not exist.
    """
    if path.exists() and not force:
        raise DataError(f"{path} exists already; choose another name, or replace it with --force.")
    if not path.parent.is_dir():
        raise DataError(f"{path}: the folder {path.parent} does not exist; create it first.")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    with new_output(path, force=True) as made:
        made.write_text(text, encoding="utf-8")
