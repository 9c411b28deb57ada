"""Long work in parts on disk, so that an interruption loses a part at most; and how far it is."""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from attendome.outputs import new_output, write_text

Progress = Callable[[int, int], None]
"""Told how many things are done, and of how many."""
Watch = Callable[[str], AbstractContextManager[Progress]]
"""Told the name of a step, gives what is told how much of it is done."""
_ABOUT = "about.json"


def open_parts(folder: Path, about: Mapping[str, Any]) -> None:
    """Make the folder of parts; what stands there of another request is removed."""
    place, text = folder / _ABOUT, json.dumps(about, sort_keys=True)
    if place.is_file() and place.read_bytes() == text.encode():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write_text(place, text)


def kept_part(place: Path | None, make: Callable[[], Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Read a part; where there is none, or it is damaged, make it, and keep it if there is a place.

    Args:
        place: where it is, or is to be kept.
        make: gives its tensors.
    """
    if place and place.is_file():
        with suppress(SafetensorError, OSError):
            return load_file(place)
    made = {name: value.cpu().contiguous() for name, value in make().items()}
    if place:
        with new_output(place, force=True) as part:
            part.write_bytes(save(made))
    return made
