import pytest

from attendome.errors import DataError
from attendome.outputs import check_new, new_output, write_text


def make(path, kind, text="new"):
    """Make a file, or a folder with a file in it."""
    if kind == "folder":
        path.mkdir()
        path = path / "inside"
    path.write_text(text)


def make_and_fail(path, kind, error):
    with new_output(path, force=True) as made:
        make(made, kind)
        raise error


def read(path):
    return (path / "inside" if path.is_dir() else path).read_text()


@pytest.fixture(params=["out", "out.zarr", "replaced", "ü b"])
def target(tmp_path, request):
    return tmp_path / "work" / request.param


@pytest.fixture(autouse=True)
def _work(tmp_path):
    (tmp_path / "work").mkdir()


KINDS = pytest.mark.parametrize("kind", ["file", "folder"])
OLD = pytest.mark.parametrize("old", ["file", "folder"])
ERRORS = pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])


@KINDS
def test_output_stands_only_when_the_block_is_done(target, kind):
    with new_output(target) as made:
        make(made, kind)
        assert not target.exists()
        assert made.name == target.name
    assert read(target) == "new"
    assert list(target.parent.iterdir()) == [target]


@KINDS
@OLD
def test_force_replaces(target, kind, old):
    make(target, old, "old")
    if (kind, old) == ("file", "folder"):
        with pytest.raises(DataError, match="folder"), new_output(target, force=True) as made:
            make(made, kind)
        assert read(target) == "old"
        return
    with new_output(target, force=True) as made:
        make(made, kind)
        assert read(target) == "old"
    assert read(target) == "new"
    assert list(target.parent.iterdir()) == [target]


@OLD
def test_existing_output_is_kept_without_force(target, old):
    make(target, old, "old")
    with pytest.raises(DataError, match="--force"), new_output(target):
        pytest.fail("the block must not run")
    assert read(target) == "old"


@KINDS
@ERRORS
def test_failure_leaves_nothing(target, kind, error):
    with pytest.raises(error):
        make_and_fail(target, kind, error)
    assert not any(target.parent.iterdir())


@KINDS
@OLD
@ERRORS
def test_failure_keeps_the_old_output(target, kind, old, error):
    make(target, old, "old")
    with pytest.raises(error):
        make_and_fail(target, kind, error)
    assert read(target) == "old"
    assert list(target.parent.iterdir()) == [target]


@OLD
def test_block_that_makes_nothing_keeps_the_old_output(target, old):
    make(target, old, "old")
    with pytest.raises(FileNotFoundError), new_output(target, force=True):
        pass
    assert read(target) == "old"
    assert list(target.parent.iterdir()) == [target]


@KINDS
@OLD
def test_link_is_replaced_and_not_followed(tmp_path, kind, old):
    make(tmp_path / "elsewhere", old, "old")
    target = tmp_path / "work" / "out"
    target.symlink_to(tmp_path / "elsewhere")
    with new_output(target, force=True) as made:
        make(made, kind)
    assert (read(target), read(tmp_path / "elsewhere")) == ("new", "old")
    assert not target.is_symlink()


@KINDS
def test_link_to_nowhere_is_replaced(tmp_path, kind):
    target = tmp_path / "work" / "out"
    target.symlink_to(tmp_path / "nowhere")
    with new_output(target) as made:
        make(made, kind)
    assert read(target) == "new"


def test_folder_must_exist(tmp_path):
    with pytest.raises(DataError, match="does not exist; create it first"):
        check_new(tmp_path / "none" / "out")
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="does not exist"):
        check_new(tmp_path / "file" / "out", force=True)


def test_folder_must_be_writable(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    with pytest.raises(DataError, match="may not write in the folder"):
        check_new(tmp_path / "out")


@pytest.mark.parametrize("name", [".", ".."])
def test_working_folder_is_never_replaced(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path / "work")
    with pytest.raises(DataError, match="add a name"):
        check_new(type(tmp_path)(name), force=True)
    assert (tmp_path / "work").is_dir()


def test_name_that_is_too_long_for_a_temporary_one(tmp_path):
    with pytest.raises(DataError, match="cannot be written"), new_output(tmp_path / ("x" * 250)):
        pytest.fail("the block must not run")


def test_write_text(tmp_path):
    path = tmp_path / "note.txt"
    write_text(path, "α\n")
    write_text(path, "β\n")
    assert path.read_text(encoding="utf-8") == "β\n"
