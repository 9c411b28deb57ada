"""Writing one file; reading is tested with the datasets in test_attentivechrome.py."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from attendome.data.binned_csv import read_binned_csv, write_binned_csv

IDS = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" ,'\"#"), min_size=1
).filter(lambda text: text == text.strip() and not text.startswith("\N{BOM}"))
VALUES = st.floats(min_value=0, max_value=2.0**127, width=32)
WHOLE = st.integers(0, 2**24).map(float)


@st.composite
def parts(draw):
    genes = draw(st.lists(IDS, min_size=1, max_size=4, unique=True))
    shape = (len(genes), *draw(st.tuples(st.integers(1, 3), st.integers(1, 4))))
    signal = draw(arrays.arrays(np.float32, shape, elements=VALUES | WHOLE))
    return genes, signal, draw(arrays.arrays(np.int8, len(genes), elements=st.integers(0, 1)))


@given(part=parts())
@example(part=(["a"], np.float32([[[1e-45, 0.1, 3.4e38, 1e16, 2**24, 2**53]]]), np.int8([1])))
def test_what_is_written_is_read_back(tmp_path_factory, part):
    genes, signal, label = part
    path = tmp_path_factory.mktemp("csv") / "train.csv"
    write_binned_csv(path, genes, signal, label)
    found = read_binned_csv(path, [str(n) for n in range(signal.shape[1])])
    assert found.genes == genes
    np.testing.assert_array_equal(found.signal, signal)
    np.testing.assert_array_equal(found.label, label)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0, 1, 16777216], ["0", "1", "16777216"]),
        ([0, 0.1, 2.5, 16777216], ["0", "0.1", "2.5", "16777216"]),
        ([1 / 3, 1e-7, 3.4e38, 7], ["0.33333334", "1e-7", "3.4e+38", "7"]),
    ],
)
def test_numbers_are_as_short_as_can_be(tmp_path, values, text):
    signal = np.array([[values]], np.float32)
    write_binned_csv(tmp_path / "train.csv", ["g"], signal, np.int8([1]))
    expected = [f"g,{number},{value},1\n" for number, value in enumerate(text, 1)]
    assert (tmp_path / "train.csv").read_text() == "".join(expected)


def test_the_order_of_genes_bins_and_marks(tmp_path, gene_lines):
    signal = np.array([[[1, 2], [11, 12]]] * 2, np.float32)
    write_binned_csv(tmp_path / "train.csv", ["b", "a"], signal, np.int8([0, 1]))
    lines = gene_lines("b", 0, marks=2, bins=2) + gene_lines("a", 1, marks=2, bins=2)
    assert (tmp_path / "train.csv").read_text().splitlines() == lines
