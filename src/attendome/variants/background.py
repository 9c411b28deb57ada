"""What effects random variants have: the measure of whether an effect is large."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from jaxtyping import Float

from attendome.errors import DataError
from attendome.genome.fasta import Genome, N
from attendome.genome.vcf import Variant
from attendome.variants.effects import SCORES
from attendome.variants.scoring import ScoredVariants

_TRIES = 100
"""Draws for each variant, until one is not of an N."""


def random_variants(genome: Genome, windows: pd.DataFrame, number: int, seed: int) -> list[Variant]:
    """Draw single-base variants, each base of the windows and each other base as likely.

    Args:
        genome: where their references are from.
        windows: a row per interval: ``chrom``, ``start``, ``end`` (0-based, half-open), within the
            chromosomes.
        number: how many variants; the same one may be drawn twice.
        seed: of the random numbers.

    Returns:
        Variants sorted by window and place.

    Raises:
        DataError: the windows hold hardly any base but N.
    """
    coins = np.random.default_rng(seed)
    widths = (windows["end"] - windows["start"]).to_numpy(np.int64)
    behind = widths.cumsum()
    found: list[tuple[int, int, int, int]] = []  # window, place, base, other base
    chroms, starts = windows["chrom"].tolist(), windows["start"].tolist()
    for _ in range(_TRIES * number):
        if len(found) == number:
            break
        place, other = int(coins.integers(behind[-1])), int(coins.integers(1, 4))
        window = int(np.searchsorted(behind, place, side="right"))
        position = starts[window] + place - int(behind[window] - widths[window])
        base = int(genome.read(chroms[window], position, position + 1)[0])
        if base != N:
            found.append((window, position, base, (base + other) % 4))
    if len(found) < number:
        raise DataError(f"{genome.path}: the windows of the background hold hardly any base but N.")
    return [
        Variant(chroms[window], position, "ACGT"[base], "ACGT"[other], record=record)
        for record, (window, position, base, other) in enumerate(sorted(found))
    ]


@dataclass(frozen=True)
class Background:
    """The sizes of the effects of random variants.

    Attributes:
        tracks: names of the tracks.
        sizes: of each score, absolute values, sorted.
    """

    tracks: tuple[str, ...]
    sizes: dict[str, Float[np.ndarray, "variant track"]]

    @classmethod
    def of(cls, scored: Iterable[ScoredVariants]) -> "Background":
        """Collect the effects of random variants."""
        parts = list(scored)
        return cls(
            parts[0].tracks,
            {
                name: np.sort(np.abs(np.concatenate([getattr(part, name) for part in parts])), 0)
                for name in SCORES
            },
        )

    def percentiles(self, scored: ScoredVariants) -> dict[str, Float[np.ndarray, "row track"]]:
        """Give what percentage of random variants has a smaller effect.

        Returns:
            For each score an array as the one of ``scored``, of 0 to 100: an effect of 0 has 0. NaN
            where no random variant has the score.
        """
        return {name: self._percentile(name, getattr(scored, name)) for name in SCORES}

    def _percentile(
        self, name: str, values: Float[np.ndarray, "row track"]
    ) -> Float[np.ndarray, "row track"]:
        found = np.full(values.shape, np.nan, np.float32)
        for track, sizes in enumerate(self.sizes[name].T):
            if len(sizes):
                smaller = np.searchsorted(sizes, np.abs(values[:, track]))
                found[:, track] = 100 * smaller / len(sizes)
        return found

    def save(self, path: Path) -> None:
        """Write a .npz file."""
        arrays: dict[str, Any] = {"tracks": np.array(self.tracks), **self.sizes}
        with path.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Background":
        """Read what ``save`` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file) as content:
                arrays: dict[str, Any] = {name: content[name] for name in (*SCORES, "tracks")}
        except (OSError, ValueError, LookupError, BadZipFile) as error:
            raise DataError(f"{path}: cannot be read as the effects of random variants.") from error
        return cls(tuple(map(str, arrays.pop("tracks"))), arrays)
