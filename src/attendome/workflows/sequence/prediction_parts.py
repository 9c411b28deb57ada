"""Predict many windows, some at a time, so that an interruption loses a part at most."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float32, Int, UInt8
from torch import nn

from attendome.errors import RunError
from attendome.genome.fasta import N
from attendome.models.descriptions import SequenceDescription
from attendome.outputs import new_output
from attendome.training.inference import device_of
from attendome.training.sequence.inference import Averaging, averaged
from attendome.workflows.parts import Progress, open_parts

_VALUES = 1 << 26
"""Most values of a part: a quarter of a gigabyte."""
_BASES = 1 << 23
"""Most bases that a part reads: 64 windows of the published length, minutes on a processor."""
Values = Float32[np.ndarray, "track bin"]
Read = Callable[[int], UInt8[np.ndarray, " position"]]
"""Gives the sequence of a window, by its number."""


@dataclass(frozen=True)
class Windows:
    """What is to be predicted.

    Attributes:
        table: a row per window: ``region``, ``chrom``, ``start`` (first base of its sequence,
            0-based), ``first`` and ``last`` (the bins kept are [first, last) of those predicted).
        model: which input the model takes, and what it predicts.
        tracks: numbers of the tracks kept.
        gaps: whether bins without a known base have no prediction.
    """

    table: pd.DataFrame
    model: SequenceDescription
    tracks: Int[np.ndarray, " kept"]
    gaps: bool

    @cached_property
    def sizes(self) -> Int[np.ndarray, " window"]:
        """Number of bins that each window keeps."""
        return (self.table["last"] - self.table["first"]).to_numpy()

    @cached_property
    def begins(self) -> Int[np.ndarray, " window"]:
        """First base of the first bin that each window keeps."""
        before = self.model.crop + self.table["first"] * self.model.bin_size
        return (self.table["start"] + before).to_numpy()

    @cached_property
    def bounds(self) -> list[tuple[int, int]]:
        """The windows of each part, [first, last); the device and the batches do not matter."""
        kept = max(1, int(self.sizes.max()) * len(self.tracks))
        together = max(1, min(_VALUES // kept, _BASES // self.model.length))
        return list(pairwise([*range(0, len(self.table), together), len(self.table)]))

    def unknown(
        self, window: int, sequence: UInt8[np.ndarray, " position"]
    ) -> Bool[np.ndarray, " bin"]:
        """Tell which of the bins that a window keeps have no known base, where that matters."""
        model, row = self.model, self.table.iloc[window]
        inner = sequence[model.crop : model.length - model.crop].reshape(-1, model.bin_size)
        unknown: Bool[np.ndarray, " bin"] = (inner[row["first"] : row["last"]] == N).all(axis=1)
        return unknown & self.gaps


@dataclass(frozen=True)
class Parts:
    """Predictions on disk, as they were computed: tracks × bins of some windows in each file.

    Attributes:
        folder: where they are.
        windows: what they are of.
    """

    folder: Path
    windows: Windows

    def begin(self, about: Mapping[str, Any]) -> None:
        """Make the folder; what stands there of other predictions is removed."""
        table = self.windows.table.to_csv(index=False).encode()
        named = {"windows": hashlib.sha256(table).hexdigest(), **about}
        open_parts(self.folder, named)

    @property
    def bins(self) -> int:
        """Number of bins, those without a prediction among them."""
        return int(self.windows.sizes.sum())

    def unknown(self) -> int:
        """Count the bins without a prediction."""
        return sum(int(np.isnan(values).sum()) for _, values in self.track(0))

    def read(self, part: int) -> Values:
        """Read a part; NaN where there is no prediction."""
        bins = self._bins(part)
        return np.fromfile(self._place(part), np.float32).reshape(-1, bins)

    def track(self, track: int) -> Iterator[tuple[int, Float32[np.ndarray, " bin"]]]:
        """Read a track: the number of each window, in order, and its values."""
        sizes = self.windows.sizes
        for part, (first, last) in enumerate(self.windows.bounds):
            bins = self._bins(part)
            values = np.fromfile(self._place(part), np.float32, count=bins, offset=4 * track * bins)
            yield from enumerate(np.split(values, sizes[first:last].cumsum()[:-1]), first)

    def complete(
        self, model: nn.Module, averaging: Averaging, batch_size: int, read: Read, told: Progress
    ) -> None:
        """Predict what is not there yet.

        Args:
            model: the model; it is computed where it is.
            averaging: what predictions are averaged over.
            batch_size: windows at once.
            read: gives the sequences.
            told: told how many windows are done, and of how many.

        Raises:
            RunError: a prediction is not finite.
        """
        predict = _Predictor(model.eval(), self.windows, averaging, batch_size)
        for part, (first, last) in enumerate(self.windows.bounds):
            if not self._whole(part):
                values = predict(range(first, last), read, told)
                with new_output(self._place(part), force=True) as made:
                    values.tofile(made)
            told(last, len(self.windows.table))

    def _whole(self, part: int) -> bool:
        place, values = self._place(part), self._bins(part) * len(self.windows.tracks)
        return place.is_file() and place.stat().st_size == 4 * values

    def _bins(self, part: int) -> int:
        return int(self.windows.sizes[slice(*self.windows.bounds[part])].sum())

    def _place(self, part: int) -> Path:
        return self.folder / f"{part:06d}.float32"


@dataclass(frozen=True)
class _Predictor:
    """A model, and what is kept of its predictions."""

    model: nn.Module
    windows: Windows
    averaging: Averaging
    batch_size: int

    def __call__(self, numbers: Sequence[int], read: Read, told: Progress) -> Values:
        """Predict some windows; the bins of one stand after those of the other."""
        sizes = self.windows.sizes[numbers[0] : numbers[-1] + 1]
        values = np.full((len(self.windows.tracks), sizes.sum()), np.nan, np.float32)
        places = np.split(np.arange(sizes.sum()), sizes.cumsum()[:-1])
        waiting = []
        for number, place in zip(numbers, places, strict=True):
            sequence = read(number)
            unknown = self.windows.unknown(number, sequence)
            if not unknown.all():
                waiting.append((number, sequence, place[~unknown], ~unknown))
            if len(waiting) == self.batch_size or (waiting and number == numbers[-1]):
                predicted = self._batch([sequence for _, sequence, *_ in waiting])
                for (window, _, target, known), bins in zip(waiting, predicted, strict=True):
                    row = self.windows.table.iloc[window]
                    values[:, target] = bins[row["first"] : row["last"]][known].T
                waiting = []
                told(number + 1, len(self.windows.table))
        return values

    def _batch(
        self, sequences: Sequence[UInt8[np.ndarray, " position"]]
    ) -> Float32[np.ndarray, "window bin track"]:
        device = device_of(self.model)
        pairs = torch.tensor(self.windows.model.strand_pairs, device=device)
        stacked = torch.from_numpy(np.stack(sequences)).to(device)
        with torch.no_grad():
            predicted = averaged(self.model, stacked, pairs, self.averaging)
        kept = predicted[..., torch.from_numpy(self.windows.tracks).to(device)]
        values = kept.float().cpu().numpy()
        if not np.isfinite(values).all():
            raise RunError("The model predicts numbers that are not finite; train it again.")
        return values
