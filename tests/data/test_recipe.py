from pathlib import Path

import pytest

from attendome.config import validate
from attendome.data.recipe import BuildSettings, ChromatinFiles, files_by_mark
from attendome.errors import SettingsError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"window": 210, "bin_size": 50}, "210 bp is not a multiple of a bin of 50 bp"),
        ({"window": 225, "bin_size": 25}, "225 bp has no middle; give an even length"),
        ({"window": 0}, "'window' cannot be 0"),
        ({"bin_size": -5}, "'bin_size' cannot be -5"),
        ({"missing": "nope"}, "'missing' cannot be 'nope': input should be 'zero', 'nan' or"),
        ({"summary": "nope"}, "'summary' cannot be 'nope': input should be 'mean', 'sum' or"),
        ({"feature": "exon"}, "'feature' cannot be 'exon': input should be 'gene' or"),
        ({"windows": 200}, "did you mean 'window'"),
        ({"counting": {"five_prime": True, "extend": 9}}, "give one of the two"),
    ],
)
def test_wrong_settings(values, message):
    with pytest.raises(SettingsError, match=message):
        validate(BuildSettings, values)


def test_files_of_marks():
    found = files_by_mark(["B=b.bam", "A=1.bam,2.bam", "C=x=y.bam"])
    assert list(found) == ["B", "A", "C"], "in the order given"
    assert found["A"] == (Path("1.bam"), Path("2.bam"))
    assert found["C"] == (Path("x=y.bam"),)


def test_a_file_may_have_a_comma_in_its_name(tmp_path):
    path = tmp_path / "a,b.bam"
    path.touch()
    assert files_by_mark([f"A={path}"]) == {"A": (path,)}


@pytest.mark.parametrize("text", ["A", "a.bam", "A=", "=a.bam", "", "A=a.bam,", "A=,a.bam"])
def test_what_is_not_mark_and_file(text):
    with pytest.raises(SettingsError, match="expected MARK=FILE"):
        files_by_mark([text])


def test_a_mark_that_is_given_twice():
    with pytest.raises(SettingsError, match=r"A is given twice; .* such as A=a.bam,b.bam"):
        files_by_mark(["A=a.bam", "A=b.bam"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"signal": {"A": ["a.bam", "./a.bam"]}}, "a file of A is given twice"),
        ({"control": ["c.bam", "c.bam"]}, "a file of the control is given twice"),
        ({"signal": {"A": []}}, "A has no file"),
        ({"signal": {}}, "'signal' cannot be"),
    ],
)
def test_wrong_files(values, message):
    with pytest.raises(SettingsError, match=message):
        validate(ChromatinFiles, {"genes": "g.gtf", "signal": {"A": ["a.bam"]}} | values)


def test_files_are_told_by_name_and_size(tmp_path):
    folders = tmp_path / "here", tmp_path / "there"
    told = []
    for folder in folders:
        folder.mkdir()
        (folder / "x").write_text("12345")
        x = folder / "x"
        told.append(ChromatinFiles(genes=x, signal={"A": (x,)}, expression=x, column="c").told())
    assert told[0] == told[1], "wherever they lie"
    (x := folders[0] / "x").write_text("123456")
    assert ChromatinFiles(genes=x, signal={"A": (x,)}, expression=x, column="c").told() != told[0]


def test_one_file_needs_no_list():
    files = validate(
        ChromatinFiles, {"genes": "g.gtf", "signal": {"A": "a.bam"}, "control": "c.bam"}
    )
    assert files.signal == {"A": (Path("a.bam"),)}
    assert files.control == (Path("c.bam"),)


def test_a_window_of_all_the_genome_is_refused():
    with pytest.raises(SettingsError, match="less than or equal to 10000000"):
        validate(BuildSettings, {"window": 10_000_000_000})
