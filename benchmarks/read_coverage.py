"""Time coverage from a BAM file with reads of several places: attendome and a plain Python loop.

Simulated are single reads of 36 bp on chromosomes of 5 Mb, most of them in peaks; a fifth have two
to six places, one of them in a peak. The plain way reads with pysam and keeps dictionaries. Both
must give the same coverage. Prints JSON: seconds of each, peak memory of ours in MB (without what
importing it takes), and the ratio.

    python benchmarks/read_coverage.py --reads 200000
"""

import argparse
import json
import math
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pysam

from attendome.genome.event_reading import read_events
from attendome.genome.events import EventRule, layer_of, position_of
from attendome.genome.multimapping import share_out

LENGTH, CHROMOSOMES, READ = 5_000_000, 8, 36
SECONDARY, REVERSE = 256, 16
Coverage = dict[tuple[int, int], float]


def simulate(path: Path, reads: int) -> None:
    """Write a BAM file in which the places of a read do not stand together."""
    generator = np.random.default_rng(0)
    peaks = generator.integers(0, LENGTH - READ, (CHROMOSOMES, 500))
    number = np.where(generator.random(reads) < 0.2, generator.integers(2, 7, reads), 1)
    read = np.repeat(np.arange(reads), number)
    first = np.append(True, read[1:] != read[:-1])
    chrom = generator.integers(0, CHROMOSOMES, len(read))
    peak = peaks[chrom, generator.integers(0, 500, len(read))]
    near = np.clip(peak + generator.normal(0, 30, len(read)), 0, LENGTH - READ).astype(int)
    anywhere = generator.integers(0, LENGTH - READ, len(read))
    start = np.where(first & (generator.random(len(read)) < 0.8), near, anywhere)
    flag = SECONDARY * ~first + REVERSE * (generator.random(len(read)) < 0.5)
    sizes = [{"SN": f"chr{n}", "LN": LENGTH} for n in range(1, CHROMOSOMES + 1)]
    with pysam.AlignmentFile(path, "wb", header={"SQ": sizes}) as file:
        record = pysam.AlignedSegment(file.header)
        record.cigarstring, record.mapping_quality = f"{READ}M", 30
        for row in generator.permutation(len(read)):
            record.query_name = f"HWI-ST:100:FC:{read[row]}"
            record.flag, record.reference_id = int(flag[row]), int(chrom[row])
            record.reference_start = int(start[row])
            file.write(record)


def ours(path: Path) -> tuple[float, Coverage, int]:
    """Give the seconds, the coverage and the number of rounds."""
    begin = time.perf_counter()
    found = share_out(read_events(path, EventRule()))
    seconds = time.perf_counter() - begin
    places = zip(layer_of(found.site).tolist(), position_of(found.site).tolist(), strict=True)
    return seconds, dict(zip(places, found.value.tolist(), strict=True)), found.rounds


def plain(path: Path, rounds: int) -> tuple[float, Coverage]:
    """Do the same read by read, in as many rounds."""
    begin = time.perf_counter()
    places: dict[str, list[tuple[int, int]]] = {}
    with pysam.AlignmentFile(path) as file:
        for read in file.fetch(until_eof=True):
            base = read.reference_end - 1 if read.is_reverse else read.reference_start
            places.setdefault(read.query_name, []).append((read.reference_id, base))
    weight = [math.exp(-((distance / 16) ** 2) / 2) for distance in range(-48, 49)]
    whole = sum(weight)
    parts = {name: [1 / len(p)] * len(p) for name, p in places.items()}
    for number in range(rounds + 1):
        coverage: Coverage = {}
        for name, own in places.items():
            for place, part in zip(own, parts[name], strict=True):
                coverage[place] = coverage.get(place, 0) + part
        if number == rounds:
            break
        for name, own in places.items():
            if len(own) > 1:
                found = [
                    0.01
                    + sum(w * coverage.get((c, b + d - 48), 0) for d, w in enumerate(weight))
                    / whole
                    for c, b in own
                ]
                parts[name] = [value / sum(found) for value in found]
    return time.perf_counter() - begin, coverage


def main() -> None:
    """Run both; print the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reads", type=int, default=200_000)
    reads = parser.parse_args().reads
    with tempfile.TemporaryDirectory() as folder:
        small, path = Path(folder) / "small.bam", Path(folder) / "reads.bam"
        simulate(small, 100)
        simulate(path, reads)
        ours(small)  # so that compiling is not timed
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds, found, rounds = ours(path)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        plain_seconds, expected = plain(path, rounds)
    assert found.keys() == expected.keys()
    assert max(abs(found[place] - expected[place]) for place in found) < 1e-6
    figures = {
        "reads": reads,
        "rounds": rounds,
        "seconds": {"attendome": seconds, "plain loop": plain_seconds},
        "attendome_peak_mb": (after - before) / 1024,
        "plain_over_attendome": plain_seconds / seconds,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
