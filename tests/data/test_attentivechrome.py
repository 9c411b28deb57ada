import contextlib
import csv
import gzip
import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendome.data.attentivechrome import PUBLISHED_MARKS, read_attentivechrome
from attendome.errors import DataError

AB = ("A", "B")


def plainly(path, gene):
    """Read one gene with the csv module alone: counts, mark × bin, and label."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row[0] == gene]
    counts = [[float(count) for count in row[2:-1]] for row in rows]
    return np.array(counts).T, int(rows[0][-1])


@pytest.mark.parametrize(("cell", "genes"), [("E123", 200), ("toy", 10)])
def test_real_files(shared_data, cell, genes):
    folder = shared_data / "chromatin" / cell
    data = read_attentivechrome(folder)
    assert data.signal.shape == (3 * genes, 5, 100)
    assert data.marks == ["H3K27me3", "H3K36me3", "H3K4me1", "H3K4me3", "H3K9me3"]
    assert data.cell_type == cell
    assert not data.oriented
    for split in ("train", "valid", "test"):
        part = data.split(split)
        assert part.signal.sizes["gene"] == genes
        for gene in part.genes.index[[0, 1, genes // 2, -1]]:
            counts, label = plainly(folder / f"{split}.csv", gene)
            np.testing.assert_array_equal(part.signal.sel(gene=gene), counts)
            assert part.genes.loc[gene, "label"] == label


def test_simulated_lines_are_read_by_mark_and_bin(csv_folder):
    data = read_attentivechrome(csv_folder(), AB)
    expected = [[1, 2, 3, 4], [11, 12, 13, 14]]
    np.testing.assert_array_equal(data.signal.sel(gene="valid_0"), expected)
    assert data.genes["label"].to_dict() == {
        f"{split}_{n}": n for split in ("train", "valid", "test") for n in (1, 0)
    }
    assert data.genes["split"].tolist() == ["train"] * 2 + ["valid"] * 2 + ["test"] * 2


@pytest.mark.parametrize(("marks", "bins"), [(1, 10), (7, 3), (5, 1)])
def test_other_numbers_of_marks_and_bins(csv_folder, marks, bins):
    names = [f"mark{n}" for n in range(marks)]
    data = read_attentivechrome(csv_folder(marks, bins), names, bin_size=50)
    assert data.signal.shape == (6, marks, bins)
    assert data.xarray["bin_start"].to_numpy()[0] == -(bins * 50 // 2)


def test_gz_is_the_same(csv_folder):
    folder = csv_folder()
    plain = read_attentivechrome(folder, AB)
    for path in folder.glob("*.csv"):
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert read_attentivechrome(folder, AB).fingerprint() == plain.fingerprint()


def test_classification_folder(csv_folder, tmp_path):
    inner = csv_folder()
    plain = read_attentivechrome(inner, AB)
    outer = tmp_path / "E999"
    outer.mkdir()
    shutil.move(inner, outer / "classification")
    data = read_attentivechrome(outer, AB)
    assert data.fingerprint() == plain.fingerprint()
    assert data.cell_type == "E999"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n\n"])
@pytest.mark.parametrize("last", [True, False], ids=["newline at the end", "none"])
@pytest.mark.parametrize("start", ["", "\N{BOM}"], ids=["", "BOM"])
def test_ends_of_lines(csv_folder, gene_lines, end, last, start):
    expected = read_attentivechrome(csv_folder(), AB).fingerprint()
    middle = end[:2].rstrip("\n") + "\n"
    lines = middle.join(gene_lines("train_1") + gene_lines("train_0", 0))
    data = read_attentivechrome(csv_folder(train=start + lines + end * last), AB)
    assert data.fingerprint() == expected


@pytest.mark.parametrize("cell", ["2.5", "1e2", '"7"', "0.0", "3.4e38"])
def test_real_valued_counts(csv_folder, gene_lines, cell):
    train = [f"g,1,{cell},0,1", *gene_lines("g")[1:]]
    data = read_attentivechrome(csv_folder(train=train), AB)
    assert data.signal.to_numpy()[0, 0, 0] == np.float32(cell.strip('"'))


def test_labels_minus_one_and_one(csv_folder, gene_lines):
    train = gene_lines("on", 1) + gene_lines("off", -1)
    data = read_attentivechrome(csv_folder(train=train), AB)
    assert data.genes["label"][["on", "off"]].tolist() == [1, 0]


def test_sources_tell_what_was_read(csv_folder):
    sources = read_attentivechrome(csv_folder(), AB).xarray.attrs["sources"]
    assert [source["file"] for source in sources] == ["train.csv", "valid.csv", "test.csv"]
    assert all(re.fullmatch("[0-9a-f]{64}", source["sha256"]) for source in sources)


def refuses(folder, *parts, marks=AB):
    """Check that the files are refused with a message that holds all parts."""
    with pytest.raises(DataError) as caught:
        read_attentivechrome(folder, marks)
    for part in parts:
        assert str(part) in str(caught.value)


CELLS = {
    "text": ("x", "a number", "'x'"),
    "nothing": ("", "a number", "''"),
    "negative": ("-1", "0 or more", "-1"),
    "NaN": ("NaN", "0 or more", "nan"),
    "infinite": ("inf", "0 or more", "inf"),
    "too large": ("1e39", "finite", "1e+39"),
    "hexadecimal": ("0x1", "a number", "'0x1'"),
    "grouped": ("1_0", "a number", "'1_0'"),
    "wide digit": ("１", "a number", "'１'"),
    "open quote": ('"1', "5 columns", "quotation mark"),
}


@pytest.mark.parametrize(("cell", "expected", "found"), CELLS.values(), ids=CELLS)
def test_wrong_count(csv_folder, gene_lines, cell, expected, found):
    train = gene_lines("g1") + gene_lines("g2")
    train[5] = f"g2,2,{cell},0,1"
    folder = csv_folder(train=train)
    refuses(folder, folder / "train.csv", "line 6", expected, found)


@pytest.mark.parametrize("cell", ["x", "", "-1", "NaN", "inf"])
def test_wrong_count_names_gene_and_mark(csv_folder, gene_lines, cell):
    train = [*gene_lines("g1"), f"g2,1,0,{cell},1", *gene_lines("g2")[1:]]
    refuses(csv_folder(train=train), "line 5", "gene g2", "'mark B'")


@pytest.mark.parametrize("cell", ["x", "", "2", "0.5", "NaN", "-2"])
def test_wrong_label(csv_folder, gene_lines, cell):
    train = gene_lines("g1") + [f"g2,{b},0,0,{cell}" for b in range(1, 5)]
    folder = csv_folder(train=train)
    found = cell if cell not in ("x", "") else f"'{cell}'"
    refuses(folder, "train.csv", "line 5", "gene g2", "'label'", f"found {found.lower()}")


@pytest.mark.parametrize("labels", [(0, -1), (0, -1, 1), (1, 0, -1)])
def test_two_conventions_of_labels(csv_folder, gene_lines, labels):
    train = [line for n, label in enumerate(labels) for line in gene_lines(f"g{n}", label)]
    wrong = labels.index(0)
    refuses(csv_folder(train=train), "train.csv", f"gene g{wrong}", "all 0/1 or all -1/+1")


def test_two_labels_of_a_gene(csv_folder, gene_lines):
    train = gene_lines("g1", 0) + gene_lines("g2", 1)[:2] + gene_lines("g2", 0)[2:]
    refuses(csv_folder(train=train), "train.csv", "line 7", "gene g2", "same label", "found 0")


WRONG_LINES = {
    "more columns": ("g1,3,1,0,1,9", "5 columns", "found 6"),
    "fewer columns": ("g1,3,1,0", "5 columns", "found 4"),
    "one column": ("g1", "5 columns", "found 1"),
    "blank": ("", "5 columns", "blank line"),
    "spaces": ("   ", "5 columns", "found 1"),
    "no gene": (",3,1,0,1", "a gene ID", "''"),
    "open quote": ('"g1,3,1,0,1', "5 columns", "quotation mark"),
    "stray quote": ('g"1,3,1,0,1', "5 columns", "quotation mark"),
    "tabs": ("g1\t3\t1\t0\t1", "5 columns", "found 1"),
    "bin text": ("g1,x,1,0,1", "a number", "'x'"),
    "bin 0": ("g1,0,1,0,1", "bins in order from 1", "0"),
    "bin negative": ("g1,-3,1,0,1", "bins in order from 1", "-3"),
    "bin fraction": ("g1,2.5,1,0,1", "bins in order from 1", "2.5"),
    "bin too high": ("g1,7,1,0,1", "bins in order from 1", "7"),
    "bin enormous": ("g1,1e300,1,0,1", "bins in order from 1", "1e+300"),
    "bin NaN": ("g1,NaN,1,0,1", "bins in order from 1", "nan"),
    "other gene": ("other,3,1,0,1", "bins in order from 1", "3"),
}


@pytest.mark.parametrize(("line", "expected", "found"), WRONG_LINES.values(), ids=WRONG_LINES)
def test_wrong_line(csv_folder, gene_lines, line, expected, found):
    train = gene_lines("g1") + gene_lines("g2")
    train[2] = line
    folder = csv_folder(train=train)
    refuses(folder, folder / "train.csv", "line 3", expected, found)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("gene,bin,A,B,label", "'bin'"),
        ("", "blank line"),
        ("g1,1,1,0,0,1", "found 6"),
        ("g1,1,1,1", "found 4"),
    ],
    ids=["header", "blank", "more columns", "fewer columns"],
)
def test_wrong_first_line(csv_folder, gene_lines, line, found):
    refuses(csv_folder(train=[line, *gene_lines("g1")]), "train.csv", "line 1", found)


def test_wrong_number_of_marks_says_what_to_do(csv_folder):
    refuses(csv_folder(), "8 columns", "5 marks", "found 5", "--marks", marks=PUBLISHED_MARKS)


def test_gene_that_ends_early(csv_folder, gene_lines):
    train = gene_lines("a", bins=100) + gene_lines("b", bins=99) + gene_lines("c", bins=100)
    refuses(csv_folder(train=train), "train.csv", "line 101", "gene b", "100 lines", "found 99")


@pytest.mark.parametrize("missing", [1, 37])
def test_gene_without_one_bin(csv_folder, gene_lines, missing):
    train = gene_lines("a", bins=100) + gene_lines("b", bins=100)
    del train[100 + missing - 1]
    line = f"line {100 + missing}"
    refuses(csv_folder(train=train), line, "gene b", "bins in order", f"found {missing + 1}")


def test_bins_out_of_order(csv_folder, gene_lines):
    train = gene_lines("g1") + gene_lines("g2")[::-1]
    refuses(csv_folder(train=train), "train.csv", "line 5", "gene g2", "in order", "found 4")


def test_lines_of_two_genes_mixed(csv_folder, gene_lines):
    one, two = gene_lines("g1"), gene_lines("g2")
    train = one[:2] + two + one[2:]
    refuses(csv_folder(train=train), "train.csv", "line 7", "gene g1", "found 3")


def test_other_number_of_bins_in_one_file(csv_folder, gene_lines):
    folder = csv_folder(valid=gene_lines("g", bins=5))
    refuses(folder, f"{folder / 'train.csv'} has 4", f"{folder / 'valid.csv'} has 5")


def test_gene_in_two_splits(csv_folder, gene_lines):
    folder = csv_folder(train=gene_lines("g"), test=gene_lines("g"))
    refuses(folder, "Gene g", f"{folder / 'train.csv'} and {folder / 'test.csv'}")


@pytest.mark.parametrize("between", [[], ["other"]], ids=["adjacent", "apart"])
def test_gene_twice_in_a_file(csv_folder, gene_lines, between):
    train = [line for gene in ("g", *between, "g") for line in gene_lines(gene)]
    refuses(csv_folder(train=train), "Gene g ", "more than once", "train.csv")


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\n"])
def test_empty_file(csv_folder, content):
    refuses(csv_folder(train=content), "train.csv", "empty")


GARBAGE = {
    "bytes": bytes(range(256)) * 20,
    "bytes with commas": b"\x00\xff,\x01,\xfe,,\n" * 30,
    "UTF-16": "g,1,2,3,1\n".encode("utf-16"),
    "zeros": bytes(1000),
    "one long line": b"a" * 200_000,
    "returns": b"g,1,2,3,1\rg,2,2,3,1\r",
    "broken gz": gzip.compress(b"g,1,2,3,1\n" * 50)[:-9],
}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_garbage(csv_folder, content):
    refuses(csv_folder(train=content), "train.csv", "line 1")


def test_bad_utf8(csv_folder, gene_lines):
    text = "\n".join(gene_lines("g1") + gene_lines("g2")).encode()
    refuses(csv_folder(train=text.replace(b"g2,3", b"g\xff,3")), "train.csv", "line 7", "UTF-8")


def broken_gz(how, text):
    good = gzip.compress(text * 20)
    spoilt = {
        "plain text": text,
        "truncated": good[: len(good) // 2],
        "without end": good[:-8],
        "wrong checksum": good[:-8] + bytes(4) + good[-4:],
        "corrupt": good[:12] + b"\xff" * 8 + good[20:],
    }
    return spoilt[how]


@pytest.mark.parametrize(
    "how", ["plain text", "truncated", "without end", "wrong checksum", "corrupt"]
)
def test_broken_gz(csv_folder, gene_lines, how):
    folder = csv_folder(train=None)
    text = "\n".join(gene_lines("g")).encode()
    (folder / "train.csv.gz").write_bytes(broken_gz(how, text))
    refuses(folder, folder / "train.csv.gz", ".gz file")


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_missing_file(csv_folder, split):
    folder = csv_folder(**{split: None})
    refuses(folder, folder, f"{split}.csv", "classification/")


def test_folder_in_place_of_a_file(csv_folder):
    folder = csv_folder(train=None)
    (folder / "train.csv").mkdir()
    refuses(folder, folder, "train.csv")


@pytest.mark.parametrize("name", ["nowhere", "a file", "x" * 300])
def test_missing_folder(tmp_path, name):
    (tmp_path / "a file").touch()
    refuses(tmp_path / name, tmp_path / name)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read every file"
)
def test_unreadable_file(csv_folder):
    folder = csv_folder()
    (folder / "train.csv").chmod(0)
    refuses(folder, "train.csv", "unreadable")


@pytest.mark.parametrize("marks", [(), ("A", "A"), ("", "B")])
def test_names_of_marks(csv_folder, marks):
    refuses(csv_folder(), "names of marks", list(marks), marks=marks)


GOOD = b"".join(b"%s,%d,1,0,%d\n" % (g, b, g == b"g1") for g in (b"g1", b"g2") for b in (1, 2, 3))


@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 6),
    instead=st.one_of(st.binary(max_size=6), st.text('0123456789-.,"\n\rgeN\t ', max_size=6)),
)
def test_no_spoilt_file_raises_anything_but_data_error(at, cut, instead):
    new = instead.encode() if isinstance(instead, str) else instead
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "train.csv").write_bytes(GOOD[:at] + new + GOOD[at + cut :])
        for split in ("valid", "test"):
            (folder / f"{split}.csv").write_bytes(GOOD.replace(b"g", split.encode()))
        with contextlib.suppress(DataError):
            assert read_attentivechrome(folder, AB).bins == 3


def test_a_quote_that_opens_at_the_end_of_the_file(csv_folder):
    folder = csv_folder(train='train_1,1,0,10,"')
    refuses(folder, "train.csv", "line 1", "quotation mark", marks=AB)


TWO_MARKS = ("first", "second")


@pytest.mark.parametrize("apart", [True, False])
def test_further_copies_in_a_file_are_left_out_when_asked(csv_folder, gene_lines, apart):
    first, copy, other = gene_lines("a", 1), gene_lines("a", 0), gene_lines("b", 0)
    folder = csv_folder(train=first + (other + copy if apart else copy + other))
    with pytest.raises(DataError, match="--keep-first"):
        read_attentivechrome(folder, TWO_MARKS)
    data = read_attentivechrome(folder, TWO_MARKS, keep_first=True)
    train = data.split("train")
    assert train.genes["label"].to_dict() == {"a": 1, "b": 0}
    assert data.xarray.attrs["sources"][0]["repeated_genes_left_out"] == 1


def test_the_same_gene_in_two_splits_is_refused_all_the_same(csv_folder, gene_lines):
    folder = csv_folder(train=gene_lines("a", 1), test=gene_lines("a", 1))
    with pytest.raises(DataError, match="stands more than once"):
        read_attentivechrome(folder, TWO_MARKS, keep_first=True)
