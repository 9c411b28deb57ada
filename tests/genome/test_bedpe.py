import math

import pytest

from attendome.errors import DataError
from attendome.genome.bedpe import read_bedpe


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "pairs.bedpe"
        path.write_text(text)
        return path

    return write


def test_pairs_are_read_back_as_they_were_written(tmp_path):
    import pandas as pd

    from attendome.genome.interactions import write_bedpe

    rows = pd.DataFrame(
        {
            "chrom": "chr1",
            "start": [100, 300],
            "end": [108, 308],
            "strand": "+",
            "name": ["A", "B"],
            "source_start": [0, 900],
            "source_end": [8, 908],
            "value": [0.5, -1.0],
            "distance": [-100, 600],
        }
    )
    write_bedpe(rows, tmp_path / "a.bedpe", "links")
    found = read_bedpe(tmp_path / "a.bedpe")
    assert found[["start1", "end1", "start2", "end2"]].to_numpy().tolist() == [
        [100, 108, 0, 8],
        [300, 308, 900, 908],
    ]
    assert found["name"].tolist() == ["A", "B"]
    assert found["score"].tolist() == [500.0, 1000.0]


def test_names_and_scores_may_be_missing(file):
    found = read_bedpe(file("chr1\t1\t2\tchr2\t5\t9\n"))
    assert found["name"].tolist() == [""]
    assert math.isnan(found["score"][0])
    found = read_bedpe(file("chr1\t1\t2\tchr2\t5\t9\tx\t.\n"))
    assert found["name"].tolist() == ["x"]
    assert math.isnan(found["score"][0])


def test_a_file_of_headings_has_no_pairs(file):
    found = read_bedpe(file("# links of at least 9\n#chrom1\tstart1\n"))
    assert found.empty
    assert {"chrom1", "end2", "name", "score"} <= {*found.columns}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chr1\t1\t2\n", "line 1 is not BEDPE: expected 6 columns or more"),
        ("", "is empty"),
        ("chr1\t1\t2\tchr1\t5\t9\nchr1\t1\t2\tchr1\t9\t5\n", "line 2 is not BEDPE: .* 9 and 5"),
        ("chr1\t1\t2\tchr1\t5\t9\nchr1\tx\t2\tchr1\t5\t9\n", "line 2 is not BEDPE: .* x and 2"),
        ("chr1\t1\t2\tchr1\t5\t9\nchr1\t1\n", "line 2 is not BEDPE: .*found 2"),
    ],
)
def test_what_is_not_bedpe_is_said(file, text, said):
    with pytest.raises(DataError, match=said):
        read_bedpe(file(text))
