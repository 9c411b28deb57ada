"""A small model, trained on a planted motif, is explained by that motif."""

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn import functional

from attendome.interpretation.sequence.gradients import gradient_effect, integrated_effect
from attendome.interpretation.sequence.mutagenesis import mutagenesis
from attendome.interpretation.sequence.substitutions import importance
from attendome.interpretation.sequence.targets import OnTarget, Target
from attendome.models.sequence.bases import one_hot

MOTIF = torch.tensor([2, 0, 3, 1, 0, 2, 2, 3], dtype=torch.uint8)
LENGTH, BIN, PLACE = 128, 32, 52


def planted(generator, count):
    """Sequences, half of them with the motif, whose bin has 20 reads then."""
    codes = torch.randint(0, 4, (count, LENGTH), generator=generator).to(torch.uint8)
    coverage = torch.full((count, LENGTH // BIN, 1), 0.5)
    for number in range(0, count, 2):
        place = int(torch.randint(0, LENGTH - len(MOTIF), (), generator=generator))
        codes[number, place : place + len(MOTIF)] = MOTIF
        coverage[number, (place + len(MOTIF) // 2) // BIN] = 20
    return codes, coverage


@pytest.fixture(scope="module")
def model():
    from attendome.models.sequence.shape import SequenceShape
    from attendome.models.sequence.standard import Standard, StandardSettings

    torch.manual_seed(0)
    shape = SequenceShape(length=LENGTH, bin_size=BIN, tracks=1)
    model = Standard(shape, StandardSettings(scale="small", dropout=0.0))
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(100):
        codes, coverage = planted(generator, 32)
        loss = functional.poisson_nll_loss(model(one_hot(codes)), coverage, log_input=False)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


@pytest.fixture
def sequence():
    codes = torch.randint(0, 4, (LENGTH,), generator=torch.Generator().manual_seed(5))
    codes = codes.to(torch.uint8)
    codes[PLACE : PLACE + len(MOTIF)] = MOTIF
    return codes


@pytest.mark.parametrize("method", ["mutagenesis", "gradient", "integrated"])
def test_the_motif_is_found(model, sequence, method):
    target = Target(1, 2, (0,))

    def predict(reference, alleles):
        with torch.no_grad():
            return model(one_hot(reference)), model(one_hot(alleles))

    if method == "mutagenesis":
        effect = mutagenesis(predict, sequence, range(LENGTH), target, at_once=128)
    elif method == "gradient":
        effect = gradient_effect(OnTarget(model, target), sequence, 0)
    else:
        effect, _, _ = integrated_effect(OnTarget(model, target), sequence, 0, steps=20)
    inside = torch.zeros(LENGTH)
    inside[PLACE : PLACE + len(MOTIF)] = 1
    assert roc_auc_score(inside, importance(effect, sequence)[0]) > 0.9
