"""Saturation mutagenesis: the prediction for every single base in the place of every other."""

from collections.abc import Callable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from attendome.interpretation.sequence.substitutions import Effect
from attendome.interpretation.sequence.targets import Target

Alleles = UInt8[Tensor, "allele position"]
Predict = Callable[
    [UInt8[Tensor, "1 position"], Alleles],
    tuple[Float[Tensor, "1 bin track"], Float[Tensor, "allele bin track"]],
]
"""Predicts the coverage of a sequence, and of sequences that differ from it in few places."""


def mutagenesis(
    predict: Predict,
    sequence: UInt8[Tensor, " position"],
    places: range,
    target: Target,
    at_once: int,
) -> Effect:
    """Put every base in the place of every other, one at a time.

    Args:
        predict: gives predictions; quickest where it uses that the sequences differ in one base.
        sequence: the bases, A C G T N = 0..4; in the place of an N all four are put.
        places: which positions are changed.
        target: what is explained.
        at_once: sequences that are given to ``predict`` together.

    Returns:
        The target minus that of the sequence as it is, for the places; 0 for its own bases.
    """
    bases = torch.arange(4, dtype=torch.uint8)
    place, base = (bases != sequence[places.start : places.stop, None]).nonzero(as_tuple=True)
    effect = torch.zeros(len(target.tracks), len(places), 4)
    for rows in torch.split(torch.arange(len(place)), at_once):
        alleles = sequence.repeat(len(rows), 1)
        alleles[torch.arange(len(rows)), places.start + place[rows]] = bases[base[rows]]
        ref, alt = predict(sequence.unsqueeze(0), alleles)
        effect[:, place[rows], base[rows]] = (target(alt) - target(ref)).T.cpu()
    return effect
