import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest
import torch

import attendome as ad
from attendome.data.store import save_dataset
from attendome.errors import DataError, RunError, SettingsError
from attendome.genome.annotation import read_genes

# Datasets


def test_the_dataset_is_stored_as_it_is_returned(csv_folder, tmp_path):
    data = ad.import_attentivechrome(csv_folder(), tmp_path / "d.zarr", marks=["A", "B"])
    opened = ad.open_dataset(tmp_path / "d.zarr")
    assert opened.xarray.identical(data.xarray)
    assert opened.path == data.path == tmp_path / "d.zarr"
    assert (opened.marks, opened.cell_type) == (["A", "B"], "cells")


def test_the_cell_type_may_be_named(csv_folder, tmp_path):
    data = ad.import_attentivechrome(
        csv_folder(), tmp_path / "d.zarr", marks=["A", "B"], cell_type="E001"
    )
    assert data.cell_type == "E001"


def test_e123(chromatin):
    assert len(chromatin.genes) == 600
    assert (chromatin.bins, chromatin.oriented) == (100, False)
    assert chromatin.genes["split"].value_counts().to_dict() == dict.fromkeys(
        ("train", "valid", "test"), 200
    )
    assert chromatin.leak()["overlapping"] is None


def test_an_annotation_gives_names_and_locations(shared_data, tmp_path):
    annotation = shared_data / "annotation" / "gencode_v10_genes_hg19.gtf.gz"
    folder = shared_data / "chromatin" / "E123"
    data = ad.import_attentivechrome(folder, tmp_path / "E123.zarr", genes=annotation)
    table, expected = data.genes, read_genes(annotation, gene_type="all").genes
    located = table[table["chrom"] != ""]
    assert len(located) > 500
    columns = ["gene_name", "chrom", "tss", "strand"]
    known = expected.loc[located.index, columns]
    assert (located[columns].to_numpy() == known.to_numpy()).all()
    assert data.leak()["overlapping"] is not None


def test_an_annotation_of_other_genes(csv_folder, tmp_path):
    line = 'chr1\tX\tgene\t1\t9\t.\t+\t.\tgene_id "ENSG1.1"; gene_name "N";\n'
    with gzip.open(tmp_path / "genes.gtf.gz", "wt") as file:
        file.write(line)
    with pytest.raises(DataError, match="none of its genes is in the annotation"):
        ad.import_attentivechrome(
            csv_folder(),
            tmp_path / "d.zarr",
            marks=["A", "B"],
            genes=tmp_path / "genes.gtf.gz",
        )
    assert not (tmp_path / "d.zarr").exists()


def test_expression_by_gene(shared_data, tmp_path):
    table = shared_data / "expression" / "57epigenomes.RPKM.pc.gz"
    folder = shared_data / "chromatin" / "E123"
    data = ad.import_attentivechrome(folder, tmp_path / "E123.zarr", expression=table)
    on = data.labels() == 1
    values = data.genes["expression"]
    assert values[on].min() > 1.606 >= values[~on].max()  # the median of the table
    source = data.xarray.attrs["sources"][-1]
    assert (source["role"], source["column"]) == ("expression", "E123")
    assert source["matched"] == "600 of 600 genes"
    assert ad.open_dataset(tmp_path / "E123.zarr").log_expression().shape == (600,)
    other = ad.import_attentivechrome(
        folder, tmp_path / "other.zarr", expression=table, column="E003"
    )
    assert not np.array_equal(other.log_expression(), data.log_expression())


def test_expression_by_transcript(csv_folder, gene_lines, tmp_path):
    line = 'chr1\tX\t{}\t1\t9\t.\t+\t.\tgene_id "ENSG{}.1"; transcript_id "ENST{}.1";\n'
    known = [line.format("gene", n, 0) for n in (1, 2, 3)]
    known += [line.format("transcript", n, m) for n, m in ((1, 11), (1, 12), (2, 2), (3, 3))]
    (tmp_path / "genes.gtf").write_text("".join(known))
    (tmp_path / "salmon.tsv").write_text("id\tx\nENST11.1\t1.5\nENST12\t2\nENST2\t4\nENST3\t8\n")
    splits = {"train": "ENSG1.1", "valid": "ENSG2.1", "test": "ENSG3.1"}
    data = ad.import_attentivechrome(
        csv_folder(**{split: gene_lines(gene) for split, gene in splits.items()}),
        tmp_path / "d.zarr",
        marks=["A", "B"],
        genes=tmp_path / "genes.gtf",
        expression=tmp_path / "salmon.tsv",
    )
    assert data.genes["expression"].to_dict() == {"ENSG1.1": 3.5, "ENSG2.1": 4, "ENSG3.1": 8}


def test_another_split_rule(csv_folder, tmp_path):
    folder = csv_folder()
    data = ad.import_attentivechrome(folder, tmp_path / "d.zarr", marks=["A", "B"], split="thirds")
    assert data.genes["split"].sort_index().tolist() == sorted(
        data.genes["split"], key=("train", "valid", "test").index
    )
    with pytest.raises(SettingsError, match="did you mean 'thirds'"):
        ad.import_attentivechrome(folder, tmp_path / "e.zarr", marks=["A", "B"], split="third")
    assert not (tmp_path / "e.zarr").exists()


