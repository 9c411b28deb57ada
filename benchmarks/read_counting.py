"""Time counting reads in bins: attendome, bedtools and a plain loop over pysam, side by side.

Simulated are reads of 36 bp on hg19, some in hot spots, with duplicates and reads of low mapping
quality, and windows of 100 bins of 100 bp around random places, as in AttentiveChrome. All ways
must give the same counts. ``bedtools multicov`` is given a random part of the windows and its time
is scaled up to all of them, in proportion; ``bedtools intersect`` needs sorted reads, ours do not.

Needs bedtools and samtools. Prints JSON: seconds and peak memory of each, and ratios to ours.

    python benchmarks/read_counting.py --reads 10000000
"""

import argparse
import bisect
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from attendome.genome.bins import BinGrid
from attendome.genome.chromosomes import lengths
from attendome.genome.counting import CountingRule, count_reads

BINS, BIN_SIZE, READ = 100, 100, 36
Figures = dict[str, float]


def simulate_reads(
    number: int, sizes: dict[str, int], generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give sorted chromosome numbers and starts, and strands; a third of them in hot spots."""
    share = np.array(list(sizes.values())) / sum(sizes.values())
    chrom = generator.choice(len(sizes), number, p=share)
    length = np.array(list(sizes.values()))[chrom]
    place = generator.random(number)
    spots = generator.random((len(sizes), 2000))
    hot = generator.random(number) < 1 / 3
    jitter = generator.normal(0, 500, number) / length
    place = np.where(hot, spots[chrom, generator.integers(0, 2000, number)] + jitter, place)
    start = (np.clip(place, 0, 1) * (length - READ)).astype(np.int64)
    order = np.lexsort((start, chrom))
    return chrom[order], start[order], generator.integers(0, 2, number)


def write_reads(
    folder: Path, number: int, sizes: dict[str, int], generator: np.random.Generator
) -> None:
    """Write reads.bam, with its index, and the same reads as reads.tagAlign."""
    names = np.array(list(sizes), dtype=object)
    chrom, start, reverse = simulate_reads(number, sizes, generator)
    strand = np.where(reverse == 1, "-", "+")
    duplicate = generator.random(number) < 0.05
    table = pl.DataFrame({"chrom": names[chrom], "start": start, "end": start + READ})
    table = table.with_columns(name=pl.lit("N"), score=pl.lit(1000), strand=strand)
    table.filter(~duplicate).write_csv(
        folder / "reads.tagAlign", separator="\t", include_header=False
    )
    letters = np.array(
        ["".join(generator.choice(list("ACGT"), READ)) for _ in range(10_000)], object
    )
    qualities = np.array(
        ["".join(generator.choice(list("FF:,#"), READ)) for _ in range(10_000)], object
    )
    sam = pl.DataFrame(
        {
            "name": np.char.add("read.", np.arange(number).astype(str)),
            "flag": reverse * 16 + duplicate * 1024,
            "chrom": names[chrom],
            "place": start + 1,
            "quality": np.where(generator.random(number) < 0.1, 3, 60),
        }
    ).with_columns(
        cigar=pl.lit(f"{READ}M"),
        mate=pl.lit("*"),
        mate_place=0,
        template=0,
        sequence=letters[generator.integers(0, 10_000, number)],
        qualities=qualities[generator.integers(0, 10_000, number)],
    )
    text, bam = folder / "reads.sam", folder / "reads.bam"
    header = "".join(f"@SQ\tSN:{name}\tLN:{length}\n" for name, length in sizes.items())
    with text.open("wb") as file:
        file.write(b"@HD\tVN:1.6\tSO:coordinate\n" + header.encode())
        sam.write_csv(file, separator="\t", include_header=False, quote_style="never")
    subprocess.run(["samtools", "view", "-b", "-o", bam, text], check=True)
    subprocess.run(["samtools", "index", bam], check=True)
    text.unlink()


def write_bins(path: Path, grid: BinGrid, names: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Write the bins of some windows as sorted BED, and give the cells in that order."""
    cells = (windows[:, None] * BINS + np.arange(BINS)).ravel()
    start = np.repeat(grid.start[windows], BINS) + np.tile(np.arange(BINS) * BIN_SIZE, len(windows))
    chrom = np.repeat(grid.chrom[windows], BINS)
    order = np.lexsort((start, chrom))
    rows = {"chrom": names[chrom[order]], "start": start[order], "end": start[order] + BIN_SIZE}
    pl.DataFrame(rows).write_csv(path, separator="\t", include_header=False)
    return cells[order]


def ours(path: Path, kind: str, grid: BinGrid, names: np.ndarray) -> tuple[Figures, np.ndarray]:
    """Count with attendome in a fresh process, so that its peak memory is its own."""
    np.savez(path.parent / "grid.npz", chrom=grid.chrom, start=grid.start, names=names.astype(str))
    command = [sys.executable, __file__, "--count", str(path), "--kind", kind]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer, np.load(path.parent / "counts.npy")


def count(path: Path, kind: str) -> None:
    """Count as ``ours`` asks; the time is that of the call, without starting Python."""
    given = np.load(path.parent / "grid.npz")
    grid = BinGrid(given["chrom"], given["start"], BINS, BIN_SIZE)
    begin = time.perf_counter()
    found = count_reads(path, kind, grid, given["names"].tolist(), CountingRule())
    seconds = time.perf_counter() - begin
    np.save(path.parent / "counts.npy", found.counts.ravel())
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's too
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def bedtools(*arguments: object) -> tuple[Figures, np.ndarray]:
    """Run bedtools; give its seconds, peak memory and the last column of what it prints."""
    begin = time.perf_counter()
    answer = subprocess.run(
        ["/usr/bin/env", "time", "-f", "%M", "bedtools", *map(str, arguments)],
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - begin
    peak = int(answer.stderr.split()[-1]) / 1024
    counts = np.array([int(line.rpartition(b"\t")[2]) for line in answer.stdout.splitlines()])
    return {"seconds": seconds, "peak_mb": peak}, counts


def plain_loop(path: Path, grid: BinGrid, names: np.ndarray) -> tuple[float, np.ndarray]:
    """Count as one would with pysam: read by read, in Python, with windows by chromosome."""
    import pysam

    begin = time.perf_counter()
    counts = np.zeros(len(grid.start) * BINS, dtype=np.int64)
    places = {}
    for number, name in enumerate(names):
        windows = np.flatnonzero(grid.chrom == number)
        order = windows[np.argsort(grid.start[windows])]
        places[name] = (grid.start[order].tolist(), order.tolist())
    with pysam.AlignmentFile(path) as reads:
        for read in reads:
            if read.flag & 0x600:
                continue
            starts, windows = places[read.reference_name]
            start, end = read.reference_start, read.reference_end
            place = bisect.bisect_right(starts, start - grid.window)
            while place < len(starts) and starts[place] < end:
                first = max(start - starts[place], 0) // BIN_SIZE
                last = min(end - 1 - starts[place], grid.window - 1) // BIN_SIZE
                for bin_ in range(first, last + 1):
                    counts[windows[place] * BINS + bin_] += 1
                place += 1
    return time.perf_counter() - begin, counts


def measure(
    folder: Path, reads: int, windows: int, multicov_windows: int, rounds: int
) -> dict[str, object]:
    """Run all ways over the same reads; give the content of the JSON."""
    generator = np.random.default_rng(0)
    sizes = {name: length for name, length in lengths("hg19").items() if name != "chrY"}
    names = np.array(list(sizes), dtype=object)
    write_reads(folder, reads, sizes, generator)
    share = np.array(list(sizes.values())) / sum(sizes.values())
    chrom = generator.choice(len(sizes), windows, p=share)
    length = np.array(list(sizes.values()))[chrom]
    start = (generator.random(windows) * (length - BINS * BIN_SIZE)).astype(np.int64)
    grid = BinGrid(chrom.astype(np.int64), start, BINS, BIN_SIZE)
    bam, tag_align, bins, part = (
        folder / name for name in ("reads.bam", "reads.tagAlign", "bins.bed", "part.bed")
    )
    cells = write_bins(bins, grid, names, np.arange(windows))
    some = generator.choice(windows, multicov_windows, replace=False)
    some_cells = write_bins(part, grid, names, some)
    genome = folder / "genome.txt"
    genome.write_text("".join(f"{name}\t{length}\n" for name, length in sizes.items()))
    sides = {
        "ours_bam": lambda: ours(bam, "BAM", grid, names),
        "ours_tag_align": lambda: ours(tag_align, "BED", grid, names),
        "intersect_tag_align": lambda: in_order(
            cells, bedtools("intersect", "-c", "-sorted", "-g", genome, "-a", bins, "-b", tag_align)
        ),
    }
    found = {}
    expected = None
    for _ in range(rounds):
        for name, run in sides.items():
            figures, counts = run()
            expected = counts if expected is None else expected
            assert counts.tolist() == expected.tolist(), f"{name} counts otherwise"
            found.setdefault(name, []).append(figures)
    best = {name: min(runs, key=lambda run: run["seconds"]) for name, runs in found.items()}
    loop_seconds, counts = plain_loop(bam, grid, names)
    assert counts.tolist() == expected.tolist(), "the plain loop counts otherwise"
    multicov, counts = bedtools("multicov", "-bams", bam, "-bed", part)
    assert counts.tolist() == expected[some_cells].tolist(), "multicov counts otherwise"
    scaled = multicov["seconds"] * windows / multicov_windows
    return {
        "reads": reads,
        "windows": windows,
        "bins": BINS,
        "rounds": rounds,
        **best,
        "plain_pysam_loop_bam": {"seconds": loop_seconds},
        "multicov_bam": multicov | {"windows": multicov_windows, "scaled_seconds": scaled},
        "ratio_multicov_to_ours_bam": scaled / best["ours_bam"]["seconds"],
        "ratio_plain_loop_to_ours_bam": loop_seconds / best["ours_bam"]["seconds"],
        "ratio_intersect_to_ours_tag_align": best["intersect_tag_align"]["seconds"]
        / best["ours_tag_align"]["seconds"],
    }


def in_order(cells: np.ndarray, answer: tuple[Figures, np.ndarray]) -> tuple[Figures, np.ndarray]:
    """Put counts of sorted bins back into the order of the cells."""
    figures, counts = answer
    ordered = np.empty_like(counts)
    ordered[cells] = counts
    return figures, ordered


def main() -> None:
    """Run the benchmark, or count as it asks a fresh process to."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reads", type=int, default=1_000_000)
    parser.add_argument("--windows", type=int, default=19_802)
    parser.add_argument("--multicov-windows", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kind", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.count:
        count(given.count, given.kind)
        return
    for program in ("bedtools", "samtools", "time"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed; this benchmark compares with bedtools.")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(
            Path(folder), given.reads, given.windows, given.multicov_windows, given.rounds
        )
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
