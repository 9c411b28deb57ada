import gzip

import pytest

from attendome.errors import DataError
from attendome.genome.intervals import read_intervals

LENGTHS = {"chr1": 100, "chr2": 50}


def write(tmp_path, text):
    path = tmp_path / "a.bed"
    path.write_text(text)
    return path


def test_names_of_chromosomes_are_reconciled_and_others_left_out(tmp_path):
    path = write(
        tmp_path, "# made by hand\n1\t0\t10\ttrain\t5\nchrUn\t0\t900\tx\t1\n2\t5\t50\tt\t0\n"
    )
    path.write_bytes(gzip.compress(path.read_bytes()))
    table = read_intervals(path, LENGTHS)
    assert table.to_dict("list") == {
        "chrom": ["chr1", "chr2"],
        "start": [0, 5],
        "end": [10, 50],
        "name": ["train", "t"],
    }


def test_three_columns_have_no_name(tmp_path):
    assert read_intervals(write(tmp_path, "chr1\t0\t10\n"), LENGTHS)["name"].tolist() == [""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1\t0\t10\nchr2\t0\t51\n", r"chr2:0-51 lies beyond the end of chr2, which is 50 bp"),
        ("chrX\t0\t10\n", r"none of its chromosomes is one of chr1, chr2\. It has chrX"),
        ("chr1\t10\t10\n", "line 1 is not BED: expected a start below the end"),
        ("chr1\t0\t10\nchr1 10 20\n", "line 2 is not BED: expected 3 columns"),
        ("", "is empty"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_intervals(write(tmp_path, text), LENGTHS)
