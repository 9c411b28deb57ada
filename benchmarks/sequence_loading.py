"""Time reading regions of a sequence dataset, against one .npy file per region.

Simulated are regions of 131,072 bp and 1,024 bins × 500 tracks in float16, whose coverage is sparse
and in steps of .01, as real coverage is. Regions are read in random order, one by one and by
PyTorch's DataLoader in batches of four. What is read stands in the memory of the operating system
by then, so that the times are those of unpacking and of Python, not of a disk.

Prints JSON: regions per second (the best of several rounds, since others may be at work on the
machine), MB on disk per region, bytes and files read for one random region (as strace sees them,
where it is installed).

    python benchmarks/sequence_loading.py --regions 128
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader

from attendome.data.sequence import store
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.schema import SequenceLayout
from attendome.training.sequence.batches import Regions

LENGTH, BIN_SIZE, BATCH = 131_072, 128, 4


def simulate(generator: np.random.Generator, tracks: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the sequence and the coverage of one region."""
    bins = LENGTH // BIN_SIZE
    place = generator.gamma(0.15, 4, (bins, 1)) * generator.gamma(0.5, 1, (1, tracks))
    coverage = np.sqrt(1 + generator.poisson(place) * generator.random((1, tracks))) - 1
    sequence = generator.integers(0, 4, LENGTH, dtype=np.uint8)
    return sequence, coverage.round(2).astype(np.float16)


def write(folder: Path, regions: int, tracks: int, files: int) -> SequenceDataset:
    """Write the same regions as a dataset, in so many files at most, and as .npy files."""
    start = np.arange(regions) * LENGTH
    table = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + LENGTH, "split": "train"})
    names = [f"track {number}" for number in range(tracks)]
    about = {"assay": "CAGE", "description": "", "strand_pair": np.arange(tracks)}
    layout = SequenceLayout(table, pd.DataFrame(about, index=names), BIN_SIZE)
    path, plain = folder / f"regions_{files}.zarr", folder / "npy"
    plain.mkdir(exist_ok=True)
    store._MOST_FILES = files
    generator = np.random.default_rng(0)
    with store.new_sequence_dataset(path, layout) as writer:
        for region in range(regions):
            sequence, coverage = simulate(generator, tracks)
            writer.write(region, sequence, coverage)
            np.save(plain / f"{region}.sequence.npy", sequence)
            np.save(plain / f"{region}.coverage.npy", coverage)
        writer.finish()
    return store.open_sequence(path)


class PlainFiles(torch.utils.data.Dataset):
    """One .npy file for the sequence and one for the coverage of each region."""

    def __init__(self, folder: Path, regions: int) -> None:
        self.folder, self.regions = folder, regions

    def __len__(self) -> int:
        return self.regions

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        names = ("sequence", "coverage")
        return tuple(
            torch.from_numpy(np.load(self.folder / f"{number}.{name}.npy")) for name in names
        )


def per_second(read: Callable[[], int], rounds: int) -> float:
    """Give how many regions per second are read, in the best of several rounds."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        number = read()
        found.append(number / (time.perf_counter() - begin))
    return round(max(found), 1)


def one_by_one(regions: torch.utils.data.Dataset) -> int:
    """Read all regions in random order."""
    for number in np.random.default_rng(1).permutation(len(regions)).tolist():
        regions[number]
    return len(regions)


def in_batches(loader: DataLoader) -> int:
    """Read all regions by a loader."""
    return sum(len(sequence) for sequence, _ in loader)


def rates(regions: torch.utils.data.Dataset, workers: list[int], rounds: int) -> dict[str, float]:
    """Give regions per second, one by one and with loader workers, which start only once."""
    one_by_one(regions)  # from disk into memory
    found = {"one_by_one": per_second(lambda: one_by_one(regions), rounds)}
    for count in workers:
        loader = DataLoader(
            regions, BATCH, shuffle=True, num_workers=count, persistent_workers=count > 0
        )
        in_batches(loader)
        found[f"workers_{count}"] = per_second(lambda loader=loader: in_batches(loader), rounds)
    return found


def megabytes(folder: Path, regions: int) -> float:
    """Give the size of a folder's files per region."""
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return round(total / regions / 1e6, 3)


def read_for_one(path: Path, number: int) -> dict[str, object]:
    """Tell which files of a dataset are opened, and how many bytes read, for one region."""
    code = (
        "from attendome.data.sequence.store import open_sequence;"
        f"data = open_sequence({str(path)!r}); open('/dev/null').close(); data.read({number})"
    )
    trace = path.parent / "trace"
    command = ["strace", "-f", "-y", "-e", "trace=openat,read,pread64", "-o", trace]
    subprocess.run([*command, sys.executable, "-c", code], check=True)
    lines = trace.read_text(errors="replace").rpartition("/dev/null")[2].splitlines()
    reads = [re.search(rf"<{re.escape(str(path))}/([^>]*)>.*= (\d+)$", line) for line in lines]
    found = [(match[1], int(match[2])) for match in reads if match and int(match[2])]
    return {
        "bytes": sum(size for _, size in found),
        "files": sorted({name for name, _ in found}),
    }


def measure(folder: Path, given: argparse.Namespace) -> dict[str, object]:
    """Give the content of the JSON."""
    few = max(2, given.regions // 8)
    sides = {
        "zarr": write(folder, given.regions, given.tracks, given.regions),
        "zarr_8_regions_a_file": write(folder, given.regions, given.tracks, few),
    }
    content: dict[str, object] = {
        "regions": given.regions,
        "tracks": given.tracks,
        "bins": LENGTH // BIN_SIZE,
        "rounds": given.rounds,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
    }
    for name, data in sides.items():
        content[name] = {
            "regions_per_second": rates(Regions(data), given.workers, given.rounds),
            "megabytes_per_region": megabytes(data.path, given.regions),
        }
        if shutil.which("strace"):
            content[name]["read_for_one_region"] = read_for_one(data.path, given.regions // 2)
    plain = PlainFiles(folder / "npy", given.regions)
    content["npy"] = {
        "regions_per_second": rates(plain, given.workers, given.rounds),
        "megabytes_per_region": megabytes(folder / "npy", given.regions),
    }
    return content


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--regions", type=int, default=64)
    parser.add_argument("--tracks", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), given), indent=2))


if __name__ == "__main__":
    main()
