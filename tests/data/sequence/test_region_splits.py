import numpy as np
import pandas as pd
import pytest

from attendome.data.sequence.region_splits import assign_blocks, block_length, check_apart
from attendome.errors import DataError, SettingsError


def table(blocks, chrom="chr1", name=""):
    starts = np.arange(len(blocks)) * 100
    columns = {"start": starts, "end": starts + 100, "block": blocks, "name": name}
    return pd.DataFrame(columns | {"chrom": chrom})


REGIONS = table(np.repeat(np.arange(40), 5))


@pytest.mark.parametrize("rule", ["random:seed=3", "fold:folds=5,seed=3"])
def test_a_block_is_in_one_split_and_the_shares_are_kept(rule):
    split = assign_blocks(REGIONS, rule)
    assert (split.groupby(REGIONS["block"]).nunique() == 1).all()
    assert split.value_counts().to_dict() == {"train": 120, "valid": 40, "test": 40}
    assert split.equals(assign_blocks(REGIONS, rule))
    assert not split.equals(assign_blocks(REGIONS, rule.replace("seed=3", "seed=4")))


def test_shares_of_uneven_blocks():
    sizes = np.arange(1, 41)
    split = assign_blocks(table(np.repeat(np.arange(40), sizes)), "random:valid=0.1,test=0.3")
    share = split.value_counts() / sizes.sum()
    assert share["valid"] == pytest.approx(0.1, abs=0.05)
    assert share["test"] == pytest.approx(0.3, abs=0.05)


def test_a_large_block_is_taken_rather_than_none():
    split = assign_blocks(table([0] * 10 + [1] * 10 + [2] * 10), "random:valid=0.1,test=0.1")
    assert split.value_counts().to_dict() == {"train": 10, "valid": 10, "test": 10}


def test_named_folds_share_the_regions_and_take_turns():
    def held_out(valid, test):
        split = assign_blocks(REGIONS, f"fold:folds=4,valid=fold{valid},test=fold{test}")
        return {name: set(REGIONS.index[split == name]) for name in ("valid", "test", "train")}

    first, second = held_out(0, 1), held_out(1, 2)
    assert first["test"] == second["valid"]
    assert not first["valid"] & second["test"]
    assert {len(part) for part in (*first.values(), *second.values())} == {50, 100}
    everything = [held_out(n, (n + 1) % 4)["valid"] for n in range(4)]
    assert set.union(*everything) == set(REGIONS.index)
    assert sum(map(len, everything)) == len(REGIONS)


def test_chromosomes():
    regions = pd.concat([table([0, 1], f"chr{n}") for n in range(1, 6)], ignore_index=True)
    split = assign_blocks(regions, "chromosome:valid=chr2,test=chr3+chr5")
    assert regions["chrom"][split == "test"].unique().tolist() == ["chr3", "chr5"]
    assert regions["chrom"][split == "valid"].unique().tolist() == ["chr2"]


def test_column():
    regions = table([0, 1, 2], name=["test", "train", "valid"])
    assert assign_blocks(regions, "column").tolist() == ["test", "train", "valid"]


def test_the_length_of_blocks():
    assert block_length("random", 100, 50) == 100 + 7 * 50
    assert block_length("fold:block=1000", 100, 50) == 1000
    assert block_length("chromosome", 100, 50) is None
    assert block_length("column", 100, 50) is None


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("randm", "Unknown split rule 'randm': did you mean 'random'"),
        ("random:sed=1", "Unknown option 'sed' of the split rule 'random': did you mean 'seed'"),
        ("fold:folds=2", "needs 3 folds or more"),
        ("fold:valid=fold8", "no 'fold8' among fold0 to fold7"),
        ("fold:valid=fold1", "fold1 cannot be for valid and for test"),
        ("fold:folds=many", "expects a whole number, found 'many'"),
        ("random:valid=1.5", "shares of valid and test"),
        ("chromosome:valid=chr9,test=chr1", "No region lies on 'chr9'"),
        ("chromosome", "needs regions on three chromosomes"),
        ("column", "expects train, valid or test in the fourth column .* chr1:0-100 has ''"),
        ("random:block=99", "a block of 99 bp has no place for a region of 100 bp"),
    ],
)
def test_what_is_wrong_is_named(rule, message):
    with pytest.raises((DataError, SettingsError), match=message):
        block_length(rule, 100, 100), assign_blocks(REGIONS, rule)


def test_too_few_blocks_leave_a_split_empty():
    with pytest.raises(DataError, match=r"leaves no region in .*10 regions in 1 blocks"):
        assign_blocks(table([0] * 10), "random")


def test_regions_of_different_splits_that_overlap_are_named():
    regions = pd.DataFrame(
        {
            "chrom": ["chr2", "chr1", "chr1", "chr1"],
            "start": [50, 0, 100, 150],
            "split": ["test", "train", "train", "test"],
        }
    )
    regions["end"] = regions["start"] + 100
    with pytest.raises(DataError, match=r"chr1:100-200 \(train\) and chr1:150-250 \(test\)"):
        check_apart(regions)
    regions.loc[3, "start"], regions.loc[3, "end"] = 200, 300
    check_apart(regions)
