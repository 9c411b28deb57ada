"""The log of a run: what attendome says while it trains."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG = "log.txt"
_talker = logging.getLogger("attendome")


def start_log(folder: Path) -> logging.Handler:
    """Write what attendome says into the run's log, from here on."""
    handler = logging.FileHandler(folder / LOG, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _talker.addHandler(handler)
    _talker.setLevel(logging.INFO)
    return handler


@contextmanager
def written_log(folder: Path) -> Iterator[None]:
    """Write what attendome says into the run's log, within the block."""
    level = _talker.level
    handler = start_log(folder)
    try:
        yield
    finally:
        _talker.setLevel(level)
        _talker.removeHandler(handler)
        handler.close()
