import numpy as np
import pandas as pd
import pytest

from attendome.data.attentivechrome import read_attentivechrome
from attendome.data.chromatin import assemble
from attendome.data.joining import agree_on_splits, all_marks, check_same_layout, shared_marks
from attendome.errors import DataError


def dataset(splits, marks=("A",), bins=2, cell_type="K562", **attributes):
    """Make a dataset without signal; ``splits`` gives that of each gene."""
    given = {"assembly": "hg19", "bin_size": 100, "oriented": True, "label_rule": "", "sources": []}
    genes = pd.DataFrame({"split": splits.values()}, index=pd.Index(splits, dtype=object))
    signal = np.zeros((len(splits), len(marks), bins), np.float32)
    return assemble(signal, genes, list(marks), given | {"cell_type": cell_type} | attributes)


def splits_of(data):
    return data.genes["split"].to_dict()


def test_a_gene_goes_where_it_is_held_out_most():
    one = dataset({"a": "train", "b": "train", "c": "valid", "d": "train", "v": "valid"})
    two = dataset({"c": "test", "b": "valid", "a": "train", "e": "train"})
    three = dataset({"d": "test", "c": "train", "f": "train", "x": "train"})
    agreed, moved = agree_on_splits([one, two, three])
    assert [splits_of(data) for data in agreed] == [
        {"a": "train", "b": "valid", "c": "test", "d": "test", "v": "valid"},
        {"c": "test", "b": "valid", "a": "train", "e": "train"},
        {"d": "test", "c": "test", "f": "train", "x": "train"},
    ]
    assert moved == 4
    assert agreed[1] is two
    assert splits_of(one)["b"] == "train"
    assert agree_on_splits(agreed)[1] == 0


def test_versions_do_not_make_another_gene():
    one = dataset({"ENSG1.4": "train", "RP11-3.7": "train"})
    two = dataset({"ENSG1": "test", "RP11-3.8": "valid"})
    (one, _), moved = agree_on_splits([one, two])
    assert (splits_of(one), moved) == ({"ENSG1.4": "test", "RP11-3.7": "train"}, 1)


@pytest.mark.parametrize("other", ["test", "valid"])
def test_a_dataset_that_is_left_without_training_genes(other):
    one = dataset({"a": "train", "b": "train", "c": "test"})
    two = dataset({"a": other, "b": other, "d": "train", "e": other}, cell_type="E116")
    with pytest.raises(DataError, match=r"K562: each gene of its split 'train' .*same rule"):
        agree_on_splits([one, two])


def test_a_dataset_that_is_left_without_validation_genes():
    with pytest.raises(DataError, match="E116: each gene of its split 'valid'"):
        agree_on_splits([dataset({"a": "test"}), dataset({"a": "valid"}, cell_type="E116")])


def test_a_dataset_only_to_test_on_needs_no_training_genes():
    agreed, moved = agree_on_splits([dataset({"a": "test", "b": "train"}), dataset({"a": "test"})])
    assert moved == 0
    assert splits_of(agreed[1]) == {"a": "test"}


def test_no_gene_of_real_data_is_trained_on_and_scored(shared_data, pilot):
    datasets = [read_attentivechrome(shared_data / "chromatin" / "E123"), *pilot.values()]
    agreed, moved = agree_on_splits(datasets)
    held_out = {gene for data in agreed for gene in data.split("test").genes.index}
    for data in agreed:
        for split in ("train", "valid"):
            assert held_out.isdisjoint(data.split(split).genes.index)
    pairs = zip(datasets, agreed, strict=True)
    changed = [(one.genes["split"] != other.genes["split"]).sum() for one, other in pairs]
    assert moved == sum(changed)
    assert changed[0] > 0  # genes of E123 in the pilot regions


def test_the_same_layout():
    check_same_layout([dataset({"a": "train"}), dataset({"b": "test"}, marks=["B", "C"])])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bins": 4}, "their number is 2 in K562, 4 in E116"),
        ({"bin_size": 50}, "their length in bp is 100 in K562, 50 in E116"),
        ({"oriented": False}, "their order is 5'→3' in K562, of the genome in E116"),
    ],
)
def test_another_layout(change, message):
    other = dataset({"a": "train"}, cell_type="E116", **change)
    with pytest.raises(DataError, match=message):
        check_same_layout([dataset({"a": "train"}), dataset({"a": "train"}), other])


def test_marks():
    datasets = [dataset({"a": "train"}, marks) for marks in ("CAB", "BDC", "EBC")]
    assert shared_marks(datasets) == ["C", "B"]
    assert all_marks(datasets) == ["C", "A", "B", "D", "E"]
    with pytest.raises(DataError, match="K562 has C, A, B; E116 has D"):
        shared_marks([datasets[0], dataset({"a": "train"}, "D", cell_type="E116")])
