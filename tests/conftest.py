"""Fixtures that several test modules share.

attendome is imported inside the fixtures: pytest reads this file before jaxtyping is in place.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
import pytest

if TYPE_CHECKING:
    from attendome import ChromatinDataset

Record = tuple[int, int, int, str | None, int]  # flag, chromosome, start, CIGAR, mapping quality

# The models of the tests are tiny: a second thread, here or in a child process, would only wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data, which stands beside the repository."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data, ../shared/data, are not here")
    return folder


@pytest.fixture(scope="session")
def simulated() -> "ChromatinDataset":
    """A small dataset with a planted truth: 120 genes, 5 marks, 20 bins."""
    from attendome.data.simulation import SimulationSettings, simulate_chromatin

    return simulate_chromatin(SimulationSettings(genes=120, bins=20, seed=1))


@pytest.fixture(scope="session")
def two_cell_types(simulated: "ChromatinDataset") -> "tuple[ChromatinDataset, ChromatinDataset]":
    """The small dataset as cell type A, and with another expression as cell type B."""
    from attendome import ChromatinDataset

    a = simulated.xarray.assign_attrs(cell_type="A")
    b = a.assign(expression=a["expression"][::-1].variable).assign_attrs(cell_type="B")
    return ChromatinDataset(a), ChromatinDataset(b)


@pytest.fixture
def simulated_store(simulated: "ChromatinDataset", tmp_path: Path) -> Path:
    """The small dataset on disk."""
    from attendome.data.store import save_dataset

    path = tmp_path / "simulated.zarr"
    save_dataset(simulated, path)
    return path


@pytest.fixture(scope="session")
def gene_lines() -> Callable[..., list[str]]:
    """Give a function that makes the lines of one gene in AttentiveChrome's layout."""

    def make(gene: str, label: int = 1, marks: int = 2, bins: int = 4) -> list[str]:
        return [
            ",".join([gene, str(b), *(str(10 * m + b) for m in range(marks)), str(label)])
            for b in range(1, bins + 1)
        ]

    return make


@pytest.fixture
def csv_folder(tmp_path: Path, gene_lines: Callable[..., list[str]]) -> Callable[..., Path]:
    """Give a function that writes train, valid and test.csv, of two genes each.

    By default the files have 2 marks and 4 bins. ``train=lines`` or ``train=text`` (or bytes; None
    for no file) takes the place of the lines of that split.
    """

    def write(marks: int = 2, bins: int = 4, **instead: list[str] | str | bytes | None) -> Path:
        folder = tmp_path / "cells"
        folder.mkdir(exist_ok=True)
        for split in ("train", "valid", "test"):
            on, off = (gene_lines(f"{split}_{n}", n, marks, bins) for n in (1, 0))
            content = instead.get(split, on + off)
            if isinstance(content, list):
                content = "".join(f"{line}\n" for line in content)
            if isinstance(content, str):
                content = content.encode()
            if content is not None:
                (folder / f"{split}.csv").write_bytes(content)
        return folder

    return write


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the bootstrap short, where its intervals do not matter."""
    from attendome.evaluation import scores

    monkeypatch.setattr(scores, "RESAMPLES", 20)


@pytest.fixture
def write_bam(tmp_path: Path) -> Callable[..., Path]:
    """Give a function that writes a BAM file of two chromosomes, chr1 and chr2."""

    def write(records: Sequence[Record], name: str = "reads.bam", length: int = 10_000) -> Path:
        path = tmp_path / name
        sizes = [{"SN": chrom, "LN": length} for chrom in ("chr1", "chr2")]
        with pysam.AlignmentFile(path, "wb", header={"SQ": sizes}) as file:
            for flag, chrom, start, cigar, mapq in records:
                read = pysam.AlignedSegment(file.header)
                read.query_name, read.flag, read.reference_id = "read", flag, chrom
                read.reference_start, read.cigarstring, read.mapping_quality = start, cigar, mapq
                file.write(read)
        return path

    return write


@pytest.fixture
def six_genes(tmp_path: Path) -> Path:
    """A table of genes: A (+) and B (−) on chr1, C (+), D (−), E (+) and F (−) on chr2."""
    places = {"A": 1000, "B": 2000, "C": 1000, "D": 3000, "E": 5000, "F": 6000}
    rows = [
        f"{gene}\t{'chr1' if gene in 'AB' else 'chr2'}\t{'+' if gene in 'ACE' else '-'}\t{tss}\n"
        for gene, tss in places.items()
    ]
    path = tmp_path / "genes.tsv"
    path.write_text("gene\tchrom\tstrand\ttss\n" + "".join(rows))
    return path


@pytest.fixture
def five_values(tmp_path: Path) -> Path:
    """A table of expression, in two columns, of five of the six genes."""
    path = tmp_path / "expression.tsv"
    path.write_text("gene\tone\ttwo\nA\t5\t1\nB\t0\t2\nC\t7\t0\nD\t1\t9\nE\t2\t8\n")
    return path


@pytest.fixture(scope="session")
def small_sequences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sequence dataset on disk: 10 regions of 64 bp, 6 bins of 8 bp, 3 tracks.

    The crop is 8 bp. Regions 0–5 are train, 6–7 valid, 8–9 test. The first base of each region is
    N. The first two tracks are the strands of one experiment.
    """
    import numpy as np
    import pandas as pd

    from attendome.data.sequence.schema import SequenceLayout
    from attendome.data.sequence.store import new_sequence_dataset

    start = np.arange(10) * 100
    split = ["train"] * 6 + ["valid"] * 2 + ["test"] * 2
    regions = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 64, "split": split})
    tracks = pd.DataFrame(
        {
            "assay": ["CAGE", "CAGE", "DNASE"],
            "description": ["CAGE:K562", "CAGE:K562", "DNASE:K562"],
            "strand_pair": [1, 0, 2],
            "identifier": ["A+", "A-", "B"],
            "file": ["a+.bw", "a-.bw", "b.bw"],
            "clip": [np.inf, np.inf, 20.0],
            "clip_soft": [8.0, 8.0, np.inf],
            "scale": [1.0, 1.0, 0.1],
            "sum_stat": ["sum_sqrt", "sum_sqrt", "mean"],
        },
        index=["A+", "A-", "B"],
    )
    layout = SequenceLayout(regions, tracks, bin_size=8, crop=8, attributes={"assembly": "hg38"})
    path, generator = tmp_path_factory.mktemp("sequences") / "small.zarr", np.random.default_rng(0)
    with new_sequence_dataset(path, layout) as writer:
        for number in range(10):
            sequence = generator.integers(0, 4, 64, dtype=np.uint8)
            sequence[0] = 4
            writer.write(number, sequence, generator.gamma(1, 2, (6, 3)).astype(np.float16))
        writer.finish()
    return path