def test_an_existing_output_is_noticed_before_the_files_are_read(tmp_path):
    (tmp_path / "d.zarr").mkdir()
    with pytest.raises(DataError, match=r"exists already.*--force"):
        ad.import_attentivechrome(tmp_path / "nowhere", tmp_path / "d.zarr")


def test_force_replaces(csv_folder, tmp_path):
    folder, out = csv_folder(), tmp_path / "d.zarr"
    ad.import_attentivechrome(folder, out, marks=["A", "B"])
    ad.import_attentivechrome(folder, out, marks=["C", "D"], force=True)
    assert ad.open_dataset(out).marks == ["C", "D"]


# Weights


@pytest.fixture(scope="module")
def golden(shared_data):
    return np.load(shared_data / "golden" / "attentivechrome_v2_expected.npz")


@pytest.fixture(params=["as published", "in another order", "with one more"])
def variant(request, chromatin, tmp_path):
    """E123, its marks in several arrangements."""
    marks = chromatin.marks
    if request.param == "in another order":
        marks = marks[::-1]
    if request.param == "with one more":
        marks = [marks[3], "H3K27ac", *marks[:3], marks[4]]
    content = chromatin.xarray.reindex(mark=np.array(marks, object), fill_value=np.float32(7))
    return save_dataset(ad.ChromatinDataset(content), tmp_path / "variant.zarr")


def test_golden_parity_end_to_end(variant, published, golden, tmp_path):
    """The original's numbers, by gene and mark, from the file of weights and the CSV files."""
    ad.import_weights(published, tmp_path / "run", variant.path)
    run = ad.open_run(tmp_path / "run")
    genes, marks = golden["gene"], [str(mark) for mark in golden["marks"]]
    table = run.predict(out=tmp_path / "table.tsv").set_index("gene").loc[genes]
    np.testing.assert_allclose(table["probability"], golden["probability"], atol=1e-5)
    written = pd.read_csv(tmp_path / "table.tsv", sep="\t", index_col="gene").loc[genes]
    np.testing.assert_allclose(written["probability"], golden["probability"], atol=1e-5)
    maps = run.explain().sel(gene=genes, mark=marks)
    np.testing.assert_allclose(maps["alpha"], golden["alpha"], atol=1e-5)
    np.testing.assert_allclose(maps["beta"], golden["beta"], atol=1e-5)


def test_the_run_says_where_the_weights_came_from(published, chromatin, tmp_path):
    run = ad.import_weights(published, tmp_path / "run", chromatin.path)
    sha256 = hashlib.sha256(published.read_bytes()).hexdigest()
    assert run.config.imported_from == {"file": published.name, "sha256": sha256}
    assert run.config.data == (str(chromatin.path.resolve()),)
    assert {path.name for path in run.path.iterdir()} == {
        "config.yaml",
        "model.json",
        "model.safetensors",
    }
    with pytest.raises(RunError, match="imported, not trained here"):
        run.training_summary()


def test_marks_may_be_named(published, chromatin, golden, tmp_path):
    renamed = chromatin.xarray.assign_coords(mark=np.array(list("ABCDE"), object))
    data = save_dataset(ad.ChromatinDataset(renamed), tmp_path / "renamed.zarr")
    with pytest.raises(DataError, match="it has no H3K27me3"):
        ad.import_weights(published, tmp_path / "run", data.path)
    run = ad.import_weights(published, tmp_path / "run", data.path, marks=list("ABCDE"))
    table = run.predict().set_index("gene").loc[golden["gene"]]
    np.testing.assert_allclose(table["probability"], golden["probability"], atol=1e-5)


@pytest.mark.parametrize(
    ("marks", "error", "message"),
    [
        (["H3K4me3"], RunError, "has weights for 5 marks; 1 are named"),
        (["H3K4me3", "H3K27ac"], DataError, "it has no H3K27ac"),
        (["H3K4me3"] * 5, DataError, "have the same name"),
    ],
)
def test_wrong_marks(published, chromatin, tmp_path, marks, error, message):
    with pytest.raises(error, match=message):
        ad.import_weights(published, tmp_path / "run", chromatin.path, marks=marks)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_wrong_files(stored, tmp_path, content):
    if content is not None:
        (tmp_path / "weights.pt").write_bytes(content)
    with pytest.raises(RunError, match=r"weights\.pt: (refused|no such file)"):
        ad.import_weights(tmp_path / "weights.pt", tmp_path / "run", stored.path)
    assert not (tmp_path / "run").exists()


def test_force_replaces_a_run_and_nothing_else(run, published, chromatin, tmp_path):
    with pytest.raises(DataError, match="--force"):
        ad.import_weights(published, run.path, chromatin.path)
    again = ad.import_weights(published, run.path, chromatin.path, force=True)
    assert again.config.imported_from
    assert not (run.path / "history.csv").exists()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").touch()
    with pytest.raises(RunError, match="not a run"):
        ad.import_weights(published, tmp_path / "work", chromatin.path, force=True)
    assert (tmp_path / "work" / "thesis.txt").exists()


def test_an_imported_run_can_be_trained_on(published, chromatin, tmp_path):
    start = ad.import_weights(published, tmp_path / "start", chromatin.path)
    settings = {"preset": "paper", "epochs": 1, "batch_size": 200}
    run = ad.train(chromatin, "attentive-chrome", tmp_path / "run", settings, init_from=start.path)
    before, after = start.model.output.weight, run.model.output.weight
    assert 0 < (after - before).abs().max() < 1e-3
    assert not torch.equal(before, after)
