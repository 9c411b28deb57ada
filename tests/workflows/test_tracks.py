"""Maps in genome coordinates, checked base by base against the places of the genes."""

import numpy as np
import pandas as pd
import pybigtools
import pytest

import attendome as ad
from attendome.data.chromatin import assemble
from attendome.errors import DataError, SettingsError
from attendome.interpretation.files import save_maps
from attendome.workflows import train
from attendome.workflows.tracks import export_tracks

BINS, BIN_SIZE = 20, 100
# Of GENCODE 10, on hg19: the TSS is start − 1 on +, end − 1 on −.
GENES = {
    "MYC": ("chr8", 128747679, "+"),
    "GAPDH": ("chr12", 6643092, "+"),
    "GATA1": ("chrX", 48644961, "+"),
    "PAX5": ("chr9", 37034475, "-"),
    "TP53": ("chr17", 7590855, "-"),
    "HBB": ("chr11", 5250624, "-"),
}


def dataset(places, *, oriented, assembly="hg19"):
    """Make a dataset of genes by name, each with a TSS and a strand."""
    table = pd.DataFrame.from_dict(places, "index", columns=["chrom", "tss", "strand"])
    table["gene_name"] = table.index
    table["split"] = (["train", "train", "valid", "test"] * len(table))[: len(table)]
    table["label"] = ([1, 0, 0, 1, 1] * len(table))[: len(table)]
    signal = np.random.default_rng(0).random((len(table), 2, BINS)).astype(np.float32)
    attributes = {
        "cell_type": "E1",
        "assembly": assembly,
        "bin_size": BIN_SIZE,
        "oriented": oriented,
        "label_rule": "made up",
        "sources": [],
    }
    return assemble(signal, table, ["H3K4me3", "H3K27me3"], attributes)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run by whether the bins are oriented."""
    folder = tmp_path_factory.mktemp("runs")
    many = {str(number): ("chr1", 10_000 * number, "+") for number in range(40)}
    return {
        oriented: train(dataset(many, oriented=oriented), "linear", folder / str(oriented))
        for oriented in (True, False)
    }


def plant(run, data, cells, path=None):
    """Store maps of occlusion with importance at some (gene, bin) of H3K4me3 and nowhere else."""
    maps = run.explain(data, "occlusion", path, force=True)
    maps["importance"][:] = 0
    for (gene, number), value in cells.items():
        maps["importance"].loc[{"gene": gene, "mark": "H3K4me3"}][number] = value
    save_maps(maps, path or run.path / "occlusion.zarr", force=True)


def read(path):
    """Give (chrom, start, end): value of each stretch that is not 0."""
    if path.suffix == ".bw":
        with pybigtools.open(str(path)) as file:
            rows = [(chrom, *row) for chrom in file.chroms() for row in file.records(chrom)]
    else:
        heading, *lines = path.read_text().splitlines()
        assert heading.startswith("track type=bedGraph name=")
        fields = [line.split("\t") for line in lines]
        rows = [(chrom, int(start), int(end), float(value)) for chrom, start, end, value in fields]
    assert rows == sorted(rows)
    return {row[:3]: row[3] for row in rows if row[3]}


@pytest.mark.parametrize("ending", ["bw", "bedgraph"])
@pytest.mark.parametrize("oriented", [True, False])
def test_three_genes_on_each_strand(runs, tmp_path, oriented, ending):
    run, data, out = runs[oriented], dataset(GENES, oriented=oriented), tmp_path / f"a.{ending}"
    # The third bin: 800 to 700 bp before the TSS.
    plant(run, data, {(gene, 2): 1.0 + n for n, gene in enumerate(GENES)})
    track = export_tracks(run, out, "H3K4me3", method="occlusion", data=data)
    assert (track.genes, track.left_out, track.unit) == (6, 0, "log odds")
    expected = {}
    for n, (chrom, tss, strand) in enumerate(GENES.values()):
        before = tss - 800 if strand == "+" or not oriented else tss + 700
        expected[chrom, before, before + 100] = 1.0 + n
    assert read(out) == expected
    export_tracks(run, out, "H3K27me3", method="occlusion", data=data, force=True)
    assert read(out) == {}


@pytest.mark.parametrize("ending", ["bw", "bedgraph"])
def test_the_genes_of_an_annotation(shared_data, runs, tmp_path, ending):
    from attendome.genome.annotation import read_genes

    table = read_genes(shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz").genes
    table = table[table["gene_name"].isin(GENES)]
    assert len(table) == len(GENES)
    places = {
        name: (row["chrom"], row["tss"], row["strand"])
        for name, row in table.set_index("gene_name").iterrows()
    }
    assert places == GENES
    data = dataset(places, oriented=True)
    plant(runs[True], data, {("PAX5", 0): 1, ("PAX5", 19): 2, ("MYC", 0): 3, ("MYC", 19): 4})
    out = tmp_path / f"a.{ending}"
    export_tracks(runs[True], out, "H3K4me3", method="occlusion", data=data)
    # Read from the file of the annotation: PAX5 is 36833272-37034476 (-), MYC 128747680- (+).
    assert read(out) == {
        ("chr9", 37034475 + 900, 37034475 + 1000): 1,
        ("chr9", 37034475 - 1000, 37034475 - 900): 2,
        ("chr8", 128747679 - 1000, 128747679 - 900): 3,
        ("chr8", 128747679 + 900, 128747679 + 1000): 4,
    }


def test_windows_that_overlap_and_leave_the_chromosome(runs, tmp_path):
    end = 249250621  # of chr1 in hg19
    places = {
        "first": ("chr1", 700, "+"),
        "second": ("chr1", 1150, "-"),
        "last": ("chr1", end - 50, "+"),
    }
    data, out = dataset(places, oriented=True), tmp_path / "a.bw"
    cells = {("first", 2): 8, ("first", 3): 1, ("first", 4): 6, ("second", 18): 2}
    plant(runs[True], data, cells | {("last", 10): 5})
    export_tracks(runs[True], out, "H3K4me3", method="occlusion", data=data)
    assert read(out) == {
        ("chr1", 0, 100): 1,  # the third bin of the first gene lies before the chromosome
        ("chr1", 100, 150): 6,
        ("chr1", 150, 200): 3,  # where the second gene's window begins
        ("chr1", 250, 300): 1,  # cut where a bin of the first gene ends
        ("chr1", 300, 350): 1,
        ("chr1", end - 50, end): 5,
    }


def test_stored_maps_are_used_where_they_are_of_these_genes(runs, tmp_path):
    run = runs[True]
    data = dataset(GENES, oriented=True)
    plant(run, data, {("PAX5", 10): 1, ("TP53", 10): 2})
    options = {"method": "occlusion", "force": True}

    def found(data, **more):
        path = tmp_path / "a.bedgraph"
        return export_tracks(run, path, "H3K4me3", data=data, **options, **more), read(path)

    assert found(data, genes=["PAX5"])[1] == {("chr9", 37034375, 37034475): 1}
    track, values = found(data, split="test")
    assert (track.genes, values) == (1, {("chr9", 37034375, 37034475): 1})
    content = data.xarray.copy(deep=True)
    content["signal"][0] += 1
    track, values = found(ad.ChromatinDataset(content), genes=["PAX5"])
    assert track.genes == 1
    assert len(values) == BINS  # explained anew
    maps = run.path / "occlusion.zarr"
    (maps / "importance" / "zarr.json").write_text("{")
    assert len(found(data, genes=["PAX5"])[1]) == BINS
    # Of one gene only, the maps do not do for others.
    plant(run, data.with_genes(["PAX5"]), {("PAX5", 10): 1})
    assert found(data, genes=["PAX5"])[1] == {("chr9", 37034375, 37034475): 1}
    assert len(found(data, genes=["PAX5", "TP53"])[1]) == 2 * BINS


def test_genes_without_a_location_are_left_out(runs, tmp_path):
    places = GENES | {"A": ("", 5, "+"), "B": ("chr1", -1, "+"), "C": ("chr1", 5000, ".")}
    out = tmp_path / "a.bw"

    def left_out(oriented):
        data = dataset(places, oriented=oriented)
        plant(runs[oriented], data, {})
        track = export_tracks(
            runs[oriented], out, "H3K4me3", method="occlusion", data=data, force=True
        )
        return track.genes, track.left_out

    assert left_out(oriented=True) == (6, 3)
    assert left_out(oriented=False) == (7, 2)
    data = dataset({"A": ("", -1, "."), "B": ("", -1, "."), "C": ("", -1, ".")}, oriented=True)
    with pytest.raises(DataError, match="the location of none of the 3 genes is known"):
        export_tracks(runs[True], tmp_path / "b.bw", "H3K4me3", method="occlusion", data=data)


def test_lengths_of_chromosomes(runs, tmp_path):
    out, run = tmp_path / "a.bw", runs[True]
    data = dataset(GENES, oriented=True, assembly="unknown")
    plant(run, data, {("PAX5", 10): 1})

    def export(path=out, **options):
        export_tracks(run, path, "H3K4me3", method="occlusion", data=data, force=True, **options)

    with pytest.raises(DataError, match=r"chr11, .* not known \(assembly: unknown\); give them"):
        export()
    assert not out.exists()
    export(tmp_path / "a.bedgraph")
    assert len(read(tmp_path / "a.bedgraph")) == 1
    sizes = tmp_path / "hg19.chrom.sizes"
    places = {chrom: tss + 5000 for chrom, tss, _ in GENES.values()}
    sizes.write_text("".join(f"{chrom[3:]}\t{size}\n" for chrom, size in places.items()))
    export(chrom_sizes=sizes)
    assert read(out) == {("chr9", 37034375, 37034475): 1}
    sizes.write_text("chr9\t37000000\n")
    with pytest.raises(DataError, match="PAX5 at chr9:37034475 lies beyond the end of chr9, 37,0"):
        export(tmp_path / "a.bedgraph", chrom_sizes=sizes)


@pytest.mark.parametrize(
    ("out", "mark", "method", "message"),
    [
        ("a.bed", "H3K4me3", "occlusion", "ends in .bw, .bigwig, .bedgraph, .bdg"),
        ("a.bw", "H3K4me1", "occlusion", "Unknown mark 'H3K4me1': did you mean 'H3K4me3'"),
        ("a.bw", "H3K4me3", "occlude", "Unknown method 'occlude'"),
        ("a.bw", "H3K4me3", "alpha", "linear has no α"),
    ],
)
def test_a_wrong_request(runs, tmp_path, out, mark, method, message):
    data = dataset(GENES, oriented=True)
    with pytest.raises(SettingsError, match=message):
        export_tracks(runs[True], tmp_path / out, mark, method=method, data=data)
    assert not any(tmp_path.iterdir())


def test_an_existing_file(runs, tmp_path):
    (tmp_path / "a.bw").touch()
    with pytest.raises(DataError, match="--force"):
        export_tracks(runs[True], tmp_path / "a.bw", "H3K4me3", method="occlusion")
