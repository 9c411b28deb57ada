"""A genome, and untrained models of each architecture that read it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

LENGTHS = {"chr1": 30_000, "chr2": 3_000}


@pytest.fixture(scope="session")
def genome(tmp_path_factory):
    from attendome.genome.fasta import open_genome

    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    generator = np.random.default_rng(0)
    with path.open("w") as file:
        for name, length in LENGTHS.items():
            file.write(f">{name}\n{''.join(generator.choice(list('ACGT'), length))}\n")
    with open_genome(path) as found:
        yield found


@pytest.fixture(scope="session")
def described():
    """Give a function that makes a model: 32 bins of 128 bp, of which the crop leaves 24."""
    from attendome.models.descriptions import SequenceDescription
    from attendome.models.sequence.registry import SEQUENCE_MODELS

    made = {}

    def make(name):
        if name not in made:
            description = SequenceDescription(
                model=name,
                settings=SEQUENCE_MODELS[name].settings(scale="small").model_dump(mode="json"),
                tracks=("A", "B", "C"),
                assays=("CAGE", "CAGE", "DNASE"),
                strand_pairs=(1, 0, 2),
                length=4096,
                bin_size=128,
                crop=512,
            )
            torch.manual_seed(0)
            model = description.build()
            drawn = torch.nn.functional.one_hot(torch.randint(0, 4, (2, 4096)), 4)
            for part in model.modules():  # batch norm learns what is usual: the sequence matters
                if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                    part.momentum = 1.0
            with torch.no_grad():
                model(drawn.transpose(1, 2).float())
                model.output.weight.mul_(3)
            model.eval()
            made[name] = SimpleNamespace(model=model, description=description)
        return made[name]

    return make


@pytest.fixture(scope="session")
def at(genome):
    """Give a function that makes a variant of a given change: bases replaced, and by what."""
    from attendome.genome.vcf import Variant

    def make(position, length=1, alt=None, chrom="chr1"):
        ref = genome.letters(chrom, position, position + length).decode()
        return Variant(chrom, position, ref, "ACGT"["CGTA".index(ref[0])] if alt is None else alt)

    return make
