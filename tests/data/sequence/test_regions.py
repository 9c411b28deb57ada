import numpy as np
import pytest

from attendome.data.sequence.recipe import SequenceFiles, SequenceSettings
from attendome.data.sequence.regions import choose_regions
from attendome.errors import DataError

LENGTHS = {"chr1": 1000, "chr2": 500, "chr3": 450}
SMALL = {"length": 100, "bin_size": 10, "split": "chromosome:valid=chr2,test=chr3"}


@pytest.fixture
def choose(tmp_path):
    """Give a function that chooses regions, with BED files given as text."""

    def run(settings=None, lengths=LENGTHS, **beds):
        paths = {name: tmp_path / f"{name}.bed" for name in beds}
        for name, text in beds.items():
            paths[name].write_text(text)
        files = SequenceFiles(genome=tmp_path, tracks=tmp_path, **paths)
        return choose_regions(lengths, files, SequenceSettings(**SMALL | (settings or {})))

    return run


def places(regions, chrom):
    table = regions.table
    return table[table["chrom"] == chrom][["start", "end"]].to_numpy().tolist()


def test_the_genome_is_tiled(choose):
    found = choose()
    assert places(found, "chr1") == [[n, n + 100] for n in range(0, 1000, 100)]
    assert places(found, "chr3") == [[n, n + 100] for n in range(0, 400, 100)]
    assert found.table["split"].value_counts().to_dict() == {"train": 10, "valid": 5, "test": 4}


def test_by_default_the_bins_lie_side_by_side(choose):
    assert places(choose({"crop": 20}), "chr3") == [[n, n + 100] for n in range(0, 360, 60)]
    assert places(choose({"stride": 175}), "chr3") == [[0, 100], [175, 275], [350, 450]]


def test_no_region_touches_a_gap(choose):
    found = choose(gaps="chr1\t0\t130\nchr1\t300\t301\nchr3\t0\t10\n")
    starts = [start for start, _ in places(found, "chr1")]
    assert starts == [130, *range(301, 901, 100)]
    assert places(found, "chr3")[0] == [10, 110]


@pytest.mark.parametrize("rule", ["random", "fold:folds=3", "random:block=230"])
def test_no_two_splits_share_a_base_also_through_the_input(choose, rule):
    found = choose({"split": rule, "crop": 40, "stride": 7}).table
    for chrom in LENGTHS:
        used = {
            split: {
                base
                for start, end in here[["start", "end"]].to_numpy()
                for base in range(start, end)
            }
            for split, here in found[found["chrom"] == chrom].groupby("split")
        }
        assert sum(map(len, used.values())) == len(set().union(*used.values()))
    assert found["split"].nunique() == 3


def test_blocks_of_whole_strides_lose_no_region_inside(choose):
    starts = [start for start, _ in places(choose({"split": "random:block=300"}), "chr1")]
    assert starts == list(range(0, 1000, 100))


def test_unmappable_regions_are_left_out_and_counted(choose):
    # On chr1: 3 bins of the first region; 4 of the second, one of them by half; 3 of the third,
    # where a fourth is unmappable by less than half; stretches that overlap count once.
    stretches = "chr1\t0\t30\nchr1\t100\t120\nchr1\t110\t135\nchr1\t190\t200\nchr1\t200\t234\n"
    found = choose(unmappable=stretches)
    assert [start for start, _ in places(found, "chr1")] == [0, *range(200, 1000, 100)]
    assert found.left_out == {"too many unmappable bins": 1}
    assert len(choose({"max_unmappable": 1}, unmappable=stretches).table) == 19


def test_unmappable_bins_of_the_crop_do_not_count(choose):
    stretch = "chr3\t0\t40\nchr3\t60\t100\n"
    crop = {"crop": 40, "stride": 100, "max_unmappable": 0}
    assert choose(crop, unmappable=stretch).left_out == {}
    assert choose({"max_unmappable": 0.7}, unmappable=stretch).left_out != {}


