import pytest
import torch

from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.registry import SEQUENCE_MODELS
from attendome.models.sequence.trunk import receptive_field
from attendome.training.sequence.inference import Averaging, averaged
from attendome.variants.predicting import predict_alleles, reach
from attendome.variants.stretches import GenomeWindows

PAIRS = torch.tensor([1, 0, 2])
BOTH = Averaging(reverse_complement=True, shifts=(-3, 200))


def drawn(bases, seed=0):
    found = torch.randint(0, 4, (bases,), generator=torch.Generator().manual_seed(seed))
    return found.to(torch.uint8)


GENOME = GenomeWindows((drawn(4096 + 1280), drawn(4096, 1)), ((0, 0), (0, 1280), (1, 0)), 4096)
"""Two windows that overlap, and one of its own."""


def changed(window, *places):
    other = window.clone()
    other[list(places)] = 3 - other[list(places)]
    return other


def alleles():
    """Alleles: at either end, in the middle, of a few bases, moved, far apart, unchanged."""
    first, second, third = GENOME.windows()
    return torch.stack(
        [
            changed(first, 0),
            changed(second, 4095),
            changed(first, 2047),
            changed(second, 2048, 2050, 2060),
            torch.cat([third[:2000], third[1999:-1]]),
            changed(third, 700, 3400),
            second,
        ]
    ), [0, 1, 0, 1, 2, 2, 1]


@pytest.mark.parametrize("name", sorted(SEQUENCE_MODELS))
def test_what_is_computed_again_is_what_the_whole_model_predicts(described, name):
    model, (other, owner) = described(name).model, alleles()
    ref, alt = predict_alleles(model, GENOME, other, owner, PAIRS, BOTH, 3)
    with torch.no_grad():
        torch.testing.assert_close(
            ref, averaged(model, GENOME.windows(), PAIRS, BOTH), rtol=1e-5, atol=1e-5
        )
        torch.testing.assert_close(alt, averaged(model, other, PAIRS, BOTH), rtol=1e-5, atol=1e-5)
    matters = (alt[2:6] / ref[owner[2:6]]).log().abs().amax(dim=(1, 2))
    assert matters.min() > 1e-3  # the first two are cropped away by models without context
    assert torch.equal(alt[-1], ref[1])  # nothing was changed


def test_the_tower_is_only_run_around_a_change(described):
    model, genome = described("attention").model, GENOME.windows()
    read = []
    hook = model.tower.register_forward_hook(lambda _part, given, _out: read.append(given[0].shape))
    other = torch.stack([changed(genome[0], place) for place in (500, 2048, 3000)])
    predict_alleles(model, GENOME, other, [0, 0, 0], PAIRS, Averaging(), 8)
    hook.remove()
    stretches, ends = [(1, 4, 4096 + 1280), (1, 4, 4096)], [(3, 4, 7 * 128), (3, 4, 8 * 128)]
    assert read == [*stretches, *ends, (3, 4, 10 * 128)]


def test_a_model_of_another_kind_is_predicted_whole():
    class Counting(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("tracks", torch.eye(4)[[2, 1, 3]])

        def forward(self, sequence):
            return (self.tracks @ sequence).unflatten(2, (-1, 128)).sum(3).transpose(1, 2)

    model, (other, owner) = Counting(), alleles()
    found = predict_alleles(model, GENOME, other, owner, PAIRS, Averaging(), 2)
    expected = model(one_hot(GENOME.windows())), model(one_hot(other))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("bin_size", [16, 32, 100, 128])
def test_reach_is_what_the_receptive_field_has_beyond_the_bin(bin_size):
    assert sum(reach(bin_size)) == receptive_field(bin_size) - bin_size


def test_reach_is_reached_and_not_left(described):
    model = described("standard").model
    left, right = reach(128)
    base = torch.full((1, 4096), 4, dtype=torch.uint8)

    def moved(place):
        other = base.clone()
        other[0, place] = 0
        with torch.no_grad():
            states = [model.tower(one_hot(codes).double()) for codes in (base, other)]
        return bool((states[0] != states[1])[:, :, 16].any())

    model.double()
    first, end = 16 * 128, 17 * 128
    inside, outside = (first - left, end + right - 1), (first - left - 1, end + right)
    found = [[moved(place) for place in places] for places in (inside, outside)]
    model.float()
    assert found == [[True, True], [False, False]]
