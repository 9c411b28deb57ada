from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attendome.training import batches
from attendome.training.batches import EpochOrder, Genes, ordered_batches, train_batches


def genes(number):
    return Genes(torch.arange(number).float().reshape(number, 1, 1), torch.ones(number))


@given(number=st.integers(1, 40), size=st.integers(1, 15), epoch=st.integers(0, 3))
def test_an_epoch_gives_every_gene_once(number, size, epoch):
    order = EpochOrder(number, size, seed=1)
    order.set_epoch(epoch)
    given_out = list(order)
    assert sorted(chain(*given_out)) == list(range(number))
    assert len(given_out) == len(order)
    assert all(len(batch) == size for batch in given_out[:-1])


def test_the_order_depends_on_seed_and_epoch_only():
    def order(seed, epoch):
        sampler = EpochOrder(30, 7, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(1, 4) == order(1, 4)
    assert order(1, 4) != order(1, 5)
    assert order(1, 4) != order(2, 4)


@pytest.mark.parametrize(
    ("number", "processes", "each"), [(10, 3, 2), (12, 3, 2), (1, 4, 1), (5, 4, 1)]
)
def test_several_processes_share_the_genes(monkeypatch, number, processes, each):
    seen = []
    for rank in range(processes):
        monkeypatch.setattr(batches, "process", lambda rank=rank: (rank, processes))
        order = EpochOrder(number, 2, seed=0)
        mine = list(order)
        assert len(mine) == len(order) == each
        seen += chain(*mine)
    assert len(seen) == -(-number // processes) * processes
    assert set(seen) == set(range(number))


def test_a_batch_has_the_expression_where_there_is_any():
    of_both = Genes(torch.zeros(3, 1, 1), torch.ones(3), torch.arange(3.0))
    assert of_both[[2, 0]].expression.tolist() == [2, 0]
    assert genes(3)[[2, 0]].expression is None


def test_batches_are_slices():
    loaded = [batch.signal.flatten().tolist() for batch in ordered_batches(genes(5), 2)]
    assert loaded == [[0, 1], [2, 3], [4]]
    shuffled = torch.cat(
        [batch.signal.flatten() for batch in train_batches(genes(5), EpochOrder(5, 2, seed=0))]
    )
    assert sorted(shuffled.tolist()) == [0, 1, 2, 3, 4]
