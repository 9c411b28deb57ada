"""A dataset whose coverage can be told from its sequence, and a model that can learn it."""

import numpy as np
import pandas as pd
import pytest
import torch

BIN = 8


@pytest.fixture(scope="session")
def counted(tmp_path_factory):
    """30 regions of 64 bp in 8 bins: how many G, C (the other strand's G), and A or T a bin has."""
    from attendome.data import open_sequence
    from attendome.data.sequence.schema import SequenceLayout
    from attendome.data.sequence.store import new_sequence_dataset

    start = np.arange(30) * 100
    split = ["train"] * 20 + ["valid"] * 7 + ["test"] * 3
    regions = pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 64, "split": split})
    about = {"assay": ["CAGE", "CAGE", "DNASE"], "description": "", "strand_pair": [1, 0, 2]}
    tracks = pd.DataFrame(about, index=["G", "C", "AT"])
    path = tmp_path_factory.mktemp("counted") / "counted.zarr"
    generator = np.random.default_rng(0)
    with new_sequence_dataset(path, SequenceLayout(regions, tracks, BIN)) as writer:
        for region in range(30):
            sequence = generator.integers(0, 4, 64, dtype=np.uint8)
            writer.write(region, sequence, counts(sequence))
        writer.finish()
    return open_sequence(path)


def counts(sequence):
    """Give the coverage that goes with a sequence."""
    bins = np.asarray(sequence).reshape(-1, BIN)
    tracks = [bins == 2, bins == 1, (bins == 0) | (bins == 3)]
    return np.stack([track.sum(axis=1) for track in tracks], axis=1).astype(np.float16)


class Tiny(torch.nn.Module):
    """Reads each bin on its own."""

    def __init__(self, tracks=3, dropout=0.0, norm=True):
        super().__init__()
        self.convolution = torch.nn.Conv1d(4, 6, BIN, stride=BIN, bias=False)
        self.norm = torch.nn.BatchNorm1d(6) if norm else torch.nn.Identity()
        self.dropout = torch.nn.Dropout(dropout)
        self.output = torch.nn.Linear(6, tracks)

    def forward(self, sequence):
        states = self.dropout(self.norm(self.convolution(sequence)).relu())
        return torch.nn.functional.softplus(self.output(states.transpose(1, 2)))


def tiny(**settings):
    """Make the model, always with the same weights."""
    torch.manual_seed(0)
    return Tiny(**settings)


def trained(data, folder, model=None, **settings):
    """Train a model on a dataset into a new folder; give its history."""
    from attendome.training.fit import fit
    from attendome.training.history import read_history
    from attendome.training.sequence.module import SequenceTraining
    from attendome.training.sequence.settings import SequenceTrainingSettings

    folder.mkdir(exist_ok=True)
    given = {"accelerator": "cpu", "epochs": 2, "learning_rate": 0.02} | settings
    training = SequenceTrainingSettings(**given)
    train, valid = data.split("train"), data.split("valid")
    fit(SequenceTraining(model or tiny(), training, train, valid), folder)
    return read_history(folder)
