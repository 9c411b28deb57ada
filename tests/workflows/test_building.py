import shutil

import numpy as np
import pytest

from attendome import open_dataset
from attendome.data.recipe import BuildSettings, ChromatinFiles
from attendome.data.store import save_dataset
from attendome.errors import DataError, SettingsError
from attendome.workflows.building import build_all, build_chromatin, build_differential

SMALL = BuildSettings(window=200, bin_size=50, split="random")
READS = [(0, 0, 960, "30M", 30), (16, 1, 3040, "30M", 30)]


@pytest.fixture
def files(six_genes, write_bam):
    return ChromatinFiles(cell_type="T", genes=six_genes, signal={"M": (write_bam(READS),)})


def state(folder):
    """Tell when each file of a folder was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_dataset_is_stored_as_it_is_returned(files, tmp_path):
    data = build_chromatin(tmp_path / "T.zarr", files, SMALL)
    assert data.path == tmp_path / "T.zarr"
    assert open_dataset(tmp_path / "T.zarr").xarray.identical(data.xarray)


def test_the_difference_of_two_is_stored_as_it_is_returned(two_cell_types, tmp_path):
    paths = [save_dataset(data, tmp_path / f"{n}.zarr") for n, data in enumerate(two_cell_types)]
    out = tmp_path / "both.zarr"
    data = build_differential(out, paths[0].path, two_cell_types[1])
    assert open_dataset(out).xarray.identical(data.xarray)
    assert data.path == out
    before = state(tmp_path)
    with pytest.raises(DataError, match="--force"):
        build_differential(out, *two_cell_types)
    with pytest.raises(DataError, match="different names"):
        build_differential(out, paths[0].path, paths[0].path, force=True)
    assert state(tmp_path) == before
    turned = build_differential(out, *two_cell_types[::-1], force=True)
    np.testing.assert_allclose(turned.log_expression(), -data.log_expression())


def test_what_exists_is_replaced_only_with_force(files, tmp_path):
    out = tmp_path / "T.zarr"
    build_chromatin(out, files, SMALL)
    before = state(tmp_path)
    with pytest.raises(DataError, match="--force"):
        build_chromatin(out, files, SMALL)
    (tmp_path / "cut.bam").write_bytes(files.signal["M"][0].read_bytes()[:-9])
    cut = files.model_copy(update={"signal": {"M": (tmp_path / "cut.bam",)}})
    with pytest.raises(DataError, match=r"cut.bam: is .*cut short"):
        build_chromatin(out, cut, SMALL, force=True)
    (tmp_path / "cut.bam").unlink()
    assert state(tmp_path).keys() == before.keys()
    assert open_dataset(out).bins == 4
    build_chromatin(out, files, SMALL.model_copy(update={"bin_size": 100}), force=True)
    assert open_dataset(out).bins == 2


@pytest.mark.parametrize("name", ["T", "T.zip", "nowhere/T.zarr"])
def test_out_is_checked_before_any_file(files, tmp_path, name):
    absent = files.model_copy(update={"genes": tmp_path / "absent.gtf"})
    with pytest.raises(DataError, match=r"ends in .zarr|does not exist; create it first"):
        build_chromatin(tmp_path / name, absent, SMALL)


@pytest.fixture
def three(files, tmp_path):
    """The files of three cell types; the control of the second is damaged."""
    bed = "chr1\t960\t990\tN\t0\t+\nchr2\t960\t990\tN\t0\t+\n"
    for name in "ABC":
        (tmp_path / f"{name}.bed").write_text(bed if name != "B" else bed[:-2])
    return [
        files.model_copy(update={"cell_type": name, "control": (tmp_path / f"{name}.bed",)})
        for name in "ABC"
    ]


def test_one_that_fails_does_not_stop_the_others(three, tmp_path):
    folder, outcomes = tmp_path / "many", {}

    def build():
        outcomes.clear()
        return build_all(folder, three, SMALL, workers=2, done=outcomes.__setitem__)

    with pytest.raises(
        DataError, match=r"1 of 3 datasets .* the same command goes on:\nB: .*B.bed"
    ):
        build()
    assert {path.name for path in folder.iterdir()} == {"A.zarr", "C.zarr"}
    assert (outcomes["A"], outcomes["C"]) == ("built", "built")
    assert "line 2 is not BED" in outcomes["B"]
    before = state(folder / "A.zarr") | state(folder / "C.zarr")

    (tmp_path / "B.bed").write_bytes((tmp_path / "A.bed").read_bytes())
    found = build()
    assert outcomes == {"A": "was there already", "B": "built", "C": "was there already"}
    assert state(folder / "A.zarr") | state(folder / "C.zarr") == before
    assert open_dataset(found["B"]).cell_type == "B"
    signal = [open_dataset(found[name]).signal.to_numpy() for name in "AB"]
    np.testing.assert_array_equal(*signal)


@pytest.fixture
def stands(files, tmp_path):
    """A dataset as ``build_all`` leaves it."""
    (tmp_path / "many").mkdir()
    build_chromatin(tmp_path / "many" / "T.zarr", files, SMALL)
    return tmp_path / "many"


def test_what_stands_is_kept(stands, files):
    before = state(stands)
    assert build_all(stands, [files], SMALL) == {"T": stands / "T.zarr"}
    assert state(stands) == before


@pytest.mark.parametrize("change", ["settings", "genes", "signal", "control", "expression"])
def test_what_stands_from_other_files_or_settings_is_refused(stands, files, five_values, change):
    settings, bam = SMALL, files.signal["M"][0]
    other = {
        "signal": {"M": (bam,), "N": (bam,)},
        "control": (bam,),
        "expression": five_values,
    }
    if change == "settings":
        settings = SMALL.model_copy(update={"missing": "nan"})
    elif change == "genes":
        files.genes.write_text(files.genes.read_text() + "G\tchr1\t+\t5000\n")
    else:
        files = files.model_copy(update={change: other[change]})
    before = state(stands)
    with pytest.raises(DataError, match=r"T.zarr stands there from other files or settings"):
        build_all(stands, [files], settings)
    assert state(stands) == before


def test_a_dataset_of_another_origin_is_not_taken_for_ours(simulated, files, tmp_path):
    save_dataset(simulated, tmp_path / "T.zarr")
    with pytest.raises(DataError, match=r"T.zarr stands there from other files"):
        build_all(tmp_path, [files], SMALL)


@pytest.mark.parametrize("name", ["T.zarr", "genes.tsv", "nowhere/many"])
def test_the_folder_of_many(files, tmp_path, name):
    with pytest.raises(DataError, match=r"expected a folder|cannot be made a folder"):
        build_all(tmp_path / name, [files], SMALL)
    assert not (tmp_path / "T.zarr").exists()


def test_wrong_settings_by_name(files, tmp_path):
    with pytest.raises(SettingsError, match="did you mean 'window'"):
        build_chromatin(tmp_path / "T.zarr", files, {"windw": 200})
    with pytest.raises(SettingsError, match="did you mean 'signal'"):
        build_chromatin(tmp_path / "T.zarr", {"signals": {}}, SMALL)


def test_files_and_settings_by_name(files, tmp_path):
    given = {"genes": files.genes, "signal": {"M": files.signal["M"]}}
    data = build_chromatin(tmp_path / "K562.zarr", given, {"window": 200, "split": "random"})
    assert (data.cell_type, data.bins) == ("K562", 2)


def test_one_that_stands_otherwise_does_not_stop_the_others(stands, files):
    shutil.copytree(stands / "T.zarr", stands / "U.zarr")
    other = files.model_copy(update={"column": "other"})
    seen = []
    with pytest.raises(DataError, match=r"(?s)1 of 2 datasets .*T.zarr stands there from other"):
        build_all(
            stands,
            [other, files.model_copy(update={"cell_type": "U"})],
            SMALL,
            done=lambda name, outcome: seen.append((name, outcome)),
        )
    assert [name for name, _ in seen] == ["T", "U"]
    assert seen[1][1] == "was there already"
