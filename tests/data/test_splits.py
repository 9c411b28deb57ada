import numpy as np
import pandas as pd
import pytest

from attendome.data.splits import SPLITS, assign
from attendome.errors import DataError, SettingsError
from attendome.genome.annotation import read_genes
from attendome.genome.windows import overlapping


def some_genes(count=12, chroms=("chr1", "chr2", "chr8")):
    index = pd.Index([f"g{n:05d}" for n in range(count)], name="gene", dtype=object)
    return pd.DataFrame({"chrom": (chroms * count)[:count]}, index=index)


def sizes(split):
    return tuple(int((split == name).sum()) for name in SPLITS)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(19_802, (6601, 6601, 6600)), (3, (1, 1, 1)), (4, (2, 1, 1)), (5, (2, 2, 1))],
)
def test_thirds(count, expected):
    split = assign(some_genes(count), "thirds")
    assert sizes(split) == expected
    assert split.tolist() == sorted(split, key=SPLITS.index)


def test_thirds_sorts_the_genes_first():
    genes = some_genes(30)
    shuffled = genes.sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(assign(shuffled, "thirds")[genes.index], assign(genes, "thirds"))


def test_published_split_and_its_leak(shared_data):
    annotation = shared_data / "annotation"
    order = (annotation / "attentivechrome_gene_order.txt").read_text().split()
    genes = read_genes(annotation / "gencode_v10_genes_hg19.gtf.gz", gene_type="all").genes.loc[
        order
    ]
    split = assign(genes, "thirds").to_numpy()
    assert split.tolist() == ["train"] * 6601 + ["valid"] * 6601 + ["test"] * 6600
    train, test = genes[split == "train"], genes[split == "test"]
    places = [f(part) for part in (test, train) for f in (chrom, tss)]
    assert overlapping(*places, window=10_000).sum() == 607


def chrom(genes):
    return genes["chrom"].to_numpy(str)


def tss(genes):
    return genes["tss"].to_numpy()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("random", (60, 20, 20)),
        ("random:valid=0.1", (70, 10, 20)),
        ("random:seed=3,valid=0.25,test=0.5", (25, 25, 50)),
        ("random:test=0.001", (79, 20, 1)),
    ],
)
def test_random(rule, expected):
    assert sizes(assign(some_genes(100), rule)) == expected


def test_random_follows_the_seed():
    genes = some_genes(100)
    again = [assign(genes, "random:seed=1").tolist() for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != assign(genes, "random:seed=2").tolist()
    assert assign(genes, "random").tolist() == assign(genes, "random:seed=0").tolist()


def test_chromosome():
    split = assign(some_genes(chroms=("chr1", "chr2", "chr8", "chrX")), CHROMOSOMES)
    assert split.tolist() == ["test", "test", "valid", "train"] * 3


CHROMOSOMES = "chromosome:valid=chr8,test=chr1+chr2"


def test_chromosome_with_some_genes_without_location():
    genes = some_genes(chroms=("chr1", "chr8", "", "chr2"))
    with pytest.raises(DataError, match=r"of 3 of 12 genes is not known, .* with --genes"):
        assign(genes, "chromosome:valid=chr8,test=chr1")


@pytest.mark.parametrize("separator", ["\t", ","])
@pytest.mark.parametrize("start", ["", "\N{BOM}"])
def test_column(tmp_path, separator, start):
    genes = some_genes()
    names = np.array(SPLITS)[np.arange(12) % 3]
    table = pd.DataFrame({"note": "x", "split": names, "gene": genes.index})
    extra = pd.DataFrame({"note": ["y"], "split": ["train"], "gene": ["not in the dataset"]})
    text = pd.concat([table.sample(frac=1, random_state=0), extra]).to_csv(
        sep=separator, index=False
    )
    (tmp_path / "splits").write_text(start + text)
    assert assign(genes, f"column:file={tmp_path / 'splits'}").tolist() == names.tolist()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("", "Unknown split rule '': choose from: chromosome, column, random, thirds"),
        ("third", "did you mean 'thirds'"),
        ("thirds:seed=1", "'thirds' takes none"),
        ("random:sed=1", "did you mean 'seed'"),
        ("random:seed=x", "expects numbers"),
        ("random:seed", "expects numbers"),
        ("random:seed=-1", "expects numbers"),
        ("random:valid=many", "expects numbers"),
        ("random:valid=0", "above 0"),
        ("random:valid=-0.1", "above 0"),
        ("random:valid=nan", "above 0"),
        ("random:test=nan", "above 0"),
        ("random:valid=inf", "below 1"),
        ("random:valid=.5,test=.5", "below 1"),
        ("chromosome:valid=chr8", "needs both"),
        ("chromosome:valid=chr8,test=chr1+chr8", "chr8 cannot be held out"),
        ("column", "column:file=splits.tsv"),
        ("column:table=x", "Unknown option 'table'"),
    ],
)
def test_wrong_rules(rule, message):
    with pytest.raises(SettingsError, match=message):
        assign(some_genes(), rule)


