import numpy as np
import torch
from torch import nn

from attendome.models.sequence.bases import one_hot
from attendome.training.sequence.augmentation import on_other_strand, reverse_complement, shifted
from attendome.training.sequence.batches import Regions
from attendome.training.sequence.inference import Averaging, averaged, predict_regions

from .conftest import tiny

PAIRS = torch.tensor([1, 0, 2])


def test_regions_come_in_order_with_what_was_observed(counted):
    model = tiny().train()
    found = list(predict_regions(model, counted, batch_size=8))
    assert torch.cat([part.numbers for part in found]).tolist() == list(range(30))
    assert [len(part.predicted) for part in found] == [8, 8, 8, 6]
    assert found[0].observed.dtype == torch.float32
    assert (found[1].observed[2].numpy() == counted.read(10)[1]).all()
    with torch.no_grad():
        expected = model.eval()(one_hot(Regions(counted)[10].sequence[None]))
    torch.testing.assert_close(found[1].predicted[2:3], expected)
    assert not found[0].predicted.requires_grad


def test_averaging_is_over_both_strands_and_all_shifts(counted):
    model, shifts = tiny().eval(), (-1, 0, 2)
    sequence = torch.stack([Regions(counted)[number].sequence for number in range(3)])
    with torch.no_grad():
        found = averaged(model, sequence, PAIRS, Averaging(reverse_complement=True, shifts=shifts))
        straight = [model(one_hot(shifted(sequence, shift))) for shift in shifts]
        other = [model(one_hot(reverse_complement(shifted(sequence, shift)))) for shift in shifts]
    expected = (sum(straight) + sum(on_other_strand(part, PAIRS) for part in other)) / 6
    torch.testing.assert_close(found, expected)


class Counting(nn.Module):
    """Counts G, C, and A or T: right on either strand."""

    def __init__(self):
        super().__init__()
        self.register_buffer("tracks", torch.tensor([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 1.0]]))

    def forward(self, sequence):
        return (self.tracks @ sequence).unflatten(2, (-1, 8)).sum(3).transpose(1, 2)


def test_a_model_that_is_right_on_both_strands_is_right_on_average(counted):
    both = Averaging(reverse_complement=True)
    for part in predict_regions(Counting(), counted, both, batch_size=7):
        np.testing.assert_allclose(part.predicted, part.observed)
