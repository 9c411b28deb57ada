"""Time scoring variants, against one at a time with both of its alleles predicted whole.

A random genome, single-base variants at a given distance, and an untrained model of each kind, of
the small scale, on a CPU. Both sides predict the same windows, average over the same views, and
compare alleles by the same function; the other side does so for one variant after another.

Prints JSON: for each distance and architecture the variants per second of both sides (the best of
several rounds, since others may be at work on the machine), their ratio, and the largest difference
between their scores, beside the largest score.

    python benchmarks/variants.py --models standard hybrid
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from attendome.genome.fasta import Genome, open_genome
from attendome.genome.vcf import Variant
from attendome.models.descriptions import SequenceDescription
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.training.sequence.inference import Averaging, averaged
from attendome.variants.alleles import change_of, sequences
from attendome.variants.effects import EffectSettings, effects
from attendome.variants.scoring import Scorer

BASES = 1_000_000
TRACKS = 20


def write_genome(path: Path) -> None:
    """Write a chromosome of random bases."""
    bases = np.random.default_rng(0).choice(list("ACGT"), BASES)
    path.write_text(f">chr1\n{''.join(bases)}\n")


def make_scorer(name: str, genome: Genome, given: argparse.Namespace) -> Scorer:
    """Make an untrained model, in evaluation mode, and what scores variants with it."""
    description = SequenceDescription(
        model=name,
        settings=SEQUENCE_MODELS[name].settings(scale="small").model_dump(mode="json"),
        tracks=tuple(f"track {number}" for number in range(TRACKS)),
        assays=("CAGE",) * TRACKS,
        strand_pairs=tuple(range(TRACKS)),
        length=given.length,
        bin_size=128,
        crop=0,
    )
    torch.manual_seed(0)
    averaging = Averaging(reverse_complement=given.reverse_complement)
    settings = EffectSettings(averaging=averaging)
    model = description.build()
    for part in model.modules():  # batch norm learns what is usual, so that sequence matters
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        drawn = genome.read("chr1", 0, given.length)
        model(one_hot(torch.from_numpy(drawn)[None]))
        model.output.weight.mul_(3)
    model.eval()
    return Scorer(model, description, genome, settings, batch_size=given.batch_size)


def make_variants(genome: Genome, number: int, apart: int) -> list[Variant]:
    """Give single-base variants about so many bp apart."""
    places = BASES // 4 + np.random.default_rng(1).integers(1, 2 * apart, number).cumsum()
    assert places[-1] < BASES, "expected fewer variants, or closer together"
    refs = [genome.letters("chr1", int(place), int(place) + 1).decode() for place in places]
    return [
        Variant("chr1", int(place), ref, "ACGT"["CGTA".index(ref)])
        for place, ref in zip(places, refs, strict=True)
    ]


@torch.no_grad()
def one_by_one(scorer: Scorer, variants: list[Variant]) -> np.ndarray:
    """Predict the genome and the allele for each variant, and compare them."""
    found = []
    pairs = torch.arange(TRACKS)
    for variant in variants:
        change = change_of(variant)
        start = scorer.windows.start(change)
        window = scorer.genome.read("chr1", start, start + scorer.description.length)
        (allele,) = sequences(scorer.genome, "chr1", change, window, start)
        ref, alt = (
            averaged(scorer.model, torch.from_numpy(codes)[None], pairs, scorer.settings.averaging)[
                0
            ]
            for codes in (window, allele)
        )
        bins = scorer.windows.bins(start)
        scores = effects(ref, (alt,), change, bins, [], scorer.settings)
        found.append(torch.stack(scores[:3]).numpy())
    return np.stack(found)


def together(scorer: Scorer, variants: list[Variant]) -> np.ndarray:
    """Score variants as attendome does."""
    parts = list(scorer.score(variants))
    names = ("site_sum", "site_max", "window_sum")
    return np.concatenate(
        [np.stack([getattr(part, name) for name in names], axis=1) for part in parts]
    )


def timed(score: Callable[[], np.ndarray], rounds: int) -> tuple[float, np.ndarray]:
    """Give the seconds of the best round, and what came out."""
    found = []
    for _ in range(rounds):
        begin = time.perf_counter()
        scores = score()
        found.append(time.perf_counter() - begin)
    return min(found), scores


def compare(scorer: Scorer, variants: list[Variant], rounds: int) -> dict[str, float | bool]:
    """Time both sides, and compare what they give."""
    few = variants[: max(len(variants) // 4, 1)]  # as many as needed to know their rate
    seconds, ours = timed(lambda: together(scorer, variants), rounds)
    other_seconds, theirs = timed(lambda: one_by_one(scorer, few), rounds)
    rate, other_rate = len(variants) / seconds, len(few) / other_seconds
    return {
        "variants_per_second": round(rate, 2),
        "one_by_one_per_second": round(other_rate, 2),
        "ratio": round(rate / other_rate, 1),
        "equal": bool(np.allclose(ours[: len(few)], theirs, rtol=1e-3, atol=1e-5)),
        "largest_difference": float(np.abs(ours[: len(few)] - theirs).max()),
        "largest_score": float(np.abs(ours).max()),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", nargs="*", default=list(SEQUENCE_MODELS))
    parser.add_argument("--variants", type=int, default=32)
    parser.add_argument("--apart", type=int, nargs="*", default=[300, 3000])
    parser.add_argument("--length", type=int, default=65_536)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--reverse-complement", action="store_true")
    given = parser.parse_args()
    content: dict[str, object] = {
        "length": given.length,
        "variants": given.variants,
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genome.fa"
        write_genome(path)
        with open_genome(path) as genome:
            for apart in given.apart:
                variants = make_variants(genome, given.variants, apart)
                content[f"{apart}_bp_apart"] = {
                    name: compare(make_scorer(name, genome, given), variants, given.rounds)
                    for name in given.models
                }
    print(json.dumps(content, indent=2))


if __name__ == "__main__":
    main()