def test_regions_of_the_user_are_around_the_middle(choose):
    bed = "chr1\t100\t200\ttrain\nchr1\t499\t502\ttrain\n2\t0\t200\tvalid\nchr3\t50\t150\ttest\n"
    found = choose({"split": "column"}, regions=bed)
    assert found.table[["chrom", "start", "end", "split"]].to_numpy().tolist() == [
        ["chr1", 100, 200, "train"],
        ["chr1", 450, 550, "train"],
        ["chr2", 50, 150, "valid"],
        ["chr3", 50, 150, "test"],
    ]


def test_regions_off_the_end_and_twice_and_in_gaps_are_left_out_and_counted(choose):
    lines = ["chr1\t0\t90", "chr1\t920\t1000", "chr1\t500\t600", "chr1\t500\t600", "chr2\t0\t100"]
    lines += ["chr1\t800\t900", "chr1\t100\t200", "chr3\t0\t100", "chr7\t0\t100"]
    found = choose({}, regions="\n".join(lines), gaps="chr1\t899\t901\n")
    assert found.left_out == {
        "on chromosomes that the genome does not have": 1,
        "reaching beyond the end of the chromosome": 2,
        "the same as another": 1,
        "touching a gap": 1,
    }
    assert places(found, "chr1") == [[500, 600], [100, 200]]


def test_overlapping_regions_of_the_user(choose):
    starts = [0, 90, 180, 400, 420, 700, 800, 900]  # 0–280, 400–520, and three alone
    bed = "".join(f"chr1\t{start}\t{start + 100}\tx\n" for start in starts)
    found = choose({"split": "random"}, regions=bed).table["split"]
    assert found[:3].nunique() == found[3:5].nunique() == 1
    splits = ["train", "train", "valid", "test", "test", "test", "test", "test"]
    bed = "".join(f"chr1\t{s}\t{s + 100}\t{x}\n" for s, x in zip(starts, splits, strict=True))
    with pytest.raises(DataError, match=r"chr1:90-190 \(train\) and chr1:180-280 \(valid\)"):
        choose({"split": "column"}, regions=bed)


def test_a_region_in_two_splits_is_refused(choose):
    bed = "chr1\t0\t100\ttrain\nchr1\t0\t100\ttest\nchr2\t0\t100\tvalid\n"
    with pytest.raises(DataError, match=r"chr1:0-100 \(train\) and chr1:0-100 \(test\)"):
        choose({"split": "column"}, regions=bed)


def test_alternative_sequences_of_a_known_assembly_are_not_tiled(choose):
    from attendome.genome.chromosomes import lengths

    ours = {name: size for name, size in lengths("hg38").items() if name in ("chr20", "chr21")}
    rule = {"length": 1 << 20, "bin_size": 1 << 10, "split": "random"}
    found = choose(rule, lengths=ours | {"chr6_GL000250v2_alt": 4_672_374, "chrM": 16_569})
    assert set(found.table["chrom"]) == {"chr20", "chr21"}
    assert "Of hg38, the 2 assembled chromosomes are tiled; 2 other" in found.notes[0]


@pytest.mark.parametrize(
    ("settings", "beds", "message"),
    [
        ({"length": 2000}, {}, "No region of 2,000 bp is left; no stretch of the genome"),
        (
            {"max_unmappable": 0},
            {"unmappable": "".join(f"{c}\t0\t{n}\n" for c, n in LENGTHS.items())},
            "No region of 100 bp is left; left out: 19 too many unmappable",
        ),
        ({}, {"regions": "chr1\t990\t1001\n"}, "chr1:990-1001 lies beyond the end of chr1"),
        ({}, {"gaps": "chrX\t0\t1\n"}, "none of its chromosomes"),
    ],
)
def test_what_leaves_nothing_is_refused(choose, settings, beds, message):
    with pytest.raises(DataError, match=message):
        choose(settings, **beds)


def test_starts_are_numbers_that_numpy_takes(choose):
    assert choose(gaps="chr1\t0\t5\n").table["start"].dtype == np.int64