@pytest.mark.parametrize(
    ("rule", "count", "message"),
    [
        ("chromosome:valid=chr9,test=chr1", 12, "'chr9'; chromosomes present: chr1, chr2, chr8"),
        (CHROMOSOMES, 12, "no gene in the split 'train'"),
        ("thirds", 2, "no gene in the split 'test'"),
        ("thirds", 0, "no gene in the split 'train'"),
        ("random:valid=0.4,test=0.5", 2, "no gene in the split 'train'"),
    ],
)
def test_rules_that_do_not_fit(rule, count, message):
    with pytest.raises(DataError, match=message):
        assign(some_genes(count), rule)


def test_chromosome_without_locations():
    with pytest.raises(DataError, match="no locations"):
        assign(some_genes(chroms=("",)), CHROMOSOMES)


BODY = "".join(f"g{n:05d}\t{SPLITS[n % 3]}\n" for n in range(12))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a table"),
        (b"\xff\xfe\x00", "cannot be read as a table"),
        (f"gene\tsplit\n{BODY}a\tb\tc\td\n".encode(), "cannot be read as a table"),
        (BODY.encode(), "expected the columns 'gene' and 'split', found g00000, train"),
        (b"gene\ng00000\n", "found gene"),
        (f"gene\tsplit\n{BODY}g00000\ttest\n".encode(), "g00000 stands on two lines"),
        (f"gene\tsplit\n{BODY[13:]}".encode(), r"g00000 has nan \(1 such genes\)"),
        (f"gene\tsplit\n{BODY}".replace("valid", "dev").encode(), "g00001 has 'dev' .4 such"),
    ],
)
def test_column_of_a_wrong_table(tmp_path, content, message):
    (tmp_path / "splits.tsv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        assign(some_genes(), f"column:file={tmp_path / 'splits.tsv'}")


@pytest.mark.parametrize("name", ["none.tsv", "."])
def test_column_without_a_table(tmp_path, name):
    with pytest.raises(DataError, match=r"no such file|cannot be read"):
        assign(some_genes(), f"column:file={tmp_path / name}")


def test_chromosomes_are_chosen_where_none_is_named():
    sizes = {"chr1": 20, "chr2": 18, "chr3": 12, "chr4": 30, "chr5": 15, "chr6": 5}
    chrom = [name for name, count in sizes.items() for _ in range(count)]
    genes = pd.DataFrame({"chrom": chrom}, index=[f"G{n}" for n in range(100)])
    split = assign(genes, "chromosome")
    parts = {name: set(genes["chrom"][split == name]) for name in ("train", "valid", "test")}
    assert parts == {"test": {"chr1"}, "valid": {"chr2"}, "train": {"chr3", "chr4", "chr5", "chr6"}}


def test_few_chromosomes_leave_the_largest_for_training():
    genes = pd.DataFrame({"chrom": [*"aaaaabbbcc"]}, index=[*"0123456789"])
    assert assign(genes, "chromosome").groupby(genes["chrom"]).first().to_dict() == {
        "a": "train",
        "b": "valid",
        "c": "test",
    }


def test_two_chromosomes_are_too_few():
    genes = pd.DataFrame({"chrom": ["a", "b"]}, index=["0", "1"])
    with pytest.raises(DataError, match="three chromosomes or more; found a, b"):
        assign(genes, "chromosome")
