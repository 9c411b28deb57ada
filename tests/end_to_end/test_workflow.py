"""The Snakemake workflow, from simulated reads to both kinds of dataset and a comparison."""

import csv
import gzip
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pysam
import pytest

from attendome import open_dataset

WORKFLOW = Path(__file__).resolve().parents[2] / "workflow"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
LENGTH, CAPPED = 40, 30  # bp of a read; CAGE reads of each gene that is on
CONFIG = """\
samplesheet: config/samples.tsv
genome: genome.fa.gz
genes: genes.tsv
expression: expression.tsv
options:
  bowtie2: "-X 500"
  sequence: "--length 16384 --split random:block=65536"
  chromatin: "--window 4000 --bin-size 200 --split random"
  compare: "--models logistic,mlp[epochs=2]"
"""
SHEET = """\
sample cell_type kind mark assay fastq_1 fastq_2 bam clip
A_H3K4me3 A chromatin H3K4me3 - ../A_H3K4me3.fastq.gz - - -
A_input A chromatin control - - - ../input.bam -
B_1 B chromatin H3K4me3 - - - ../B_1.bam -
B_2 B chromatin H3K4me3 - - - ../B_2.bam -
A_CAGE A sequence - CAGE ../lane1.fastq.gz,../lane2.fastq.gz - - -
A_DNase A sequence - DNASE ../DNase_1.fastq.gz ../DNase_2.fastq.gz - 32
B_ChIP B sequence H3K4me3 CHIP - - ../B_1.bam -
"""


def as_table(sheet):
    return sheet.replace(" ", "\t").replace("\t-", "\t")


class Simulator:
    """Reads of a genome of one chromosome, chr1; a gene every 15 kb, every second one is on."""

    def __init__(self, genome, folder):
        with gzip.open(genome, "rt") as file:
            self.genome = "".join(file.read().split()[1:]).upper()
        self.folder, self.generator = folder, np.random.default_rng(1)
        tss = [t for t in range(15_000, 1_000_000, 15_000) if self.known(t - 3000, t + 3000)]
        strand = self.generator.choice(["+", "-"], len(tss))
        self.genes = pd.DataFrame({"chrom": "chr1", "tss": tss, "strand": strand})
        self.genes.insert(0, "gene", [f"G{number}" for number in range(len(tss))])
        self.on = np.arange(len(tss)) % 2 == 0
        first = np.where(strand == "-", self.genes["tss"] - LENGTH + 1, self.genes["tss"])
        self.capped = first[self.on].tolist()  # where CAGE reads start

    def known(self, start, end):
        return "N" not in self.genome[start:end]

    def starts(self, each, background=1000):
        """Draw places of reads: so many about each TSS that is on, and so many anywhere."""
        near = self.generator.normal(np.repeat(self.genes["tss"][self.on], each), 400).astype(int)
        anywhere = self.generator.integers(0, len(self.genome) - 500, background)
        return [s for s in [*near.tolist(), *anywhere.tolist()] if self.known(s, s + 300)]

    def read(self, start, reverse):
        bases = self.genome[start : start + LENGTH]
        return bases[::-1].translate(str.maketrans("ACGT", "TGCA")) if reverse else bases

    def copies(self, start):
        """Count the places where the read that starts here fits without a difference."""
        return sum(self.genome.count(self.read(start, reverse)) for reverse in (False, True))

    def fastq(self, name, reads, offset=0):
        stem = name.partition("_")[0]  # both mates of a pair have one name
        with gzip.open(self.folder / f"{name}.fastq.gz", "wt", compresslevel=1) as file:
            for number, (start, reverse) in enumerate(reads):
                bases = self.read(start + offset, reverse)
                file.write(f"@{stem}{number}:{start}\n{bases}\n+\n{'I' * LENGTH}\n")

    def bam(self, name, starts):
        header = {"SQ": [{"SN": "chr1", "LN": len(self.genome)}]}
        with pysam.AlignmentFile(self.folder / name, "wb", header=header) as file:
            for number, start in enumerate(starts):
                read = pysam.AlignedSegment(file.header)
                read.query_name, read.reference_id, read.reference_start = f"r{number}", 0, start
                read.cigarstring, read.mapping_quality = f"{LENGTH}M", 40
                file.write(read)


