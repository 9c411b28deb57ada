"""Sums of simulated predictions."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from attendome.training.sequence.sums import RegionSums

ASSAYS = ("CAGE", "CAGE", "DNASE", "CHIP")


@pytest.fixture(scope="session")
def simulate_sums() -> "Callable[..., RegionSums]":
    """Give a function that makes the sums of predictions that follow the coverage.

    Coverage depends on nothing but the regions and ``chromosome``; its level differs between
    regions. ``strength`` is the weight of the truth in a prediction, ``seed`` is that of the rest.
    """
    import torch

    from attendome.training.sequence.sums import RegionSums

    def simulate(
        strength: float = 1.0,
        seed: int = 0,
        regions: int = 40,
        chromosome: str = "chr1",
        change: "Callable[[torch.Tensor, torch.Tensor], None] | None" = None,
    ) -> RegionSums:
        shape = (regions, 20, len(ASSAYS))
        truth = torch.Generator().manual_seed(sum(map(ord, chromosome)))
        observed = torch.randn(shape, generator=truth)
        observed += torch.randn((regions, 1, len(ASSAYS)), generator=truth)
        miss = torch.randn(shape, generator=torch.Generator().manual_seed(1000 + seed))
        predicted = strength * observed + miss
        if change:
            change(observed, predicted)
        names = [f"{chromosome}:{100 * n}-{100 * n + 100}" for n in range(regions)]
        sums = RegionSums(names, [f"T{n}" for n in range(len(ASSAYS))], ASSAYS)
        sums.add(torch.arange(regions), observed, predicted)
        return sums

    return simulate
