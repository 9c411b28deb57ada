"""Commands that make and show datasets, and what they say of bad input."""

import errno
import gzip
import json

import pytest
import xarray as xr

import attendome as ad


def test_simulate(succeed, tmp_path):
    out = tmp_path / "s.zarr"
    said = succeed("simulate", "chromatin", out, "--genes", 40, "--bins", 12, "--seed", 3)
    assert said == f"Wrote {out}: 40 genes × 5 marks × 12 bins.\n"
    data = ad.open_dataset(out)
    assert (len(data.genes), data.bins) == (40, 12)
    assert data.xarray.attrs["truth"]["seed"] == 3


def test_simulate_takes_settings_and_a_split(succeed, tmp_path):
    out = tmp_path / "s.zarr"
    options = ["--genes", 30, "--split", "thirds", "--set", "noise=0.5", "--set", "bins=10"]
    succeed("simulate", "chromatin", out, *options)
    data = ad.open_dataset(out)
    assert data.xarray.attrs["truth"]["noise"] == 0.5
    assert data.bins == 10
    assert data.genes["split"].value_counts().to_dict() == {"train": 10, "valid": 10, "test": 10}


def test_import(succeed, csv_folder, tmp_path):
    out = tmp_path / "d.zarr"
    options = ["--marks", "A, B", "--cell-type", "E001"]
    said = succeed("import", "attentivechrome", csv_folder(), out, *options)
    assert said == f"Wrote {out}: 6 genes × 2 marks × 4 bins.\n"
    data = ad.open_dataset(out)
    assert (data.marks, data.cell_type) == (["A", "B"], "E001")


def test_import_with_expression(succeed, fail, invoke, csv_folder, tmp_path):
    genes = [f"{split}_{number}" for split in ("train", "valid", "test") for number in (1, 0)]
    table, few = tmp_path / "rpkm.tsv", tmp_path / "few.tsv"
    rows = [f"{gene}\t{value}\t0\n" for value, gene in enumerate(genes)]
    table.write_text("gene\tone\ttwo\n" + "".join(rows))
    few.write_text("gene\tone\n" + "".join(row.replace("\t0\n", "\n") for row in rows[1:]))
    command = ["import", "attentivechrome", csv_folder(), tmp_path / "d.zarr", "--marks", "A,B"]
    assert "name one with --column" in fail(*command, "--expression", table)
    assert "1 of 6 have none, such as train_1" in fail(*command, "--expression", few)
    assert invoke(*command, "--column", "one").exit_code == 2
    assert not (tmp_path / "d.zarr").exists()
    succeed(*command, "--expression", table, "--column", "one")
    data = ad.open_dataset(tmp_path / "d.zarr")
    assert data.genes.loc[genes, "expression"].tolist() == [0, 1, 2, 3, 4, 5]
    assert data.genes.loc[genes, "label"].tolist() == [1, 0] * 3
    assert "expression: linear\n" in succeed("info", tmp_path / "d.zarr")


def test_info(succeed, dataset):
    said = succeed("info", dataset)
    for word in ("120 genes", "H3K27me3", "TSS ± 1000 bp", "overlaps a training gene's", "of 24"):
        assert word in said
    content = json.loads(succeed("info", dataset, "--json"))
    assert content["fingerprint"] == ad.open_dataset(dataset).fingerprint()


def test_info_shows_warnings(succeed, dataset, tmp_path):
    from attendome.data.store import save_dataset

    assert "Warning" not in succeed("info", dataset)
    twice = ad.open_dataset(dataset).xarray.copy(deep=True)
    twice["signal"][:, 1] = twice["signal"][:, 0].to_numpy()
    save_dataset(ad.ChromatinDataset(twice), tmp_path / "twice.zarr")
    said = succeed("info", tmp_path / "twice.zarr")
    assert "\nWarning: H3K4me3 and H3K4me1 are nearly the same" in said
    (warning,) = json.loads(succeed("info", tmp_path / "twice.zarr", "--json"))["quality"][
        "warnings"
    ]
    assert f"Warning: {warning}\n" in said


def test_info_writes_a_report(succeed, fail, dataset, trained, tmp_path):
    out = tmp_path / "qc.html"
    assert succeed("info", dataset, "--report", out).endswith(f"Wrote {out}\n")
    assert "replace it with --force" in fail("info", dataset, "--report", out)
    json.loads(succeed("info", dataset, "--report", out, "--json", "--force"))
    assert f"attendome report {trained}" in fail("info", trained, "--report", tmp_path / "r.html")
    assert [path.name for path in tmp_path.iterdir()] == ["qc.html"]


# Bad input. Each message names the file, and nothing is left behind.


def gene(name, marks=2, bins=4, label=1):
    return [f"{name},{b},{','.join('5' * marks)},{label}" for b in range(1, bins + 1)]


