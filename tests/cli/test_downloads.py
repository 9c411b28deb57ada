"""Fetching from a mirror: a folder as ``wget --mirror`` makes it, served by Python."""

import functools
import gzip
import hashlib
import io
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from attendome.cli import downloads

READS = "egg2.wustl.edu/roadmap/data/byFileType/alignments/consolidated/E116-H3K4me3.tagAlign.gz"
PACKED = gzip.compress(b"reads")


def serve(handler):
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Give the URL of a mirror with reads, a record and two of its files."""
    monkeypatch.setenv("NO_PROXY", "*")
    files = {READS: PACKED, "zenodo.org/records/2652278/files/E003.zip": b"cells"}
    row = {"key": "E003.zip", "checksum": f"md5:{hashlib.md5(b'cells').hexdigest()}"}
    files["zenodo.org/api/records/2652278"] = json.dumps({"files": [row]}).encode()
    for name, content in files.items():
        (tmp_path / "mirror" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mirror" / name).write_bytes(content)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    yield from serve(functools.partial(Handler, directory=tmp_path / "mirror"))


def test_a_mirror(invoke, succeed, mirror, tmp_path):
    names = ["attentivechrome/E003", "remc/E116-H3K4me3"]
    command = ["fetch", *names, "--out", tmp_path / "out", "--mirror", mirror + "/"]
    result = invoke(*command)
    paths = [tmp_path / "out" / "E003.zip", tmp_path / "out" / "E116-H3K4me3.tagAlign.gz"]
    assert result.stdout.splitlines() == [str(path) for path in paths]
    assert [path.read_bytes() for path in paths] == [b"cells", PACKED]
    digest = hashlib.sha256(PACKED).hexdigest()
    assert result.stderr == (
        f"E116-H3K4me3.tagAlign.gz: no checksum is published; remembered its SHA-256, {digest}\n"
    )
    rows = json.loads(succeed(*command, "--json"))
    md5 = hashlib.md5(b"cells").hexdigest()
    assert rows == [
        {"path": str(paths[0]), "checksum": f"md5:{md5}", "published": True},
        {"path": str(paths[1]), "checksum": f"sha256:{digest}", "published": False},
    ]


def test_list(succeed):
    said = succeed("fetch", "--list")
    for word in ("attentivechrome/CELL", "gencode/RELEASE", "not known", "MIT", "none published"):
        assert word in said
    rows = json.loads(succeed("fetch", "--list", "--json"))
    names = {row["form"]: row["names"] for row in rows}
    assert len(names["attentivechrome/CELL"]) == 56
    assert "remc/E116-H3K4me3" in names["remc/EPIGENOME-MARK"]
    assert all(row["page"].startswith("https://") and row["terms"] for row in rows)


def test_a_bar_is_shown_on_a_terminal_only(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    with downloads._progress_shown() as progress:
        assert progress is None
    monkeypatch.setattr(sys, "stderr", Terminal())
    with downloads._progress_shown() as progress:
        progress("reads.gz", 1_000_000, None)
        progress("reads.gz", 2_000_000, 4_000_000)
    shown = sys.stderr.getvalue()
    assert "reads.gz" in shown
    assert "2.0/4.0 MB" in shown


def test_bad_requests(fail, invoke, mirror, tmp_path):
    assert "did you mean 'gencode/10'" in fail("fetch", "gencod/10")
    said = fail("fetch", "gencode/10", "--out", tmp_path / "out", "--mirror", mirror)
    assert "the server answers 404" in said
    said = fail("fetch", "gencode/10", "--out", tmp_path / "o", "--mirror", "http://127.0.0.1:9")
    assert "could not be fetched" in said
    assert "--mirror" in said
    assert invoke("fetch").exit_code == 2
    assert invoke("fetch", "gencode/10", "--list").exit_code == 2


@pytest.fixture
def endless(monkeypatch):
    """Give the URL of a server that sends the start of a file and then nothing for long."""
    monkeypatch.setenv("NO_PROXY", "*")
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "10000000")
            self.end_headers()
            self.wfile.write(bytes(1_000_000))
            done.wait(30)

        def log_message(self, *_):
            pass

    serving = serve(Handler)
    yield next(serving)
    done.set()
    next(serving, None)


def test_ctrl_c_keeps_what_came(start, endless, tmp_path):
    process = start("fetch", "gencode/10", "--out", tmp_path, "--mirror", endless)
    part = tmp_path / "gencode.v10.annotation.gtf.gz.part"
    deadline = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    assert "The same command goes on from where it was." in stderr
    assert "Traceback" not in stderr
    assert part.stat().st_size > 0
