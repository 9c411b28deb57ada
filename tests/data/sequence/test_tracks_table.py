import math

import pytest

from attendome.data.sequence.tracks_table import check_files, read_tracks
from attendome.errors import DataError


def write(tmp_path, *lines):
    path = tmp_path / "tracks.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_what_is_left_out_has_its_default(tmp_path):
    tracks = read_tracks(write(tmp_path, "name\tfile", "a\ta.bw", "b\tsub/b.bw"))
    assert tracks.index.tolist() == ["a", "b"]
    assert tracks["file"].tolist() == [tmp_path / "a.bw", tmp_path / "sub" / "b.bw"]
    row = tracks.loc["b"].drop("file").to_dict()
    assert row == {
        "assay": "",
        "description": "",
        "sum_stat": "sum",
        "strand_pair": 1,
        "clip": math.inf,
        "clip_soft": math.inf,
        "scale": 1.0,
    }


def test_all_columns_with_the_strand_pair_by_name(tmp_path):
    tracks = read_tracks(
        write(
            tmp_path,
            "name,file,assay,clip,clip_soft,scale,sum_stat,strand_pair,description",
            'p,p.bw,CAGE,384,64,0.5,sum_sqrt,m,"liver, adult"',
            "m,/data/m.bw,,,,,,p,DNASE:liver",
        )
    )
    assert tracks["strand_pair"].tolist() == [1, 0]
    assert tracks["assay"].tolist() == ["CAGE", "DNASE"]
    assert tracks["description"].tolist() == ["liver, adult", "DNASE:liver"]
    assert tracks.loc["p", ["clip", "clip_soft", "scale"]].tolist() == [384, 64, 0.5]
    assert str(tracks.loc["m", "file"]) == "/data/m.bw"


def test_pairs_by_index_need_not_be_row_numbers(tmp_path):
    tracks = read_tracks(
        write(
            tmp_path,
            "index\tidentifier\tfile\tstrand_pair",
            "7\tx\tx.bw\t7",
            "8\ty+\ty.bw\t9",
            "9\ty-\tz.bw\t8",
        )
    )
    assert tracks["strand_pair"].tolist() == [0, 2, 1]


def test_targets_of_basenji(shared_data):
    tracks = read_tracks(shared_data / "sequence" / "hg38_tiny" / "targets.txt")
    assert len(tracks) == 74
    assert tracks["assay"].value_counts()[["CAGE", "DNASE"]].tolist() == [24, 10]
    first = tracks.loc["CNhs10752+"]
    assert (first["clip"], first["clip_soft"], first["sum_stat"]) == (384, 64, "sum_sqrt")
    assert tracks.index[first["strand_pair"]] == "CNhs10752-"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["name\tfil", "a\ta.bw"], r"unknown column 'fil': did you mean 'file'"),
        (["name\tassay", "a\tCAGE"], r"expected a column 'file'"),
        (["name\tfile", "a\ta.bw", "b\t"], r"expected a column 'file' with a value for each"),
        (["name\tfile", "a\ta.bw", "a\tb.bw"], r"two tracks have the name 'a'"),
        (["name\tfile\tclip", "a\ta.bw\tx"], r"'a' has the clip 'x'; expected a number above 0"),
        (["name\tfile\tscale", "a\ta.bw\t0"], r"'a' has the scale '0'"),
        (["name\tfile\tscale", "a\ta.bw\tnan"], r"'a' has the scale 'nan'"),
        (["name\tfile\tsum_stat", "a\ta.bw\tsqrt"], r"sum_stat 'sqrt'; expected sum, mean, max"),
        (["name\tfile\tstrand_pair", "a\ta.bw\tb"], r"strand_pair 'b', which is neither"),
        (
            ["name\tfile\tstrand_pair", "a\ta.bw\tb", "b\tb.bw\tb"],
            r"the strand pair of 'a' is 'b', whose own is 'b'",
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path, lines, message):
    with pytest.raises(DataError, match=message):
        read_tracks(write(tmp_path, *lines))


def test_all_missing_files_are_listed_at_once(tmp_path):
    names = [f"t{number}" for number in range(500)]
    (tmp_path / "t7").write_text("chr1\t0\t10\t1\n")
    path = write(tmp_path, "name\tfile", *(f"{name}\t{name}" for name in names))
    with pytest.raises(DataError, match="499 of 500 files are missing") as caught:
        check_files(path, read_tracks(path), {"chr1": 10})
    lines = str(caught.value).splitlines()[1:]
    assert lines == [f"{name}: {tmp_path / name}" for name in names if name != "t7"]