def replaced(old, new):
    return [line.replace(old, new) for line in gene("G1")]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (None, "expected a file train.csv or train.csv.gz"),
        ("", "train.csv: the file is empty"),
        (gene("G1", marks=3), "line 1: expected 5 columns .* found 6; name the marks .* --marks"),
        (gene("G1", marks=1), "line 1: expected 5 columns .* found 4"),
        (replaced("G1,2,5,5", "G1,2,5,many"), "line 2: expected a number for gene G1 .*'many'"),
        (replaced("G1,3,5,5", "G1,3,5,-5"), "line 3, gene G1: expected a finite count of 0 or mo"),
        (replaced("G1,3,5,5", "G1,3,5,nan"), "line 3, gene G1: expected a finite count of 0 or m"),
        (replaced("G1,3,5,5", "G1,3,5,inf"), "line 3, gene G1: expected a finite count of 0 or m"),
        (replaced("G1,3,5,5,1", "G1,3,5,5,0"), "line 3, gene G1: expected the same label"),
        (replaced("5,5,1", "5,5,3"), "line 1, gene G1: expected a label 0/1 or -1/[+]1"),
        (gene("G1")[::-1], "line 1, gene G1: expected each gene's bins in order"),
        (gene("G1") + gene("G1"), "Gene G1 stands more than once"),
        (
            gene("G1") + gene("test_1"),
            "test_1 stands more than once, in .*train.csv and .*test.csv",
        ),
    ],
)
def test_bad_tables(fail, csv_folder, tmp_path, lines, message):
    folder = csv_folder(train=lines)
    said = fail("import", "attentivechrome", folder, tmp_path / "d.zarr", "--marks", "A,B")
    assert str(folder) in said
    assert_matches(message, said)
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]


def assert_matches(message, said):
    import re

    assert re.search(message, said), said


def test_a_gene_with_99_rows(fail, csv_folder, tmp_path):
    lines = gene("G1", bins=100) + gene("G2", bins=99) + gene("G3", bins=100)
    folder = csv_folder(bins=100, train=lines)
    said = fail("import", "attentivechrome", folder, tmp_path / "d.zarr", "--marks", "A,B")
    assert "train.csv: line 101, gene G2: expected 100 lines" in said
    assert "found 99" in said
    assert not (tmp_path / "d.zarr").exists()


def test_a_truncated_archive(fail, csv_folder, tmp_path):
    folder = csv_folder(train=None)
    packed = gzip.compress("\n".join(gene("G1") + gene("G2", label=0)).encode())
    (folder / "train.csv.gz").write_bytes(packed[:-12])
    said = fail("import", "attentivechrome", folder, tmp_path / "d.zarr", "--marks", "A,B")
    assert "train.csv.gz: unreadable, truncated" in said
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--marks", "A,A"], "different names of marks"),
        (["--marks", "A,"], "none empty"),
        (["--genes", "nowhere.gtf"], "nowhere.gtf: no such file"),
        (["--split", "randm"], "did you mean 'random'"),
        (["--split", "random:sed=1"], "did you mean 'seed'"),
        (["--split", "column:file=nowhere.tsv"], "nowhere.tsv: no such file"),
    ],
)
def test_bad_requests_of_an_import(fail, csv_folder, tmp_path, options, message):
    marks = [] if "--marks" in options else ["--marks", "A,B"]
    command = ["import", "attentivechrome", csv_folder(), tmp_path / "d.zarr"]
    assert message in fail(*command, *marks, *options)
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]


def test_no_folder(fail, tmp_path):
    said = fail("import", "attentivechrome", tmp_path / "nowhere", tmp_path / "d.zarr")
    assert "nowhere: no such folder" in said


@pytest.mark.parametrize(
    "command", [["simulate", "chromatin"], ["import", "attentivechrome", "nowhere"]]
)
def test_an_existing_output(fail, simulated_store, command):
    before = ad.open_dataset(simulated_store).fingerprint()
    assert "replace it with --force" in fail(*command, simulated_store)
    assert ad.open_dataset(simulated_store).fingerprint() == before


def test_force(succeed, simulated_store):
    succeed("simulate", "chromatin", simulated_store, "--genes", 30, "--bins", 10, "--force")
    assert len(ad.open_dataset(simulated_store).genes) == 30


@pytest.mark.parametrize(
    ("name", "message"),
    [("s", "ends in .zarr; try s.zarr"), ("nowhere/s.zarr", "create it first")],
)
def test_bad_names_of_an_output(fail, tmp_path, name, message):
    assert message in fail("simulate", "chromatin", tmp_path / name, "--genes", 10)
    assert not any(tmp_path.iterdir())


def test_settings_of_a_simulation(fail, tmp_path):
    command = ["simulate", "chromatin", tmp_path / "s.zarr", "--set"]
    assert "did you mean 'noise'" in fail(*command, "nois=1")
    assert "not of the form key=value" in fail(*command, "noise")
    assert not any(tmp_path.iterdir())


def test_info_of_nothing(fail, tmp_path):
    assert "nowhere: no such dataset or run" in fail("info", tmp_path / "nowhere")
    assert "expected a dataset" in fail("info", tmp_path, "--json")


def test_a_damaged_dataset(fail, simulated_store):
    (simulated_store / "signal" / "zarr.json").write_text("{")
    said = fail("info", simulated_store)
    assert f"{simulated_store}: the dataset is damaged" in said
    assert "build it again" in said


def test_a_full_disk(fail, monkeypatch, tmp_path):
    def write(_, path, **__):
        path.mkdir()
        (path / "zarr.json").write_text("a part")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(xr.Dataset, "to_zarr", write)
    said = fail("simulate", "chromatin", tmp_path / "s.zarr", "--genes", 10)
    assert "No space left on device; nothing is half written" in said
    assert not any(tmp_path.iterdir())


def test_brackets_in_a_message_are_shown(fail):
    assert "[bold]a[/]: no such" in fail("info", "[bold]a[/]")


def test_names_are_shown_as_they_are(succeed, csv_folder, tmp_path):
    out = tmp_path / "d.zarr"
    succeed("import", "attentivechrome", csv_folder(), out, "--marks", "[/b],[red]x")
    said = succeed("info", out)
    assert "[/b]" in said
    assert "[red]x" in said
