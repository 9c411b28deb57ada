from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from attendome.data.chromatin import ChromatinDataset, assemble
from attendome.errors import DataError

ATTRIBUTES = {
    "cell_type": "K562",
    "assembly": "hg19",
    "bin_size": 100,
    "oriented": False,
    "label_rule": "",
    "sources": [],
}


def dataset(chrom, tss, split, bins=100):
    """Make a dataset of one mark and no signal, with genes at the given places."""
    index = pd.Index([f"g{n}" for n in range(len(tss))], name="gene", dtype=object)
    genes = pd.DataFrame({"chrom": chrom, "tss": tss, "split": split}, index=index)
    return assemble(np.zeros((len(tss), 1, bins), np.float32), genes, ["A"], ATTRIBUTES)


def test_assemble_fills_in_what_is_not_known():
    genes = pd.DataFrame({"split": ["train", "test"]}, index=pd.Index(["a", "b"], dtype=object))
    data = assemble(np.ones((2, 3, 5), np.float32), genes, ["A", "B", "C"], ATTRIBUTES)
    assert data.marks == ["A", "B", "C"]
    assert (data.bins, data.bin_size, data.cell_type, data.oriented) == (5, 100, "K562", False)
    expected = {"gene_name": "", "chrom": "", "tss": -1, "strand": ".", "split": "train"}
    assert data.genes.loc["a"].to_dict() == expected


def test_bins_start_half_a_window_before_the_tss():
    data = dataset(["chr1"], [0], ["train"])
    starts = data.xarray["bin_start"].to_numpy()
    assert (starts[0], starts[50], starts[-1]) == (-5000, 0, 4900)


def test_genes_table(simulated):
    table = simulated.genes
    assert table.index.equals(pd.Index(simulated.xarray["gene"].to_numpy(), name="gene"))
    columns = ["gene_name", "chrom", "tss", "strand", "split", "label", "expression"]
    assert list(table.columns) == columns
    np.testing.assert_array_equal(table["expression"], simulated.xarray["expression"])


def test_is_frozen(simulated):
    with pytest.raises(FrozenInstanceError):
        simulated.path = None


WRONG = {
    "kind": (lambda d: d.attrs.update(kind="sequence"), "'chromatin', found 'sequence'"),
    "no kind": (lambda d: d.attrs.pop("kind"), "found None"),
    "version": (lambda d: d.attrs.update(schema_version=99), "version 1, found 99"),
    "bin size 0": (lambda d: d.attrs.update(bin_size=0), "above 0"),
    "bin size text": (lambda d: d.attrs.update(bin_size="100"), "'bin_size': expected int"),
    "oriented": (lambda d: d.attrs.update(oriented="no"), "'oriented': expected bool"),
    "other bin size": (lambda d: d.attrs.update(bin_size=7), "evenly spaced"),
    "label 2": (lambda d: d["label"].values.__setitem__(0, 2), "labels must be 0"),
    "NaN": (lambda d: d["signal"].values.__setitem__((0, 0, 0), np.nan), "not finite"),
    "infinite": (lambda d: d["signal"].values.__setitem__((0, 0, 0), np.inf), "not finite"),
    "split": (lambda d: d["split"].values.__setitem__(0, "dev"), "valid, test, found dev"),
}
WRONG["expression scale"] = (
    lambda d: d.attrs.update(expression_scale="log"),
    "'expression_scale': expected 'linear' or 'log2 ratio', found 'log'",
)
WRONG |= {
    f"no {name}": (lambda d, name=name: d.attrs.pop(name), f"'{name}'") for name in ATTRIBUTES
}


@pytest.mark.parametrize(("spoil", "message"), WRONG.values(), ids=WRONG)
def test_schema(simulated, spoil, message):
    content = simulated.xarray.copy(deep=True)
    spoil(content)
    with pytest.raises(DataError, match=message):
        ChromatinDataset(content)


