"""A small model, trained on promoters that distant enhancers drive, is explained by these."""

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional

from attendome.interpretation.sequence.links import (
    attention_links,
    gradient_links,
    level_of,
    masking_links,
)
from attendome.models.sequence import Hybrid, HybridSettings, SequenceShape, one_hot

PROMOTER, ENHANCER = (torch.tensor(m) for m in ([3, 0, 3, 0, 0, 0, 2, 1], [2, 0, 3, 1, 1, 2, 0, 2]))
LENGTH, SIZE = 256, 16
BINS = LENGTH // SIZE


def planted(generator, count):
    """Give sequences, coverage, and the bin of the promoter and of its enhancer, −1 where none."""
    codes = torch.randint(0, 4, (count, LENGTH), generator=generator)
    coverage, places = torch.full((count, BINS, 1), 0.3), torch.full((count, 2), -1)
    for number in range(count):
        promoter, enhancer = torch.randperm(BINS, generator=generator)[:2].tolist()
        codes[number, promoter * SIZE + 4 :][: len(PROMOTER)] = PROMOTER
        coverage[number, promoter] = 4.0
        places[number, 0] = promoter
        if number % 2:
            codes[number, enhancer * SIZE + 4 :][: len(ENHANCER)] = ENHANCER
            coverage[number, promoter] = 40.0
            places[number, 1] = enhancer
    return codes.to(torch.uint8), coverage, places


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    settings = HybridSettings(scale="small", layers=2, heads=2, dropout=0.0)
    model = Hybrid(SequenceShape(LENGTH, SIZE, 1), settings)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    generator, recent = torch.Generator().manual_seed(1), 0.0
    for _ in range(600):
        if recent < -2.7:  # it is −2.2 as long as the enhancers are not found
            break
        codes, coverage, _ = planted(generator, 32)
        loss = functional.poisson_nll_loss(model(one_hot(codes)), coverage, log_input=False)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        recent = 0.9 * recent + 0.1 * loss.item()
    return model.eval()


def links_of(model, method, codes, target):
    level, bins = level_of(torch.tensor([0]), 1.0), torch.tensor([target])
    if method == "attention":
        return attention_links(model, codes, bins).mean(dim=0)[0]
    if method == "gradients":
        return gradient_links(model, codes, bins, level, SIZE)[0]

    def predict(whole, masked):
        return model(one_hot(whole)), model(one_hot(masked))

    return masking_links(predict, codes, bins, level, SIZE, BINS)[0]


@pytest.mark.parametrize("method", ["attention", "gradients", "masking"])
def test_promoters_are_linked_to_their_enhancers(model, method):
    codes, _, places = planted(torch.Generator().manual_seed(2), 40)
    pairs, others = [], []
    for sequence, (promoter, enhancer) in zip(codes, places.tolist(), strict=True):
        if enhancer >= 0:
            links = links_of(model, method, sequence, promoter)
            pairs.append(float(links[enhancer]))
            elsewhere = [b for b in range(BINS) if min(abs(b - promoter), abs(b - enhancer)) > 1]
            others += links[elsewhere].tolist()
    assert roc_auc_score([1] * len(pairs) + [0] * len(others), pairs + others) > 0.9
