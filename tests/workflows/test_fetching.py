import hashlib

import pytest

from attendome.errors import DataError, SettingsError
from attendome.workflows.fetching import fetch

CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTENDOME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_has_a_folder_per_source(cache, shared_data):
    name = "57epigenomes.RPKM.pc.gz"
    path = cache / "remc-expression" / name
    path.parent.mkdir(parents=True)
    path.write_bytes((shared_data / "expression" / name).read_bytes())
    (file,) = fetch(["remc-expression"], mirror=CLOSED)
    assert (file.path, file.published) == (path, True)
    with pytest.raises(DataError, match=f"put it at {cache / 'gencode' / 'gencode.v10'}"):
        fetch(["gencode/10"], mirror=CLOSED)


def test_a_folder_instead_of_the_cache(cache, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    names = ["E116-H3K4me3.tagAlign.gz", "gencode.v10.annotation.gtf.gz"]
    for name in names:
        (out / name).write_text(name)
    files = fetch(["remc/E116-H3K4me3", "gencode/10", "gencode/10"], out, mirror=CLOSED)
    assert [file.path for file in files] == [out / name for name in names]
    digest = hashlib.sha256(names[0].encode()).hexdigest()
    assert (files[0].checksum, files[0].published) == (f"sha256:{digest}", False)
    assert not cache.exists()


def test_all_names_are_checked_before_anything_is_fetched(cache):
    with pytest.raises(SettingsError, match="did you mean 'gencode/10'"):
        fetch(["remc/E116-H3K4me3", "gencod/10"], mirror=CLOSED)
    assert not cache.exists()


def test_a_mirror_is_a_url(cache):
    with pytest.raises(SettingsError, match=r"found '/data/mirror'.*http\.server"):
        fetch(["gencode/10"], mirror="/data/mirror")
    assert not cache.exists()
