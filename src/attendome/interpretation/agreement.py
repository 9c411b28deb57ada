"""Do maps of the same genes agree: between seeds, and with the marks in another order?"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from attendome.interpretation.estimates import PerGene, Resamples, pearson, ranked
from attendome.interpretation.held_out import ALL_MARKS, UNTRAINED, Cells

SEEDS, ORDER = "seeds", "mark order"
LEAST = "seeds that agree least"


def agreement_rows(
    method: str,
    seeds: Sequence[Cells],
    *,
    untrained: Cells | None,
    reversed_marks: Cells | None,
    seed: int = 0,
) -> Iterator[dict[str, Any]]:
    """Correlate the importance that several models give, over the cells of each gene.

    Args:
        method: name of the method.
        seeds: the importance by runs that differ only in the seed, two or more; that of the run
            itself first.
        untrained: that by the model with random weights, if there is any.
        reversed_marks: that by a run with the marks in reverse order, here in the order of the
            others, if there is any.
        seed: seed of the resamples.

    Returns:
        A row ``seeds``, the mean over genes of Spearman's ρ of |importance| over pairs of runs;
        beside it that of run and untrained model. A row ``mark order``, of the run and that with
        reversed marks; beside it that of the two seeds that agree least, since one run with
        reversed marks may differ by chance as far as one with another seed.
    """
    resamples = Resamples(len(seeds[0]), seed)
    about = {"method": method, "profile": ALL_MARKS}
    pairs = [spearman(a, b) for a, b in combinations(seeds, 2)]
    between = np.mean(pairs, axis=0)
    yield about | {"check": SEEDS, "null": ""} | resamples.mean(between)
    if untrained is not None:
        found = resamples.mean(between, spearman(seeds[0], untrained))
        yield about | {"check": SEEDS, "null": UNTRAINED} | found
    if reversed_marks is not None:
        turned = spearman(seeds[0], reversed_marks)
        yield about | {"check": ORDER, "null": ""} | resamples.mean(turned)
        least = min(pairs, key=lambda pair: resamples.mean(pair)["value"])
        yield about | {"check": ORDER, "null": LEAST} | resamples.mean(turned, least)


def spearman(a: Cells, b: Cells) -> PerGene:
    """Give Spearman's ρ of |a| and |b| over the cells of each gene; NaN where one is constant."""
    ours, theirs = (ranked(np.abs(cells).reshape(len(cells), -1)) for cells in (a, b))
    return pearson(ours, theirs)
