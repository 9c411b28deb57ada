"""Links between bins: closed forms on a model whose links are known."""

import pytest
import torch
from torch import nn

from attendome.interpretation.sequence.links import (
    attention_links,
    gradient_links,
    level_of,
    masking_links,
)
from attendome.models.sequence import Attention, AttentionSettings, SequenceShape, Standard, one_hot

SIZE, BINS, AHEAD = 8, 6, 2
TARGETS = torch.tensor([3, 0])


class Ahead(nn.Module):
    """Counts, besides G in the bin itself, C two bins ahead, around the end of the sequence."""

    def forward(self, sequence):
        counts = sequence.view(len(sequence), 4, -1, SIZE).sum(dim=3)
        return torch.stack([1 + counts[:, 2] + counts[:, 1].roll(-AHEAD, 1)] * 2, dim=2)


@pytest.fixture(scope="module")
def sequence():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 4, (BINS * SIZE,), generator=generator).to(torch.uint8)


@pytest.fixture(scope="module")
def level():
    return level_of(torch.tensor([1]), 0.5)


def known(sequence):
    """Give, for each target, its coverage, and what it counts beyond that of N, by source."""
    counts = one_hot(sequence).view(4, BINS, SIZE).sum(dim=2)
    coverage = 1 + counts[2] + counts[1].roll(-AHEAD)
    links = torch.zeros(2, BINS)
    for row, target in enumerate(TARGETS.tolist()):
        links[row, target] = counts[2, target] - SIZE / 4
        links[row, target + AHEAD] = counts[1, target + AHEAD] - SIZE / 4
    return coverage[TARGETS, None], links


def test_gradients_are_what_a_target_counts(sequence, level):
    coverage, links = known(sequence)
    found = gradient_links(Ahead(), sequence, TARGETS, level, SIZE)
    torch.testing.assert_close(found, links / (coverage + 0.5))


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_masking_takes_what_a_target_counts(sequence, level, at_once):
    def predict(whole, masked):
        assert len(masked) <= at_once
        return Ahead()(one_hot(whole)), Ahead()(one_hot(masked))

    coverage, links = known(sequence)
    found = masking_links(predict, sequence, TARGETS, level, SIZE, at_once)
    expected = (coverage + 0.5).log() - (coverage - links + 0.5).log()
    torch.testing.assert_close(found, expected)


@pytest.fixture(scope="module")
def attention():
    torch.manual_seed(0)
    settings = AttentionSettings(scale="small", layers=2, heads=2)
    model = Attention(SequenceShape(64, 8, 3, 8), settings).eval()
    with torch.no_grad():
        for values in model.context.parameters():
            values.normal_(std=3)
    return model


def test_attention_is_that_of_the_model(attention):
    sequence = torch.randint(0, 5, (64,)).to(torch.uint8)
    found = attention_links(attention, sequence, TARGETS)
    with torch.no_grad():
        layers = attention.attend(one_hot(sequence)[None]).attention
    expected = torch.cat([layer[0] for layer in layers])[:, [4, 1]]  # behind the crop
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, torch.tensor(1 / 8)), "attention is not even"
    both = attention_links(attention, sequence, TARGETS, both_strands=True)
    with torch.no_grad():
        layers = attention.attend(one_hot(sequence)[None].flip(1, 2)).attention
    other = torch.cat([layer[0] for layer in layers]).flip(1, 2)[:, [4, 1]]
    torch.testing.assert_close(both, (expected + other) / 2)


def test_a_model_without_attention_is_refused():
    model = Standard(SequenceShape(64, 8, 3, 8)).eval()
    with pytest.raises(ValueError, match="no attention"):
        attention_links(model, torch.zeros(64, dtype=torch.uint8), TARGETS)
