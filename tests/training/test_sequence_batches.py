import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from attendome.data import open_sequence
from attendome.training.sequence_batches import Regions


@pytest.fixture(scope="module")
def data(small_sequences):
    return open_sequence(small_sequences)


def test_items(data):
    regions = Regions(data.split("valid"))
    assert len(regions) == 2
    sequence, coverage = regions[1]
    assert (sequence.dtype, coverage.dtype) == (torch.uint8, torch.float16)
    assert all(
        (a.numpy() == b).all() for a, b in zip((sequence, coverage), data.read(7), strict=True)
    )


def test_it_can_be_sent_to_another_process(data):
    sent = pickle.loads(pickle.dumps(Regions(data)))
    assert (sent[3].coverage == Regions(data)[3].coverage).all()


@pytest.mark.parametrize("workers", [0, 2])
def test_loader(data, workers):
    loader = DataLoader(Regions(data), batch_size=4, num_workers=workers)
    batches = list(loader)
    assert [tuple(batch.coverage.shape) for batch in batches] == [(4, 6, 3), (4, 6, 3), (2, 6, 3)]
    found = np.concatenate([batch.coverage.numpy() for batch in batches])
    assert (found == np.stack([data.read(number)[1] for number in range(10)])).all()
