import torch

from attendome.models.sequence.shape import SequenceShape
from attendome.models.sequence.standard import Standard, StandardSettings

from .plain_tower import random_sequence


def test_parameters_at_full_size():
    with torch.device("meta"):
        model = Standard(SequenceShape())
    assert sum(p.numel() for p in model.parameters()) == 12_386_092


def test_a_bin_does_not_see_beyond_the_tower():
    model = Standard(SequenceShape(4096, 32, 2), StandardSettings(scale="small")).eval()
    sequence = random_sequence(1, 4096)
    other = sequence.clone()
    other[:, :, 2048:] = sequence[:, :, 2048:].flip(2)
    same = (model(sequence) == model(other)).all(2)[0]
    assert same[: 64 - 6].all()
    assert not same[64:].any()
