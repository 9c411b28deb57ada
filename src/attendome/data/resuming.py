"""One download: alone, resumed after an interruption, and checked to be whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from filelock import FileLock, Timeout
from isal import igzip

from attendome.genome.text import DAMAGE, GZIP_MAGIC

_PATIENCE = 30  # seconds without an answer, until a server counts as out of reach
_CHUNK = 1 << 18

Progress = Callable[[str, int, int | None], None]
"""Told, during a download: the name of the file, its bytes so far, and all of them where known."""


@contextmanager
def alone(path: Path, progress: Progress | None) -> Iterator[None]:
    """Wait until nobody else downloads ``path``, and let nobody else begin meanwhile.

    Args:
        path: where the file will be.
        progress: told, while somebody else downloads it, how far that is.
    """
    place = path.with_name(f".{path.name}.lock")
    lock = FileLock(place)
    while not lock.is_locked:
        try:
            lock.acquire(timeout=1)
        except Timeout:
            if progress:
                progress(path.name, _size(_part(path)), None)
    try:
        yield
    finally:
        lock.release()
    # Once the file is there nobody downloads, with the old lock or a new one. It may be in use.
    if path.exists():
        with suppress(OSError):
            place.unlink()


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Resuming:
    """A downloader for pooch that, when interrupted, keeps what it has and later goes on.

    Beside the .part file it keeps which version of the file that is: the server's ETag or date.
    Without a checksum, a .gz file is decompressed once to see that it is whole.
    """

    def __init__(self, path: Path, progress: Progress | None, *, checked: bool) -> None:
        self.name, self.progress, self.checked = path.name, progress, checked
        self.part = _part(path)
        self.version = path.with_name(f"{path.name}.part.version")

    def __call__(self, url: str, output_file: str, _pooch: object) -> None:
        """Download ``url`` to ``output_file``."""
        response, start = self._ask(url)
        with response:
            self._receive(response, start)
        if not self.checked and self.name.endswith(".gz") and (fault := _gz_fault(self.part)):
            self.part.unlink()
            raise requests.exceptions.ContentDecodingError(
                "expected a .gz file, but what came is none, or not whole, and was removed: "
                f"{fault}"
            )
        self.part.replace(output_file)
        self.version.unlink(missing_ok=True)

    def _ask(self, url: str) -> tuple[requests.Response, int]:
        """Ask for the file; say from which byte the answer starts."""
        headers = {"Accept-Encoding": "identity"}
        size = _size(self.part)
        version = self.version.read_text("utf-8") if self.version.exists() else ""
        # Without either, parts of two versions could be joined unnoticed.
        if size and (version or self.checked):
            headers["Range"] = f"bytes={size}-"
            if version:
                headers["If-Range"] = version
        response = requests.get(url, headers=headers, stream=True, timeout=_PATIENCE)
        rest = response.headers.get("Content-Range", "").startswith(f"bytes {size}-")
        if "Range" in headers and response.status_code in (206, 416) and not rest:
            response.close()
            self.part.unlink()
            return self._ask(url)
        if not response.ok:
            response.close()
            response.raise_for_status()
        return response, size if response.status_code == 206 else 0

    def _receive(self, response: requests.Response, start: int) -> None:
        if start == 0:
            self.part.unlink(missing_ok=True)
            tag = response.headers.get("ETag", "W/")
            date = response.headers.get("Last-Modified", "")
            self.version.write_text(date if tag.startswith("W/") else tag, "utf-8")
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        with self.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                file.write(chunk)
                if self.progress:
                    self.progress(self.name, file.tell(), total)
            if total not in (None, file.tell()):
                raise requests.ConnectionError(f"only {file.tell()} of {total} bytes came")


def _gz_fault(path: Path) -> str:
    """Say why a file is no whole .gz file; empty where it is one."""
    with path.open("rb") as file:
        beginning = file.read(40)
    if not beginning.startswith(GZIP_MAGIC):
        return f"it begins {beginning!r}"
    try:
        with igzip.open(path) as content:
            while content.read(_CHUNK):
                pass
    except DAMAGE as error:
        return str(error)
    return ""
