import pickle

import numpy as np
import pytest
import torch

from attendome.data import open_sequence
from attendome.training import batches as of_genes
from attendome.training.sequence import batches
from attendome.training.sequence.augmentation import View
from attendome.training.sequence.batches import AugmentedOrder, Regions, Share, loader
from attendome.training.sequence.settings import SequenceTrainingSettings

from .conftest import counts


@pytest.fixture(scope="module")
def data(small_sequences):
    return open_sequence(small_sequences)


def test_items(data):
    regions = Regions(data.split("valid"))
    assert len(regions) == 2
    number, sequence, coverage = regions[1]
    assert (number, sequence.dtype, coverage.dtype) == (1, torch.uint8, torch.float16)
    assert all(
        (a.numpy() == b).all() for a, b in zip((sequence, coverage), data.read(7), strict=True)
    )


def test_it_can_be_sent_to_another_process(data):
    sent = pickle.loads(pickle.dumps(Regions(data)))
    assert (sent[3].coverage == Regions(data)[3].coverage).all()


def test_on_the_other_strand_the_coverage_is_that_of_the_sequence(counted):
    """Whole bins of the shift, so that it can be counted what the sequence has become."""
    for shift in (0, 8):
        straight = Regions(counted)[View(4, False, shift)]
        other = Regions(counted)[View(4, True, shift)]
        moved = slice(shift // 8, None)
        there = slice(None, 8 - shift // 8)
        assert (counts(straight.sequence)[moved] == straight.coverage.numpy()[there]).all()
        assert (counts(other.sequence)[there] == other.coverage.numpy()[moved]).all()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_loader(data, workers):
    found = list(loader(data, range(len(data)), 4, workers))
    assert [tuple(batch.coverage.shape) for batch in found] == [(4, 6, 3), (4, 6, 3), (2, 6, 3)]
    assert torch.cat([batch.number for batch in found]).tolist() == list(range(10))
    coverage = np.concatenate([batch.coverage.numpy() for batch in found])
    assert (coverage == np.stack([data.read(number)[1] for number in range(10)])).all()


def as_process(monkeypatch, rank, world):
    for module in (of_genes, batches):
        monkeypatch.setattr(module, "process", lambda: (rank, world))


def views(order, epoch):
    order.set_epoch(epoch)
    found = list(order)
    assert len(found) == len(order)
    return found


def test_a_region_has_the_same_view_in_any_batch_and_process(monkeypatch):
    whole = views(AugmentedOrder(11, SequenceTrainingSettings(batch_size=11)), 3)
    assert sorted(view.region for view in whole) == list(range(11))
    for rank in range(2):
        as_process(monkeypatch, rank, 2)
        share = views(AugmentedOrder(11, SequenceTrainingSettings(batch_size=2)), 3)
        assert share == [*whole, whole[0]][rank::2]


def test_each_epoch_has_its_own_order():
    order = AugmentedOrder(11, SequenceTrainingSettings())
    assert views(order, 0) != views(order, 1)


@pytest.mark.parametrize("regions", [1, 7, 9])
def test_shares_are_equally_large_and_hold_all(monkeypatch, regions):
    shares = []
    for rank in range(3):
        as_process(monkeypatch, rank, 3)
        shares.append(list(Share(regions)))
        assert len(shares[-1]) == len(Share(regions)) == -(-regions // 3)
    assert set().union(*shares) == set(range(regions))
