"""``attendome build`` as a user types it."""

import json
import os
import re
import signal
import time
import warnings

import pybigtools
import pysam
import pytest

import attendome as ad
from attendome.data.store import save_dataset

SMALL = ["--window", "200", "--bin-size", "50", "--split", "random"]
GENES = {"A": ("chr1", "+", 1000), "B": ("chr1", "-", 2000), "C": ("chr2", "+", 1000)}
GENES |= {"D": ("chr2", "-", 3000), "E": ("chr2", "+", 5000)}
BED = "chr1\t960\t990\tN\t0\t+\nchr2\t960\t990\tN\t0\t+\n"
GTF = 'chr1\tx\t{}\t1001\t1500\t.\t{}\t.\tgene_id "{}";\n'


def write_bam(path, sizes):
    with pysam.AlignmentFile(path, "wb", header={"SQ": sizes}) as file:
        for start in (960, 990) if sizes else ():
            read = pysam.AlignedSegment(file.header)
            read.query_name, read.reference_id, read.reference_start = "read", 0, start
            read.cigarstring = "30M"
            file.write(read)


def write_track(path, sizes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        pybigtools.open(str(path), "w").write(sizes, ((name, 0, 2000, 2.0) for name in sizes))


def tables():
    """Give the content of text files by name."""
    rows = [f"{gene}\t{c}\t{s}\t{tss}\n" for gene, (c, s, tss) in GENES.items()]
    values = {"A": 5, "B": 0, "C": 7, "D": 1, "E": 2}
    expression = [f"{gene}\t{value}\t{9 - value}\n" for gene, value in values.items()]
    good = "gene\tone\ttwo\n" + "".join(expression)
    return {
        "genes.tsv": "gene\tchrom\tstrand\ttss\n" + "".join(rows),
        "far.tsv": "gene\tchrom\tstrand\ttss\n" + "".join([*rows, "F\tchr1\t+\t10000\n"]),
        "exons.gtf": GTF.format("exon", "+", "A"),
        "strands.gtf": GTF.format("gene", "+", "A") + GTF.format("gene", "-", "A"),
        "rpkm.tsv": good,
        "twice.tsv": good + "A\t1\t1\n",
        "others.tsv": "gene\tone\nX\t1\n",
        "negative.tsv": good.replace("5", "-5"),
        "nan.tsv": good.replace("5", "nan"),
        "text.tsv": good.replace("5", "high"),
        "good.bed": BED,
        "crlf.bed": BED.replace("\n", "\r\n"),
        "five.tagAlign": "chr1\t960\t990\tN\t0\n",
        "beyond.bed": BED + "chr1\t9990\t10001\tN\t0\t+\n",
        "turned.bed": BED + "chr1\t990\t960\tN\t0\t+\n",
        "scaffold.bed": "scaffold7\t960\t990\tN\t0\t+\n",
        "empty.bam": "",
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder of good and bad files."""
    folder = tmp_path_factory.mktemp("files")
    for name, content in tables().items():
        (folder / name).write_bytes(content.encode())
    write_bam(folder / "a.bam", [{"SN": name, "LN": 10_000} for name in ("chr1", "chr2")])
    write_bam(folder / "headless.bam", [])
    (folder / "cut.bam").write_bytes((folder / "a.bam").read_bytes()[:-20])
    write_track(folder / "a.bw", {"chr1": 10_000, "chr2": 10_000})
    write_track(folder / "hg19.bw", {"chr1": 249_250_621})
    write_track(folder / "hg38.bw", {"chr1": 248_956_422})
    (folder / "folder").mkdir()
    return folder


@pytest.fixture
def place(files, tmp_path, monkeypatch):
    """An empty folder for outputs; the files are in the working folder."""
    monkeypatch.chdir(files)
    return tmp_path


def test_a_dataset(succeed, place):
    out, files = place / "K562.zarr", ["--signal", "M=a.bam", "--signal", "N=good.bed,crlf.bed"]
    expression = ["--expression", "rpkm.tsv", "--column", "one"]
    said = succeed("build", "chromatin", out, "--genes", "genes.tsv", *files, *expression, *SMALL)
    data = ad.open_dataset(out)
    assert (data.cell_type, data.marks) == ("K562", ["M", "N"])
    assert data.signal.sel(gene="A").to_numpy().tolist() == [[0, 2, 1, 0], [0, 2, 0, 0]]
    assert data.genes["label"].to_dict() == {"A": 1, "B": 0, "C": 1, "D": 0, "E": 0}
    assert "Assembly unknown; labels: expression above the median, 2.\n" in said
    assert "Warning: M: 2 reads were used" in said
    assert said.endswith(f"Wrote {out}: 5 genes × 2 marks × 4 bins.\n")
    content = json.loads(succeed("info", out, "--json"))
    assert content["quality"]["marks"]["N"]["used"] == 4


def test_options_reach_the_build(succeed, place):
    options = ["--genome-order", "--five-prime", "--keep-duplicates", "--cell-type", "K"]
    options += ["--label-rule", "threshold=4", "--expression", "rpkm.tsv", "--column", "two"]
    options += ["--window", "400", "--bin-size", "100", "--split", "random:seed=3"]
    options += ["--control", "good.bed"]
    out = place / "d.zarr"
    succeed("build", "chromatin", out, "--genes", "genes.tsv", "--signal", "M=a.bam", *options)
    data = ad.open_dataset(out)
    assert (data.cell_type, data.oriented, data.bins) == ("K", False, 4)
    settings = data.xarray.attrs["build"]["settings"]
    assert settings["counting"]["five_prime"]
    assert settings["counting"]["keep_duplicates"]
    assert settings["split"] == "random:seed=3"
    assert data.xarray.attrs["label_rule"] == "expression above 4"


def test_a_dataset_with_nan_is_not_trained_on(succeed, fail, place):
    out, options = place / "d.zarr", ["--missing", "nan", "--expression", "rpkm.tsv"]
    options += ["--column", "one", "--signal", "M=a.bw", "--genes", "genes.tsv", *SMALL]
    succeed("build", "chromatin", out, *options)
    succeed("info", out)
    said = fail("train", out, "--model", "attentive-chrome", "--out", place / "run")
    assert "has missing values; build the dataset with --missing zero or" in said
    assert [path.name for path in place.iterdir()] == ["d.zarr"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--signal M=cut.bam", "cut.bam: is .*cut short"),
        ("--signal M=empty.bam", "empty.bam: is empty"),
        ("--signal M=headless.bam", "headless.bam: its header names no chromosome"),
        ("--signal M=five.tagAlign", "five.tagAlign: .* its lines have 5 columns"),
        ("--signal M=a.bam --signal N=beyond.bed", "chr1:9990-10001 lies beyond .* 10,000 bp"),
        ("--signal M=turned.bed", "turned.bed: line 3 .* start below the end"),
        ("--signal M=scaffold.bed", "scaffold.bed: none of its chromosomes .* It has scaffold7"),
        ("--signal M=nowhere.bam", "nowhere.bam: no such file"),
        ("--signal M=folder", "folder: cannot be read .Is a directory"),
        ("--signal a.bam", "expected MARK=FILE"),
        ("--signal M=a.bam --signal M=good.bed", "M is given twice; .* M=a.bam,b.bam"),
        ("--signal M=a.bam,./a.bam", "a file of M is given twice"),
        ("--signal M=a.bam,a.bw", "M: its files are reads and tracks"),
        ("--signal M=hg19.bw --signal N=hg38.bw", "hg38.bw: chr1 is 248,956,422 bp .*hg38"),
        ("--signal M=a.bam --signal N=hg19.bw", "hg19.bw: chr1 is 249,250,621 bp .*hg19"),
        ("--signal M=hg19.bw --assembly hg38", "assembly hg19.* expected .*assembly hg38"),
        ("--signal M=a.bam --assembly hg99", "Unknown assembly 'hg99'"),
        ("--signal M=a.bw --control a.bam", "M: a control is subtracted from reads"),
        ("--signal M=a.bam --control a.bw", "a.bw: a control is a file of reads"),
        ("--genes exons.gtf", "exons.gtf: expected 'gene' lines, found none among 1 exon"),
        ("--genes strands.gtf", "strands.gtf: A stands on both strands"),
        ("--genes far.tsv", "far.tsv: 1 genes lie beyond .* F at chr1:10000"),
        ("--genes nowhere.gtf", "nowhere.gtf: no such file"),
        ("--genes folder", "folder: cannot be read"),
        ("--genes a.bam", "a.bam: expected GTF, GFF3, BED"),
        ("--expression twice.tsv --column one", "twice.tsv: A stands on 2 rows"),
        ("--expression others.tsv --column one", "others.tsv: none of its IDs is annotated"),
        ("--expression negative.tsv --column one", "negative.tsv: .* found -5 for A"),
        ("--expression nan.tsv --column one", "nan.tsv: .* found nan for A"),
        ("--expression text.tsv --column one", "text.tsv: .* found high for A"),
        ("--expression rpkm.tsv --column three", "has no column 'three'; .*(one, two|two, one)"),
        ("--expression rpkm.tsv", "name one with --column .*: one, two"),
        ("--expression nowhere.tsv", "nowhere.tsv: no such file"),
        ("--expression rpkm.tsv --column one --label-rule nope", "Unknown label rule 'nope'"),
        ("--window 210", "210 bp is not a multiple of a bin of 50 bp"),
        ("--window 225 --bin-size 25", "225 bp has no middle"),
        ("--missing nope", "'missing' cannot be 'nope': input should be 'zero', 'nan' or 'drop'"),
        ("--summary nope", "'summary' cannot be 'nope': input should be 'mean', 'sum' or 'max'"),
        ("--feature nope", "'feature' cannot be 'nope'"),
        ("--split nope", "Unknown split rule 'nope'"),
        ("--five-prime --extend 200", "give one of the two"),
        ("--signal M=good.bed --min-mapq 30", "good.bed: BED and tagAlign have no mapping quality"),
    ],
)
def test_bad_input(fail, place, options, message):
    given = options.split()
    given += [] if "--genes" in given else ["--genes", "genes.tsv"]
    given += [] if "--signal" in given else ["--signal", "M=a.bam"]
    said = fail("build", "chromatin", place / "d.zarr", *SMALL, *given)
    assert re.search(message, said), said
    assert not any(place.iterdir())


@pytest.mark.parametrize("name", ["d", "nowhere/d.zarr"])
def test_bad_names_of_out(fail, place, name):
    options = ["--genes", "nowhere.gtf", "--signal", "M=nowhere.bam"]
    said = fail("build", "chromatin", place / name, *options)
    assert "ends in .zarr; try d.zarr" in said or "create it first" in said
    assert not any(place.iterdir())


def test_what_exists_is_replaced_only_with_force(succeed, fail, place):
    command = ["build", "chromatin", place / "d.zarr", "--genes", "genes.tsv", *SMALL, "--signal"]
    succeed(*command, "M=a.bam")
    assert "replace it with --force" in fail(*command, "N=a.bam")
    assert "cut short" in fail(*command, "N=cut.bam", "--force")
    assert ad.open_dataset(place / "d.zarr").marks == ["M"]
    succeed(*command, "N=a.bam", "--force")
    assert ad.open_dataset(place / "d.zarr").marks == ["N"]
    assert [path.name for path in place.iterdir()] == ["d.zarr"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--genes is needed"),
        (["--genes", "genes.tsv"], "--signal is needed"),
        (["--genes", "g", "--signal", "M=a.bam", "--column", "one"], "--expression, which is need"),
        (["--samplesheet", "s.tsv", "--signal", "M=a.bam"], "--samplesheet names signal"),
        (["--genez", "genes.tsv"], "No such option: --genez"),
    ],
)
def test_usage(invoke, place, options, message):
    result = invoke("build", "chromatin", place / "d.zarr", *options)
    assert result.exit_code == 2
    assert message in " ".join(re.sub(r"[│\x1b]|\[[0-9;]*m", "", result.stderr).split())
    assert not any(place.iterdir())


def test_a_samplesheet_that_is_interrupted_goes_on(start, succeed, files, tmp_path):
    """Ctrl-C reaches all processes; what was built stays, and nothing is half written."""
    sheet, out, long = tmp_path / "sheet.tsv", tmp_path / "many", tmp_path / "long.bed"
    names = {"A": files / "a.bam", "B": long}
    rows = [f"{name}\tM\t{path}\n" for name, path in names.items()]
    sheet.write_text("cell_type\tmark\tfile\n" + "".join(rows))
    os.mkfifo(long)  # it is never read to its end
    command = ["build", "chromatin", out, "--samplesheet", sheet, "--workers", "2", *SMALL]
    command += ["--genes", files / "genes.tsv"]
    code = "import os; os.setpgrp(); from attendome.cli.app import main; main()"
    with start(*command, code=code) as process:
        wait_for((out / "A.zarr").exists)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; nothing is half written. Run the same command again." in said
    assert "Traceback" not in said
    assert [path.name for path in out.iterdir()] == ["A.zarr"]
    before = (out / "A.zarr" / "zarr.json").stat().st_mtime_ns
    long.unlink()
    long.write_text(BED)
    assert succeed(*command) == f"2 datasets are in {out}.\n"
    assert {path.name for path in out.iterdir()} == {"A.zarr", "B.zarr"}
    assert (out / "A.zarr" / "zarr.json").stat().st_mtime_ns == before


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_difference_between_cell_types(succeed, fail, two_cell_types, tmp_path):
    a, b = (save_dataset(data, tmp_path / f"{data.cell_type}.zarr") for data in two_cell_types)
    out = tmp_path / "d.zarr"
    said = succeed("build", "differential", out, a.path, b.path)
    assert "labels: expression higher in B than in A.\n" in said
    assert said.endswith(f"Wrote {out}: 120 genes × 10 marks × 20 bins.\n")
    assert "replace it with --force" in fail("build", "differential", out, a.path, b.path)
    said = fail("build", "differential", tmp_path / "e.zarr", a.path, tmp_path / "C.zarr")
    assert "C.zarr: no such dataset" in said
    said = succeed("info", out)
    assert said.startswith("Differential chromatin dataset, cell types B vs A")
    assert "labels: expression higher in B than in A; expression: log2 ratio\n" in said
    assert "not higher" in said
    assert {path.name for path in tmp_path.iterdir()} == {"A.zarr", "B.zarr", "d.zarr"}
