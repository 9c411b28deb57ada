"""Datasets: their schema, their store on disk, splits, importers and simulation."""

from attendome.data.chromatin import ChromatinDataset
from attendome.data.simulation import simulate_chromatin
from attendome.data.store import open_dataset, save_dataset

__all__ = ["ChromatinDataset", "open_dataset", "save_dataset", "simulate_chromatin"]
