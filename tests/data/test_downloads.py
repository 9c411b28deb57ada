"""Downloads from a server of this machine, which can be made to fail in every way."""

import contextlib
import gzip
import hashlib
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from attendome.data.catalogue import RecordFiles, RemoteFile
from attendome.data.downloads import fetch_files
from attendome.errors import DataError

CONTENT = gzip.compress(os.urandom(1_000_000))
SIZE = len(CONTENT)
MD5 = f"md5:{hashlib.md5(CONTENT).hexdigest()}"
PATH = "/example.org/data/reads.gz"


def remote(checksum=MD5):
    return RemoteFile("reads.gz", "https://example.org/data/reads.gz", checksum)


@dataclass
class Server:
    """What the server holds, how it behaves, and what it was asked."""

    files: dict
    ranges: bool = True
    headers: dict = field(default_factory=lambda: {"ETag": '"1"'})
    cut: int | None = None  # the number of bytes after which it breaks off
    wrong_range: bool = False
    hold: threading.Event | None = None  # what it waits for in the middle
    asked: list = field(default_factory=list)  # (path, headers, number of bytes sent)
    url: str = ""

    def answer(self, path, headers):
        """Give status, headers and body."""
        content, start, status = self.files.get(path), 0, 200
        if content is None:
            return 404, {}, b"no such file"
        unit, _, first = headers.get("Range", "").partition("=")
        same = headers.get("If-Range") in (None, *self.headers.values())
        extra = dict(self.headers)
        if self.ranges and unit == "bytes" and same:
            start, status = int(first.removesuffix("-")), 206
            if start >= len(content):
                return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
            start -= self.wrong_range
            extra["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return status, extra, content[start:]


@pytest.fixture
def server(monkeypatch):
    state = Server({PATH: CONTENT})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, extra, body = state.answer(self.path, self.headers)
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            sent = body[: state.cut]
            state.asked.append((self.path, dict(self.headers), len(sent)))
            with contextlib.suppress(ConnectionError):  # an interrupted client
                half = len(sent) // 2
                self.wfile.write(sent[:half])
                if state.hold:
                    state.hold.wait(20)
                self.wfile.write(sent[half:])

        def log_message(self, *_):
            pass

    monkeypatch.setenv("NO_PROXY", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture
def get(server, tmp_path):
    """Give a function that fetches one file, or what else is wanted, from that server."""

    def run(wanted=None, progress=None):
        return fetch_files(wanted or remote(), tmp_path / "cache", server.url, progress)

    return run


@pytest.fixture
def interrupted(server, get, tmp_path):
    """A download that broke off in the middle."""

    def run(wanted=None, after=600_000):
        server.cut = after
        with pytest.raises(DataError, match=r"could not be fetched .*run the same command"):
            get(wanted)
        server.cut = None
        assert here(tmp_path) == ["reads.gz.part", "reads.gz.part.version"]
        assert (tmp_path / "cache" / "reads.gz.part").stat().st_size == after

    return run


def here(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").glob("[!.]*"))


def assert_whole(fetched, content=CONTENT):
    (file,) = fetched
    assert file.path.read_bytes() == content
    assert not list(file.path.parent.glob("*.part*"))


def test_a_download_and_a_second_call_without_a_request(server, get, tmp_path):
    (file,) = get()
    assert_whole([file])
    assert (file.checksum, file.published) == (MD5, True)
    assert [path for path, *_ in server.asked] == [PATH]
    assert get() == [file]
    assert len(server.asked) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["reads.gz"]


def test_an_interrupted_download_is_resumed(server, get, interrupted):
    interrupted()
    assert_whole(get())
    _, headers, sent = server.asked[1]
    assert headers["Range"] == "bytes=600000-"
    assert headers["If-Range"] == '"1"'
    assert sent == SIZE - 600_000


def test_a_date_stands_in_for_an_etag(server, get, interrupted):
    date = "Tue, 01 Jan 2019 00:00:00 GMT"
    server.headers = {"ETag": 'W/"1"', "Last-Modified": date}
    interrupted()
    assert_whole(get())
    assert server.asked[1][1]["If-Range"] == date
    assert server.asked[1][2] == SIZE - 600_000


def test_without_a_version_a_known_checksum_allows_to_go_on(server, get, interrupted):
    server.headers = {}
    interrupted()
    assert_whole(get())
    assert "If-Range" not in server.asked[1][1]
    assert server.asked[1][2] == SIZE - 600_000


def test_without_a_version_and_a_checksum_it_starts_again(server, get, interrupted):
    server.headers = {}
    interrupted(remote(""))
    assert_whole(get(remote("")))
    assert "Range" not in server.asked[1][1]


def test_a_server_without_ranges_starts_again(server, get, interrupted):
    server.ranges = False
    interrupted()
    assert_whole(get())
    assert "Range" in server.asked[1][1]
    assert server.asked[1][2] == SIZE


OTHERS = {"of the same length": os.urandom(1_000_000), "shorter": os.urandom(100_000)}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("checksum", ["known", "not known"])
def test_a_file_that_changed_starts_again(server, get, interrupted, checksum, content):
    new = gzip.compress(content)
    md5 = f"md5:{hashlib.md5(new).hexdigest()}" if checksum == "known" else ""
    interrupted(remote(md5))
    server.files[PATH], server.headers = new, {"ETag": '"2"'}
    assert_whole(get(remote(md5)), new)
    assert server.asked[1][2] == len(new)


def test_a_file_that_changed_unnoticed_is_found_by_its_checksum(server, get, interrupted, tmp_path):
    server.headers = {}
    interrupted()
    server.files[PATH] = os.urandom(SIZE)
    with pytest.raises(DataError, match=f"expected {MD5} but got"):
        get()
    assert here(tmp_path) == []


@pytest.mark.parametrize("fault", ["past the end", "from another byte"])
def test_a_range_that_does_not_fit_starts_again(server, get, interrupted, tmp_path, fault):
    interrupted()
    if fault == "past the end":
        (tmp_path / "cache" / "reads.gz.part").write_bytes(bytes(SIZE))
    server.wrong_range = fault == "from another byte"
    assert_whole(get())
    assert "Range" not in server.asked[2][1]


def test_an_interruption_by_the_user_keeps_what_came(server, get, tmp_path):
    told = []

    def stop(*news):
        told.append(news)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(progress=stop)
    size = (tmp_path / "cache" / "reads.gz.part").stat().st_size
    assert 0 < size < SIZE
    assert told[-1] == ("reads.gz", size, SIZE)
    assert here(tmp_path) == ["reads.gz.part", "reads.gz.part.version"]
    assert_whole(get(progress=lambda *news: told.append(news)))
    assert told[-1] == ("reads.gz", SIZE, SIZE)
    assert server.asked[1][2] == SIZE - size


def test_a_file_that_the_server_calls_compressed_is_kept_as_it_is(server, get):
    server.headers = {"Content-Encoding": "gzip"}
    assert_whole(get())


def test_a_wrong_checksum(get, tmp_path):
    with pytest.raises(
        DataError, match=r"reads\.gz.*expected md5:0+ but got .*not the published one"
    ):
        get(remote("md5:" + 32 * "0"))
    assert here(tmp_path) == []


def test_a_kept_file_that_was_changed_is_not_replaced(server, get):
    (file,) = get()
    file.path.write_text("mine")
    with pytest.raises(DataError, match=rf"reads\.gz: expected the checksum {MD5}, found md5:"):
        get()
    assert file.path.read_text() == "mine"
    assert len(server.asked) == 1


def test_without_a_published_checksum_the_first_download_is_remembered(server, get, tmp_path):
    (file,) = get(remote(""))
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (file.checksum, file.published) == (f"sha256:{digest}", False)
    memory = tmp_path / "cache" / "reads.gz.sha256"
    assert memory.read_text() == f"{digest}  reads.gz\n"
    assert get(remote("")) == [file]
    file.path.write_text("changed")
    with pytest.raises(DataError, match=f"expected the checksum sha256:{digest}, found"):
        get(remote(""))
    file.path.unlink()
    server.files[PATH] = new = gzip.compress(b"a new release")
    with pytest.raises(DataError, match=r"expected .* but got .*to accept it, remove .*gz\.sha256"):
        get(remote(""))
    memory.unlink()
    assert_whole(get(remote("")), new)


NO_GZ = {
    "login page": b"<!DOCTYPE html>" + b" " * 999,
    "empty": b"",
    "cut": CONTENT[:-99],
    "damaged": CONTENT[:9999] + bytes(99) + CONTENT[10098:],
}


@pytest.mark.parametrize("content", NO_GZ.values(), ids=NO_GZ)
def test_what_is_no_gz_is_not_remembered(server, get, tmp_path, content):
    server.files[PATH] = content
    with pytest.raises(
        DataError, match=r"reads\.gz: could not be .* a \.gz file, .* was removed: "
    ):
        get(remote(""))
    assert not {*here(tmp_path)} & {"reads.gz", "reads.gz.part", "reads.gz.sha256"}
    server.files[PATH] = CONTENT
    assert_whole(get(remote("")))


@pytest.mark.parametrize("checksum", [MD5, ""], ids=["known", "not known"])
def test_two_at_once_download_once(server, get, tmp_path, checksum):
    told, begun = [], threading.Event()
    server.hold = threading.Event()
    with ThreadPoolExecutor() as both:
        first = both.submit(get, remote(checksum), lambda *_: begun.set())
        assert begun.wait(20)
        second = both.submit(get, remote(checksum), lambda *news: told.append(news))
        time.sleep(1.5)
        assert not second.done()
        server.hold.set()
        assert first.result() == second.result()
    assert_whole(first.result())
    assert len(server.asked) == 1
    assert told
    assert {name for name, *_ in told} == {"reads.gz"}
    assert not list((tmp_path / "cache").glob("*.lock"))


def test_a_folder_that_cannot_be_made(server, get, tmp_path):
    (tmp_path / "cache").write_text("thesis")
    with pytest.raises(DataError, match=r"cache: is not a folder.*--out"):
        get()
    with pytest.raises(DataError, match=r"below: is not a folder.*--out"):
        fetch_files(remote(), tmp_path / "cache" / "below", server.url)
    assert (tmp_path / "cache").read_text() == "thesis"
    assert not server.asked


def test_a_file_put_there_by_hand_is_taken(server, get, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "reads.gz").write_bytes(CONTENT)
    assert_whole(get())
    assert_whole(get(remote("")))
    assert not server.asked


def test_no_network(tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as http:
        closed = f"http://127.0.0.1:{http.server_port}"
    with pytest.raises(DataError) as caught:
        fetch_files(remote(), tmp_path, closed)
    said = str(caught.value)
    assert said.startswith(f"{closed}/example.org/data/reads.gz: could not be fetched ([Errno ")
    assert "--mirror" in said
    assert f"put it at {tmp_path / 'reads.gz'}" in said
    assert not any(tmp_path.glob("[!.]*"))


def test_no_such_file(get, tmp_path):
    with pytest.raises(DataError, match=r"other\.gz: the server answers 404 Not Found"):
        get(RemoteFile("other.gz", "https://example.org/other.gz", ""))
    assert here(tmp_path) == []


# Records, whose files their listing names

LISTING, FILES = "/zenodo.org/api/records/77", "/zenodo.org/records/77/files"


def listed(server, *names, key="key", prefix="md5:"):
    rows = []
    for name in names:
        content = server.files[f"{FILES}/{name}"] = name.encode()
        digest = hashlib.md5(content).hexdigest()
        rows.append({key: name, "checksum": prefix + digest, "size": len(content), "links": {}})
    server.files[LISTING] = json.dumps({"id": 77, "files": rows}).encode()


@pytest.mark.parametrize("form", [{}, {"key": "filename", "prefix": ""}], ids=["new", "old"])
def test_the_listing_decides(server, get, form):
    listed(server, "E003.tar.gz", "E004.tar.gz", "xE003.txt", "E0031.txt", **form)
    (file,) = get(RecordFiles(77, "E003"))
    assert file.path.name == "E003.tar.gz"
    assert file.path.read_bytes() == b"E003.tar.gz"
    assert (file.checksum, file.published) == (
        f"md5:{hashlib.md5(b'E003.tar.gz').hexdigest()}",
        True,
    )
    assert [path for path, *_ in server.asked] == [LISTING, f"{FILES}/E003.tar.gz"]
    assert get(RecordFiles(77, "E003")) == [file]
    assert len(server.asked) == 2


def test_several_files_of_a_cell_type_and_all_files(server, get):
    names = ["E003_train.csv", "E003_test.csv", "E004_train.csv"]
    listed(server, *names)
    assert [file.path.name for file in get(RecordFiles(77, "E003"))] == names[:2]
    assert [file.path.name for file in get(RecordFiles(77, ""))] == names


def test_a_record_without_a_file_of_that_name(server, get):
    listed(server, "all.zip")
    with pytest.raises(DataError, match=r"E003 in its name, found all\.zip\. The same name with"):
        get(RecordFiles(77, "E003"))


@pytest.mark.parametrize(
    "name",
    [
        "../E003",
        "a/E003",
        "/E003",
        "..",
        ".",
        "",
        ".E003",
        "a\\E003",
        "C:E003",
        "C:\\E003",
        "E003\n",
    ],
)
def test_names_that_lead_out_of_the_folder_are_refused(server, get, tmp_path, name):
    listed(server, "E003", name)
    with pytest.raises(DataError, match="is not a plain file name"):
        get(RecordFiles(77, "E003"))
    assert here(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"{}",
        b'{"files": [{"key": "E003"}]}',
        b'{"files": [{"key": "E003", "checksum": "md5:1"}]}',
        b'{"files": [{"key": "E003", "checksum": "crc:12345678901234567890123456789012"}]}',
    ],
)
def test_a_listing_that_is_none_is_not_kept(server, get, tmp_path, content):
    server.files[LISTING] = content
    with pytest.raises(DataError, match=r"records/77: expected the listing of a Zenodo record: "):
        get(RecordFiles(77, "E003"))
    assert here(tmp_path) == []


def test_a_wrong_checksum_of_the_listing(server, get, tmp_path):
    listed(server, "E003.tar.gz")
    server.files[f"{FILES}/E003.tar.gz"] = b"other"
    with pytest.raises(DataError, match=r"expected .* but got"):
        get(RecordFiles(77, "E003"))
    assert here(tmp_path) == ["zenodo-77.json"]