@pytest.mark.parametrize(
    "name", ["signal", "gene", "gene_name", "chrom", "tss", "strand", "split", "mark", "bin_start"]
)
def test_schema_needs(simulated, name):
    with pytest.raises(DataError, match=f"expected '{name}' with dimensions"):
        ChromatinDataset(simulated.xarray.drop_vars(name))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(signal=d["signal"].astype(float)), "float32, found float64"),
        (lambda d: d.transpose("mark", "gene", "bin"), "'signal' with dimensions"),
        (lambda d: d.isel(gene=[0, 0]), "two entries of 'gene'"),
        (lambda d: d.isel(mark=[0, 0]), "two entries of 'mark'"),
        (lambda d: d.isel(gene=[]), "no genes"),
        (lambda d: d.isel(mark=[]), "no genes, marks or bins"),
        (lambda d: d.assign(label=("mark", np.zeros(5, np.int8))), "'label' with dimensions"),
    ],
)
def test_schema_of_arrays(simulated, change, message):
    with pytest.raises(DataError, match=message):
        ChromatinDataset(change(simulated.xarray))


def test_splits_are_a_partition(simulated):
    parts = [simulated.split(name) for name in ("train", "valid", "test")]
    genes = [gene for part in parts for gene in part.genes.index]
    assert sorted(genes) == sorted(simulated.genes.index)
    for part, name in zip(parts, ("train", "valid", "test"), strict=True):
        assert set(part.genes["split"]) == {name}
        own = simulated.signal.sel(gene=part.genes.index.to_numpy())
        np.testing.assert_array_equal(part.signal, own)


def test_split_without_genes(simulated):
    with pytest.raises(DataError, match="no gene is in the split 'valid'"):
        simulated.split("train").split("valid")


def test_marks_are_chosen_by_name(simulated):
    chosen = simulated.with_marks(["H3K9me3", "H3K4me3"])
    assert chosen.marks == ["H3K9me3", "H3K4me3"]
    first = simulated.marks.index("H3K9me3")
    np.testing.assert_array_equal(chosen.signal[:, 0], simulated.signal[:, first])
    np.testing.assert_array_equal(
        chosen.signal.sel(mark="H3K4me3"), simulated.signal.sel(mark="H3K4me3")
    )


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        (["H3K4me3", "H3K27ac"], "it has no H3K27ac, only H3K4me3, H3K4me1"),
        (["H3K4me3", "H3K4me3"], "two entries of 'mark'"),
        ([], "no genes, marks or bins"),
    ],
)
def test_marks_that_cannot_be_chosen(simulated, marks, message):
    with pytest.raises(DataError, match=message):
        simulated.with_marks(marks)


def test_labels(simulated):
    np.testing.assert_array_equal(simulated.labels(), simulated.genes["label"])
    bare = replace(simulated, xarray=simulated.xarray.drop_vars("label"))
    with pytest.raises(DataError, match="no labels"):
        bare.labels()


def with_values(data, values, **attributes):
    content = data.xarray.assign(expression=("gene", np.array(values))).assign_attrs(attributes)
    return ChromatinDataset(content)


def test_log_expression():
    data = with_values(dataset([""] * 3, [-1] * 3, ["train"] * 3), [0.0, 1.0, 7.0])
    assert data.expression_scale == "linear"
    assert data.log_expression().dtype == np.float32
    assert data.log_expression().tolist() == [0, 1, 3]


def test_a_log_ratio_is_given_as_stored(simulated):
    ratio = np.linspace(-2, 2, len(simulated.genes), dtype=np.float32)
    data = with_values(simulated, ratio, expression_scale="log2 ratio")
    np.testing.assert_array_equal(data.log_expression(), ratio)


@pytest.mark.parametrize("scale", ["linear", "log2 ratio"])
def test_expression_that_is_missing(simulated, scale):
    bare = ChromatinDataset(simulated.xarray.drop_vars("expression"))
    with pytest.raises(DataError, match="no expression; add it"):
        bare.log_expression()
    values = simulated.genes["expression"].to_numpy().copy()
    values[:2] = np.nan, np.inf
    with pytest.raises(DataError, match="missing or not finite for 2 of 120"):
        with_values(simulated, values, expression_scale=scale).log_expression()


def test_expression_below_zero(simulated):
    values = simulated.genes["expression"].to_numpy().copy()
    values[3] = -0.5
    with pytest.raises(DataError, match=r"0 or more, found -0.5; give RPKM"):
        with_values(simulated, values).log_expression()


