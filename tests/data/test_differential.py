import numpy as np
import pandas as pd
import pytest

from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.data.differential import difference
from attendome.errors import DataError


def dataset(cell_type, expression, splits, marks=("M", "N"), **attributes):
    """Make a dataset of four bins; the signal tells cell type, gene and mark."""
    given = {"assembly": "hg19", "bin_size": 100, "oriented": True, "label_rule": "", "sources": []}
    shape = (len(expression), len(marks), 4)
    signal = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + 100 * (cell_type == "B")
    genes = pd.DataFrame(
        {"expression": expression, "split": splits, "chrom": f"chr{cell_type}"},
        index=pd.Index(expression, dtype=object),
    )
    return assemble(signal, genes, marks, given | {"cell_type": cell_type} | attributes)


@pytest.fixture
def pair():
    """Two cell types with four genes in common, in another order and with other versions."""
    a = dataset(
        "A",
        {"x": 3.0, "ENSG3.1": 0.0, "ENSG1.1": 1.0, "ENSG2": 7.0, "ENSG4.2": 2.0},
        ["valid", "train", "valid", "train", "test"],
        sources=[{"role": "signal", "mark": "M", "file": "a.bam"}, {"role": "genes"}],
    )
    b = dataset(
        "B",
        {"ENSG2.5": 1.0, "ENSG1": 3.0, "ENSG4.9": 2.0, "ENSG3.2": 15.0, "y": 1.0, "z": 0.0},
        ["train", "test", "test", "train", "train", "valid"],
        marks=("N", "O"),
        sources=[{"role": "signal", "mark": "O", "file": "b.bam"}],
    )
    return a, b


def test_the_ratio_in_closed_form(pair):
    data = difference(*pair)
    assert list(data.genes.index) == ["ENSG3.1", "ENSG1.1", "ENSG2", "ENSG4.2"]
    assert data.genes["expression"].tolist() == [4, 1, -2, 0]
    assert data.log_expression().tolist() == [4, 1, -2, 0]
    assert data.labels().tolist() == [1, 1, 0, 0]
    assert data.expression_scale == "log2 ratio"
    assert data.xarray.attrs["label_rule"] == "expression higher in B than in A"
    np.testing.assert_array_equal(
        difference(*pair[::-1]).genes["expression"], [2, -1, 0, -4]
    )  # in the order of the other


def test_the_signal_is_that_of_both(pair):
    a, b = pair
    data = difference(a, b)
    assert data.marks == ["A:M", "A:N", "B:N", "B:O"]
    for gene, other in {"ENSG3.1": "ENSG3.2", "ENSG2": "ENSG2.5"}.items():
        own = data.signal.sel(gene=gene)
        np.testing.assert_array_equal(own[:2], a.signal.sel(gene=gene))
        np.testing.assert_array_equal(own[2:], b.signal.sel(gene=other))


def test_what_is_told_of_both(pair):
    data = difference(*pair)
    attributes = data.xarray.attrs
    assert data.cell_type == "B vs A"
    assert attributes["sources"] == [
        {"cell_type": "A", "role": "signal", "mark": "A:M", "file": "a.bam"},
        {"cell_type": "A", "role": "genes"},
        {"cell_type": "B", "role": "signal", "mark": "B:O", "file": "b.bam"},
    ]
    assert attributes["build"]["genes_left_out"] == {"only in A": 1, "only in B": 2}
    (note,) = attributes["build"]["notes"]
    assert note.startswith("1 genes were moved to the split")
    assert data.genes["split"].tolist() == ["train", "test", "train", "test"]
    assert set(data.genes["chrom"]) == {"chrA"}


def test_bins_without_data_stay_known_as_such(pair):
    a, b = pair
    content = a.xarray.assign_attrs(build={"settings": {"missing": "nan"}})
    content["signal"][2, 0, 1] = np.nan
    signal = difference(ChromatinDataset(content), b).signal
    assert int(np.isnan(signal).sum()) == 1


def test_other_assemblies_are_noted(pair):
    a, b = pair
    other = ChromatinDataset(b.xarray.assign_attrs(assembly="hg38"))
    data = difference(a, other)
    assert data.xarray.attrs["assembly"] == "hg19"
    assert "The assemblies differ (hg19 and hg38)" in data.xarray.attrs["build"]["notes"][1]


WRONG = {
    "same name": ({"cell_type": "A"}, "different names, found A: 'A' and A: 'A'"),
    "no name": ({"cell_type": ""}, "different names, found A: 'A' and the dataset: ''"),
    "ratio": ({"expression_scale": "log2 ratio"}, "B: .* one cell type, found its log2 ratio"),
    "layout": ({"oriented": False}, "their order is 5'→3' in A, of the genome in B"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
def test_cell_types_that_do_not_fit(pair, change, message):
    a, b = pair
    with pytest.raises(DataError, match=message):
        difference(a, ChromatinDataset(b.xarray.assign_attrs(change)))


def test_genes_that_do_not_fit(pair):
    a, b = pair
    named = b.xarray.assign_coords(gene=np.array([f"g{n}" for n in range(6)], object))
    with pytest.raises(DataError, match="A has IDs such as x, B such as g0"):
        difference(a, ChromatinDataset(named))
    with pytest.raises(DataError, match="B: the genes have no expression"):
        difference(a, ChromatinDataset(b.xarray.drop_vars("expression")))
    lower = b.xarray.assign(expression=b.xarray["expression"] * 0)
    with pytest.raises(DataError, match="leaves all 4 genes off"):
        difference(a, ChromatinDataset(lower))


def test_two_real_cell_types(shared_data, pilot):
    data = difference(pilot["E065"], pilot["E116"])
    files = [
        np.load(shared_data / "chromatin" / "pilot" / f"{name}.pilot_genes_100bins.npz")
        for name in pilot
    ]
    aorta, lymphoblastoid = (file["rpkm"] for file in files)
    expected = np.log2((1 + lymphoblastoid) / (1 + aorta))
    np.testing.assert_allclose(data.genes["expression"], expected, atol=1e-5)
    np.testing.assert_array_equal(data.labels(), lymphoblastoid > aorta)
    np.testing.assert_array_equal(
        data.signal, np.concatenate([file["X"] for file in files], axis=2).transpose(0, 2, 1)
    )
    assert data.genes["split"].value_counts().to_dict() == {"train": 216, "test": 82, "valid": 73}
    assert data.leak()["overlapping"] is None
    assert data.xarray.attrs["build"]["genes_left_out"] == {}
