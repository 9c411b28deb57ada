"""Output files and folders that are either whole or not there."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from attendome.errors import DataError

_LONGEST_NAME = 80


@contextmanager
def new_output(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``path`` that takes its name once the block has succeeded.

    The block creates a file or a folder at the temporary path. When it fails, or the program is
    interrupted, the temporary path is removed and what stood at ``path`` is untouched.

    Raises:
        DataError: ``path`` exists and ``force`` is not set, or its folder does not exist, or a file
            would take the place of a folder.
    """
    check_new(path, force=force)
    try:
        folder = tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise DataError(f"{path}: cannot be written there ({error.strerror}).") from error
    scratch = Path(folder)
    made, replaced = scratch / path.name, scratch / f"{path.name}.replaced"
    try:
        yield made
        if made.is_dir():
            _step_aside(path, replaced)
        elif made.exists() and path.is_dir() and not path.is_symlink():
            _refuse(path)
        made.replace(path)
    except BaseException:
        if _stands(replaced) and not _stands(path):
            replaced.rename(path)
        _remove_after_failure(scratch)
        raise
    shutil.rmtree(scratch, ignore_errors=True)


def _remove_after_failure(scratch: Path) -> None:
    # Zarr writes from threads: those still at work when one fails make the folder again.
    for _ in range(20):
        shutil.rmtree(scratch, ignore_errors=True)
        time.sleep(0.1)
        if not scratch.exists():
            return


def _stands(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _refuse(folder: Path) -> None:
    raise DataError(f"{folder}: not replaced by a file, since it is a folder; choose another name.")


def _step_aside(path: Path, place: Path) -> None:
    # A folder, unlike a file, cannot be replaced in one step.
    if _stands(path):
        path.rename(place)


def check_new(path: Path, *, force: bool = False) -> None:
    """Check that an output may be written at ``path``.

    Raises:
        DataError: ``path`` exists and ``force`` is not set, or its folder does not exist or cannot
            be written to.
    """
    if path.name in ("", ".."):
        raise DataError(f"{path}: expected a name for the output, found a folder; add a name.")
    if path.exists() and not force:
        raise DataError(
            f"{path} exists already; choose another name, or replace it with --force "
            "(in Python force=True)."
        )
    if not path.parent.is_dir():
        raise DataError(f"{path}: the folder {path.parent} does not exist; create it first.")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"{path}: you may not write in the folder {path.parent}.")


def check_export(folder: Path, ours: Callable[[Path], bool]) -> None:
    """Check that what stands in the way of an export is an earlier one, and nothing else.

    Args:
        folder: where it stands, if anything does.
        ours: tells whether an entry of the folder is one of an export.

    Raises:
        DataError: it is something else.
    """
    if folder.exists() and not (folder.is_dir() and all(map(ours, folder.iterdir()))):
        raise DataError(f"{folder}: not replaced, since it is not an export; choose another name.")


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old content or the new, never a part."""
    with new_output(path, force=True) as made:
        made.write_text(text, encoding="utf-8")


def safe_name(name: str) -> str:
    """Give a name that a folder can have.

    >>> safe_name("../K562"), safe_name("mlp[epochs=2]")
    ('_.._K562', 'mlp[epochs=2]')
    """
    plain = re.sub(r"[^\w.\-+=,\[\] ]", "_", name)
    plain = f"_{plain}" if plain.startswith(".") else plain
    if len(plain) <= _LONGEST_NAME:
        return plain
    return f"{plain[:_LONGEST_NAME]}-{crc32(name.encode()):08x}"
