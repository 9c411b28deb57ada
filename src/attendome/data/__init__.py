"""Datasets: their schema, their store on disk, splits, importers and simulation."""

from attendome.data.chromatin import ChromatinDataset
from attendome.data.opening import open_dataset
from attendome.data.sequence.dataset import SequenceDataset
from attendome.data.sequence.store import open_sequence
from attendome.data.simulation import simulate_chromatin
from attendome.data.store import as_chromatin, open_chromatin, save_dataset

__all__ = [
    "ChromatinDataset",
    "SequenceDataset",
    "as_chromatin",
    "open_chromatin",
    "open_dataset",
    "open_sequence",
    "save_dataset",
    "simulate_chromatin",
]
