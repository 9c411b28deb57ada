import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest

from attendome.errors import DataError
from attendome.genome.tables import read_frame


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "table"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_frame(path)

    return write_and_read


PLAIN = "gene\tx\nA\t1.5\nB\t\n"
SAME = {
    "TSV": PLAIN,
    "CRLF": PLAIN.replace("\n", "\r\n"),
    "CSV": PLAIN.replace("\t", ","),
    "quoted TSV": '"gene"\t"x"\n"A"\t"1.5"\n"B"\t""\n',
    "quoted CSV": '"gene","x"\n"A","1.5"\n"B",""\n',
    "gz": gzip.compress(PLAIN.encode()),
    "byte order mark": "\ufeff" + PLAIN,
    "no last line end": PLAIN.rstrip("\n"),
    "empty lines": "\n" + PLAIN.replace("\n", "\n\n"),
    "rows with a tab more": "gene\tx\nA\t1.5\t\nB\t\t\n",
    "comments": "# made by\n#\n" + PLAIN,
    "header as a comment": "#" + PLAIN,
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_same_content(read, content):
    assert read(content).rows() == [("A", "1.5"), ("B", None)]
    assert read(content).columns == ["gene", "x"]


def test_separator_between_quotes(read):
    assert read('gene,x\n"A,1",2\n').rows() == [("A,1", "2")]


@pytest.mark.parametrize("separator", ["\t", ","])
def test_quotation_marks_in_text(read, separator):
    rows = [("A", 'the 3" one'), ("B", "plain"), ("C", 'x"'), ("D", "5'-\"odd\"-3'")]
    text = "".join(separator.join(row) + "\n" for row in [("gene", "about"), *rows])
    assert read(text).rows() == rows


def test_quotation_marks_that_only_open(read):
    assert read('gene\tx\nA\t"odd\nB\t2\nC\t3"\n')["x"].to_list() == ['"odd', "2", '3"']
    with pytest.raises(DataError, match=r"line 3: expected quotation marks .*It reads: B,\"odd"):
        read('gene,x\nA,1\nB,"odd\nC,3\nD,4"\n')


@pytest.mark.parametrize("separator", ["\t", ","])
def test_names_of_rows(read, separator):
    table = read('"x" "y"\n"A" 1 2\n"B" 3 \n'.replace(" ", separator))
    assert table.columns == ["", "x", "y"]
    assert table.rows() == [("A", "1", "2"), ("B", "3", None)]


def test_names_of_rows_before_genes(read):
    with pytest.raises(DataError, match="line 2: expected 2 columns as in the header, found 3"):
        read("gene\tx\nA\t1\t2\nB\t3\t4\n")


def test_numbers_of_parquet_keep_their_value(tmp_path):
    values = np.append(np.random.default_rng(1).lognormal(0, 30, 1000), [1e-300, 0.1, np.nan])
    path = tmp_path / "table.parquet"
    pd.DataFrame({"x": values, "list": [[1]] * len(values)}).to_parquet(path)
    table = read_frame(path)
    assert table.columns == ["x"]
    np.testing.assert_array_equal(table["x"].cast(pl.Float64).to_numpy(), values)


WRONG = {
    "empty": ("", "found no rows"),
    "header only": ("gene\tx\n", "found no rows"),
    "short row": ("#\ngene\tx\nA\t1\nB\n", "line 4: expected 2 columns .* found 1. It reads: B"),
    "some rows longer": ("x\ty\nA\t1\t2\nB\t1\n", "line 2: expected 2 columns .* found 3"),
    "long row": ("gene\tx\nA\t1\t2\n", "line 2: expected 2 columns as in the header, found 3"),
    "two columns of a name": ("gene\tx\tx\nA\t1\t2\n", "has two columns 'x'"),
    "cut gz": (gzip.compress(PLAIN.encode())[:-12], "damaged"),
    "binary": (b"\xff\xfe" * 99, "of another kind"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_wrong_content(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)