def test_leak_counts_windows_that_share_a_base():
    # Windows of 10,000 bp: a distance of 9,999 overlaps, one of 10,000 does not.
    data = dataset(
        ["chr1", "chr1", "chr1", "chr2", "", "chr1"],
        [50_000, 59_999, 60_000, 50_000, -1, -1],
        ["train", "test", "test", "test", "test", "test"],
    )
    assert data.leak() == {"genes": 5, "located": 3, "overlapping": 1}


def test_leak_of_another_split_and_window():
    data = dataset(["chr1"] * 3, [500, 1400, 400], ["train", "valid", "test"], bins=10)
    assert data.leak("valid") == {"genes": 1, "located": 1, "overlapping": 1}
    assert data.leak("test")["overlapping"] == 1
    narrow = dataset(["chr1"] * 3, [500, 1400, 400], ["train", "valid", "test"], bins=9)
    assert narrow.leak("valid")["overlapping"] == 0


def test_leak_is_not_known_without_locations():
    data = dataset(["", ""], [-1, -1], ["train", "test"])
    assert data.leak() == {"genes": 1, "located": 0, "overlapping": None}


CHANGES = {
    "signal": lambda d: d.assign(signal=d["signal"] + np.float32(1)),
    "label": lambda d: d.assign(label=1 - d["label"]),
    "no label": lambda d: d.drop_vars("label"),
    "expression": lambda d: d.assign(expression=d["expression"] * 2),
    "split": lambda d: d.assign_coords(split=("gene", np.roll(d["split"], 1))),
    "order of genes": lambda d: d.isel(gene=slice(None, None, -1)),
    "order of marks": lambda d: d.isel(mark=slice(None, None, -1)),
    "name of a gene": lambda d: d.assign_coords(gene=["new", *d["gene"].values[1:]]),
    "name of a mark": lambda d: d.assign_coords(mark=["new", *d["mark"].values[1:]]),
    "fewer bins": lambda d: d.isel(bin=slice(1, None)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_fingerprint_follows_the_content(simulated, change):
    changed = ChromatinDataset(change(simulated.xarray))
    assert changed.fingerprint() != simulated.fingerprint()


def test_fingerprint_does_not_follow_the_rest(simulated, tmp_path):
    renamed = simulated.xarray.assign_attrs(cell_type="other")
    assert ChromatinDataset(renamed, tmp_path).fingerprint() == simulated.fingerprint()


def test_a_negative_signal_is_refused(simulated):
    changed = simulated.xarray.copy(deep=True)
    changed["signal"][0, 0, 0] = -1
    with pytest.raises(DataError, match="negative or not finite"):
        ChromatinDataset(changed)


def test_expression_that_is_partly_known(simulated):
    values = simulated.genes["expression"].to_numpy("float32", copy=True)
    values[:3] = np.nan, -1, 3
    content = simulated.xarray.assign(expression=("gene", values))
    data = ChromatinDataset(content)
    with pytest.raises(DataError, match="missing or not finite for 1 of 120"):
        data.log_expression()
    found = data.log_expression(strict=False)
    assert np.isnan(found[:2]).all()
    assert found[2] == 2
    assert found.dtype == np.float32


# Genes by name


def test_genes_by_id_and_by_name(simulated):
    table = simulated.genes
    names = [table["gene_name"].iloc[7], table.index[3], table.index[7]]
    part = simulated.with_genes(names)
    assert part.genes.index.tolist() == [table.index[3], table.index[7]]
    np.testing.assert_array_equal(part.signal, simulated.signal[[3, 7]])


def test_a_gene_that_is_not_there(simulated):
    with pytest.raises(DataError, match="no gene has the ID or the name 'PAX5'"):
        simulated.with_genes([simulated.genes.index[0], "PAX5"])


def test_a_name_of_two_genes(simulated):
    names = simulated.genes["gene_name"].to_numpy().copy()
    names[5] = names[2]
    twice = ChromatinDataset(simulated.xarray.assign_coords(gene_name=("gene", names)))
    with pytest.raises(DataError, match=f"2 genes have the ID or the name '{names[2]}'"):
        twice.with_genes([names[2]])
    assert len(twice.with_genes([simulated.genes.index[2]]).genes) == 1
