"""Fetch public files by name."""

from collections.abc import Iterable
from pathlib import Path

from attendome.data.catalogue import lookup
from attendome.data.downloads import Fetched, cache_folder, fetch_files
from attendome.data.resuming import Progress
from attendome.errors import SettingsError


def fetch(
    names: Iterable[str],
    out: str | Path | None = None,
    *,
    mirror: str = "",
    progress: Progress | None = None,
) -> list[Fetched]:
    """Fetch public files that are not there yet, and check all of them.

    Args:
        names: names of ``attendome.data.catalogue``, such as ``attentivechrome/E003``.
        out: where the files go; by default a folder of the cache.
        mirror: URL below which copies are, each at ``host/path``; by default the files' own URLs.
        progress: told, during a download, the name of the file, its bytes so far and all of them.

    Raises:
        SettingsError: a name is not known, or the mirror is not a URL.
        DataError: a folder cannot be made, a server is not reached or has no such file, or a file
            is not as it should be.
    """
    if mirror and not mirror.startswith(("http://", "https://")):
        raise SettingsError(
            f"Expected the mirror as a URL with http:// or https://, found '{mirror}'. A folder is "
            "served by: python -m http.server --bind 127.0.0.1 --directory FOLDER"
        )
    wanted = {name: lookup(name) for name in names}
    return [
        fetched
        for name, files in wanted.items()
        for fetched in fetch_files(
            files, Path(out) if out else cache_folder() / name.partition("/")[0], mirror, progress
        )
    ]