@pytest.fixture(scope="module")
def simulator(shared_data, tmp_path_factory):
    """A folder with all that the workflow needs."""
    genome = shared_data / "sequence" / "hg38_1m.fa.gz"
    made = Simulator(genome, tmp_path_factory.mktemp("workflow"))
    folder, genes = made.folder, made.genes
    (folder / "genome.fa.gz").symlink_to(genome)
    genes.to_csv(folder / "genes.tsv", sep="\t", index=False)
    expression = pd.DataFrame({"gene": genes["gene"], "A": 9.0 * made.on, "B": 7.0 * made.on})
    expression.to_csv(folder / "expression.tsv", sep="\t", index=False)
    made.fastq("A_H3K4me3", [(s, s % 2) for s in made.starts(40)])
    for name in ("input.bam", "B_1.bam", "B_2.bam"):
        made.bam(name, made.starts(0 if name == "input.bam" else 20))
    capped = list(zip(made.capped, genes["strand"][made.on] == "-", strict=True))
    for lane in ("lane1", "lane2"):
        made.fastq(lane, capped * (CAPPED // 2))
    fragments = made.starts(20)
    made.fastq("DNase_1", [(start, False) for start in fragments])
    made.fastq("DNase_2", [(start, True) for start in fragments], offset=150 - LENGTH)
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_text(CONFIG)
    (folder / "config" / "samples.tsv").write_text(as_table(SHEET))
    return made


@pytest.fixture(scope="module")
def snakemake():
    """Give a function that runs the workflow in a folder."""
    for tool in ("snakemake", "bowtie2", "samtools"):
        if shutil.which(tool, path=PATH) is None:
            pytest.skip(f"{tool} is not installed")

    def run(folder, *options):
        program = shutil.which("snakemake", path=PATH)
        command = [program, "--snakefile", WORKFLOW / "Snakefile", "--cores", "2", *options]
        environment = os.environ | {"PATH": PATH, "XDG_CACHE_HOME": str(folder / "cache")}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="module")
def results(simulator, snakemake):
    done = snakemake(simulator.folder)
    logs = [path.read_text() for path in simulator.folder.glob("logs/**/*.log")]
    assert done.returncode == 0, "\n".join([done.stderr, *logs])
    return simulator.folder / "results"


def records(path):
    with pysam.AlignmentFile(path) as file:
        return list(file)


def test_alignment_for_chromatin(results):
    reads = records(results / "aligned" / "chromatin" / "A_H3K4me3.bam")
    assert len({read.query_name for read in reads}) == len(reads)
    assert any(read.is_duplicate for read in reads)
    sure = [read for read in reads if read.mapping_quality >= 20]
    assert len(sure) > 0.3 * len(reads)  # much of the first Mb of chr1 is there twice
    assert all(int(read.query_name.split(":")[1]) == read.reference_start for read in sure)


def test_alignment_for_sequence(results, simulator):
    reads = records(results / "aligned" / "sequence" / "A_CAGE.bam")
    assert not any(read.is_duplicate for read in reads)
    places = Counter(read.query_name for read in reads)
    assert len(places) == CAPPED * simulator.on.sum()
    starts = {name: int(name.split(":")[1]) for name in places}
    assert places == {name: simulator.copies(start) for name, start in starts.items()}
    pairs = records(results / "aligned" / "sequence" / "A_DNase.bam")
    assert all(read.is_proper_pair for read in pairs)
    mates = [
        Counter(read.query_name for read in pairs if read.is_read1 == first) for first in (0, 1)
    ]
    assert mates[0] == mates[1]
    assert max(mates[0].values()) > 1


def test_chromatin(results, simulator):
    a, b = (open_dataset(results / "chromatin" / f"{name}.zarr") for name in "AB")
    assert (a.cell_type, a.marks, b.marks) == ("A", ["H3K4me3"], ["H3K4me3"])
    files = [
        {(source["role"], source["file"]) for source in data.xarray.attrs["sources"][2:]}
        for data in (a, b)
    ]
    assert files[0] == {("signal", "A_H3K4me3.bam"), ("control", "input.bam")}
    assert files[1] == {("signal", "B_1.bam"), ("signal", "B_2.bam")}
    on = dict(zip(simulator.genes["gene"], simulator.on, strict=True))
    for data in (a, b):
        total = data.signal.sum(("mark", "bin")).to_series()
        is_on = total.index.map(on).to_numpy()
        assert total[is_on].median() > 3 * total[~is_on].median()


def test_comparison(results):
    table = pd.read_parquet(results / "comparison" / "results.parquet")
    assert (table["status"] == "done").all()
    assert set(zip(table["cell_type"], table["model"], strict=True)) == {
        (name, model) for name in "AB" for model in ("logistic", "mlp[epochs=2]")
    }
    assert "logistic" in (results / "comparison" / "report.html").read_text()


def test_coverage(results, simulator):
    genes, total = simulator.genes[simulator.on], 0.0
    alone = np.array([simulator.copies(start) == 1 for start in simulator.capped])
    assert alone.sum() > 5
    for strand, sign in (("plus", "+"), ("minus", "-")):
        track = pybigtools.open(str(results / "coverage" / f"A_CAGE.{strand}.bw"))
        values = track.values("chr1", 0, len(simulator.genome), fillna=0)
        assert (values[genes["tss"][alone & (genes["strand"] == sign)]] == CAPPED).all()
        total += values.sum()
    assert total == pytest.approx(CAPPED * len(genes), rel=1e-3)


def test_sequence(results, simulator):
    data = open_dataset(results / "sequence.zarr")
    tracks = data.tracks
    assert list(tracks.index) == ["A_CAGE.plus", "A_CAGE.minus", "A_DNase", "B_ChIP"]
    assert tracks["strand_pair"].tolist() == [1, 0, 2, 3]
    assert tracks["clip"].tolist() == [np.inf, np.inf, 32, np.inf]
    assert tracks["description"]["B_ChIP"] == "CHIP:B H3K4me3"
    assert set(data.regions["split"]) == {"train", "valid", "test"}
    region = data.regions.iloc[0]
    sequence, coverage = data.read(0)
    assert (
        "".join("ACGTN"[base] for base in sequence)
        == simulator.genome[region["start"] : region["end"]]
    )
    track = pybigtools.open(str(results / "coverage" / "B_ChIP.bw"))
    values = track.values("chr1", int(region["start"]), int(region["end"]), fillna=0)
    np.testing.assert_allclose(coverage[:, 3], values.reshape(-1, 128).sum(axis=1), rtol=1e-3)


@pytest.mark.usefixtures("results")
def test_run_again(simulator, snakemake):
    assert "Nothing to be done" in snakemake(simulator.folder).stderr
    sheet = simulator.folder / "config" / "samples.tsv"
    sheet.write_text(as_table(SHEET.replace(" 32", " 64")))
    planned = snakemake(simulator.folder, "--dry-run").stdout
    sheet.write_text(as_table(SHEET))
    assert set(re.findall(r"^(?:local)?rule (\w+):", planned, re.MULTILINE)) == {
        *("tracks", "sequence_dataset", "all")
    }


def test_a_broken_samplesheet(simulator, snakemake, tmp_path):
    shutil.copytree(simulator.folder / "config", tmp_path / "config")
    (tmp_path / "config" / "samples.tsv").write_text(as_table(SHEET.replace("CHIP", "CHiP")))
    done = snakemake(tmp_path)
    assert done.returncode == 1
    assert "line 8: assay 'CHiP': expected CAGE, DNASE, ATAC, CHIP, or none" in done.stderr
    assert done.stderr.count("Error") == 1
    assert not (tmp_path / "results").exists()


@pytest.fixture(scope="module")
def read_samplesheet():
    spec = importlib.util.spec_from_file_location("samplesheet", WORKFLOW / "samplesheet.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["samplesheet"] = module
    spec.loader.exec_module(module)
    yield module.read_samplesheet
    del sys.modules["samplesheet"]


def test_samplesheet(read_samplesheet, tmp_path):
    for row in csv.DictReader(as_table(SHEET).splitlines(), delimiter="\t"):
        for cell in (row["fastq_1"], row["fastq_2"], row["bam"]):
            for name in cell.split(",") if cell else ():
                (tmp_path / "config" / name).resolve().touch()
    (tmp_path / "config").mkdir()
    sheet = tmp_path / "config" / "samples.tsv"
    sheet.write_text("\ufeff" + as_table(SHEET).replace("\n", "\r\n\r\n"))
    samples = read_samplesheet(sheet)
    assert list(samples) == ["A_H3K4me3", "A_input", "B_1", "B_2", "A_CAGE", "A_DNase", "B_ChIP"]
    assert samples["A_CAGE"].fastq_1 == (
        str(tmp_path / "lane1.fastq.gz"),
        str(tmp_path / "lane2.fastq.gz"),
    )
    assert samples["A_DNase"].track["clip"] == "32"
    (tmp_path / "lane1.fastq.gz").unlink()
    (tmp_path / "input.bam").unlink()
    with pytest.raises(ValueError, match=r"not there:\n.*input.bam\n.*lane1"):
        read_samplesheet(sheet)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sample cell", "sampel cell", "unknown column 'sampel'; known are sample, cell_type"),
        ("assay", "mark", "two columns have one name"),
        (" kind", ",kind", "no column cell_type, kind; are the columns separated by tabs"),
        (SHEET.partition("\n")[2], "", "no row"),
        ("B_2", "B_1", "line 5: sample 'B_1' stands in line 4 already"),
        ("B_2 B", "B_2 B/2", "line 5: cell_type 'B/2': expected letters"),
        ("A chromatin H3K4me3", "A chromatin -", "line 2: mark '': expected such as H3K4me3"),
        ("A chromatin H3K4me3", "A chromatn H3K4me3", "line 2: kind 'chromatn': expected chroma"),
        ("A chromatin H3K4me3", "A chromatin control", "cell type 'A' has a control, but no mark"),
        ("H3K4me3 - ../A", "H3K4me3 CHIP ../A", "line 2: assay 'CHIP': only for rows of sequence"),
        ("../input.bam", "-", "line 3: expected reads in either bam or fastq_1"),
        ("- ../input.bam", "../x.fastq ../input.bam", "line 3: expected as many files"),
        ("- ../input.bam", "../x.fastq -", "line 3: expected reads in either bam or fastq_1"),
        (",../lane2.fastq.gz -", " ../a.fastq,../b.fastq", "line 6: expected as many files"),
        ("32\n", "32 more\n", "line 7: more cells than columns: 'more'"),
    ],
)
def test_wrong_samplesheets(read_samplesheet, tmp_path, old, new, message):
    sheet = tmp_path / "samples.tsv"
    assert old in SHEET
    sheet.write_text(as_table(SHEET.replace(old, new, 1)))
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_samplesheet(sheet)
    assert str(caught.value).startswith(str(sheet))


def test_no_samplesheet(read_samplesheet, tmp_path):
    with pytest.raises(ValueError, match=r"none\.tsv cannot be read as a samplesheet"):
        read_samplesheet(tmp_path / "none.tsv")


def test_the_examples_of_config_and_profile_are_whole(read_samplesheet):
    with pytest.raises(ValueError, match="names files that are not there"):
        read_samplesheet(WORKFLOW / "config" / "samples.tsv")
