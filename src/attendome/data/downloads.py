"""Fetch public files: checksummed and cached."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Annotated
from urllib.parse import urlsplit

import pooch
import requests
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, ValidationError
from urllib3.exceptions import HTTPError

from attendome.data.catalogue import RecordFiles, RemoteFile, zenodo_file
from attendome.data.resuming import Progress, Resuming, alone
from attendome.errors import DataError
from attendome.outputs import write_text

CACHE_VARIABLE = "ATTENDOME_CACHE"


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        path: where it is.
        checksum: algorithm and digest that it was checked against, such as ``md5:9b4f...``.
        published: whether that is its source's; otherwise it is the SHA-256 of the first download.
    """

    path: Path
    checksum: str
    published: bool


def cache_folder() -> Path:
    """Where fetched files are kept: ``$ATTENDOME_CACHE``, or the system's folder for caches."""
    cache = pooch.create(pooch.os_cache("attendome"), base_url="", env=CACHE_VARIABLE)
    return Path(cache.abspath)


def fetch_files(
    wanted: RemoteFile | RecordFiles,
    folder: Path,
    mirror: str = "",
    progress: Progress | None = None,
) -> list[Fetched]:
    """Fetch what is not yet in a folder, and check all of it.

    An interrupted download leaves a .part file, from which the next call goes on. Where another
    process downloads the same file, this one waits for it.

    Args:
        wanted: what to fetch.
        folder: where the files go; it is made where it does not exist.
        mirror: URL below which copies are, each at ``host/path``; by default the files' own URLs.
        progress: told how far a download is.

    Raises:
        DataError: the folder cannot be made, a server is not reached or has no such file, a
            checksum is wrong, a .gz file without one is not whole, or the listing of a record is
            not usable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: is not a folder, and cannot be made one ({error.strerror}); choose another "
            "with --out."
        ) from error
    files = [wanted] if isinstance(wanted, RemoteFile) else _listed(wanted, folder, mirror)
    return [_fetch(file, folder, mirror, progress) for file in files]


def _fetch(file: RemoteFile, folder: Path, mirror: str, progress: Progress | None) -> Fetched:
    path, memory = folder / file.name, folder / f"{file.name}.sha256"
    known = file.checksum
    if not known and memory.exists():
        known = "sha256:" + memory.read_text("utf-8").partition(" ")[0]
    if not path.exists():
        _download(file, path, known, mirror, progress)
    elif known:
        _check(path, known)
    if not known:
        digest = pooch.file_hash(path)
        known = f"sha256:{digest}"
        write_text(memory, f"{digest}  {file.name}\n")
    return Fetched(path, known, published=bool(file.checksum))


def _check(path: Path, known: str) -> None:
    algorithm = known.partition(":")[0]
    found = f"{algorithm}:{pooch.file_hash(path, algorithm)}"
    if found != known:
        raise DataError(
            f"{path}: expected the checksum {known}, found {found}: the file was changed, or is "
            "another one of that name. Move it away to download it again."
        )


def _plain(name: str) -> str:
    """Refuse a name that would lead out of the folder, on any system."""
    if PureWindowsPath(name).name != name or name[:1] in ("", ".") or not name.isprintable():
        raise ValueError(f"{name!r} is not a plain file name")
    return name


class _ListedFile(BaseModel):
    name: Annotated[str, AfterValidator(_plain)] = Field(
        validation_alias=AliasChoices("key", "filename")
    )
    checksum: str = Field(pattern="^(md5:)?[0-9a-f]{32}$")


class _Listing(BaseModel):
    files: list[_ListedFile]


def _listed(wanted: RecordFiles, folder: Path, mirror: str) -> list[RemoteFile]:
    """Read, from the listing of a record, which of its files are wanted."""
    url, path = wanted.listing.url, folder / wanted.listing.name
    if not path.exists():
        _download(wanted.listing, path, "", mirror)
    try:
        files = _Listing.model_validate_json(path.read_bytes()).files
    except ValidationError as error:
        path.unlink()
        reason = error.errors()[0]["msg"]
        raise DataError(f"{url}: expected the listing of a Zenodo record: {reason}.") from error
    word = re.compile(rf"(?<![A-Za-z0-9]){wanted.word}(?![A-Za-z0-9])")
    found = [file for file in files if not wanted.word or word.search(file.name)]
    if not found:
        names = ", ".join(file.name for file in files) or "none"
        raise DataError(
            f"{url}: expected a file with {wanted.word} in its name, found {names}. The same name "
            "without its /CELL fetches all of them."
        )
    return [
        zenodo_file(wanted.record, file.name, f"md5:{file.checksum.removeprefix('md5:')}")
        for file in found
    ]


def _download(
    file: RemoteFile, path: Path, known: str, mirror: str, progress: Progress | None = None
) -> None:
    parts = urlsplit(file.url)
    url = f"{mirror.rstrip('/')}/{parts.netloc}{parts.path}" if mirror else file.url
    downloader = Resuming(path, progress, checked=bool(known))
    otherwise = (
        "A copy can be used with --mirror, or a file that was downloaded another way: put it at "
        f"{path}. Then, or to try again, run the same command."
    )
    try:
        with alone(path, progress), _quiet():
            if path.exists():
                return  # somebody else downloaded it meanwhile
            pooch.retrieve(url, known or None, path.name, path.parent, downloader=downloader)
    except requests.HTTPError as error:
        answer = f"{error.response.status_code} {error.response.reason}"
        raise DataError(f"{url}: the server answers {answer}. {otherwise}") from error
    except (requests.RequestException, HTTPError) as error:
        raise DataError(f"{url}: could not be fetched ({_cause(error)}). {otherwise}") from error
    except ValueError as error:  # pooch's, which names both checksums before that word
        advice = "the file there is not the published one"
        if not file.checksum:
            advice = f"the file there is a new one: to accept it, remove {path}.sha256"
        raise DataError(
            f"{url}: {str(error).partition(' Deleted')[0]} The download was removed. Try again; if "
            f"that does not help, {advice}."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from telling how to use pooch."""
    talker = pooch.get_logger()
    level = talker.level
    talker.setLevel(logging.WARNING)
    try:
        yield
    finally:
        talker.setLevel(level)


def _cause(error: BaseException) -> str:
    """Give the reason at the bottom, without the library's own wrapping."""
    while error.__context__:
        error = error.__context__
    return str(error) or type(error).__name__
