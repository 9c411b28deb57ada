"""Predict windows of the genome, and the same windows with variants in them.

The tower takes most of the time, and a base reaches a few of its bins. The tower reads a stretch of
the genome that several windows overlap in once for all of them; of a window, only the bins at its
ends are computed again, which see nothing beyond it. Of an allele, only the bins that its bases
reach are, and put among those of the genome's window. What comes after the tower is computed whole.
Bins in which the tower and the context give what they give for the genome have its prediction, to
the last digit.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor, nn

from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.model import SequenceModel
from attendome.models.sequence.trunk import TOWER, pools
from attendome.training.inference import device_of
from attendome.training.sequence.augmentation import on_other_strand, reverse_complement, shifted
from attendome.training.sequence.inference import Averaging
from attendome.variants.stretches import GenomeWindows

Windows = UInt8[Tensor, "window position"]
Alleles = UInt8[Tensor, "allele position"]
States = Float[Tensor, "window channel bin"]
Owner = Int64[Tensor, "allele"]


class Reach(NamedTuple):
    """How far a bin of the tower sees beyond its own bases, in bp.

    Attributes:
        left: towards lower positions.
        right: towards higher positions.
    """

    left: int
    right: int


def reach(bin_size: int) -> Reach:
    """Give how far the tower sees.

    >>> reach(128)
    Reach(left=222, right=265)
    """
    left, right, step = 0, 0, 1
    for (_, kernel), pool in zip(TOWER, pools(bin_size), strict=True):
        left += step * ((kernel - 1) // 2)
        right += step * (kernel - 1 - (kernel - 1) // 2)
        step *= pool
    return Reach(left, right)


def predict_alleles(
    model: nn.Module,
    genome: GenomeWindows,
    alleles: Alleles,
    window_of: Sequence[int],
    strand_pair: Int64[Tensor, "track"],
    averaging: Averaging,
    batch_size: int,
) -> tuple[Float[Tensor, "window bin track"], Float[Tensor, "allele bin track"]]:
    """Predict windows of the genome, and windows that differ from them.

    Args:
        model: a sequence model, in evaluation mode.
        genome: windows of the genome.
        alleles: windows with another allele.
        window_of: number of the genome's window of each of ``alleles``.
        strand_pair: number of the track of the other strand of each track, or its own.
        averaging: what predictions are averaged over.
        batch_size: windows at once.

    Returns:
        The coverage of both, where the model is.
    """
    device = device_of(model)
    genome, alleles = genome.to(device), alleles.to(device)
    owner, pairs = torch.tensor(window_of, device=device), strand_pair.to(device)
    strands = (False, True) if averaging.reverse_complement else (False,)
    views = [(shift, reverse) for shift in averaging.shifts for reverse in strands]
    totals: list[Tensor] = []
    # TensorFloat-32 has three digits: less than the effects that are looked for.
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        windows = genome.windows()
        for shift, reverse in views:
            ours, theirs = shifted(windows, shift), shifted(alleles, shift)
            if reverse:
                ours, theirs = reverse_complement(ours), reverse_complement(theirs)
            if isinstance(model, SequenceModel):
                states = _window_states(model, genome.view(shift, reverse=reverse), ours, shift)
                found = _with_tower(model, states, ours, theirs, owner, batch_size)
            else:
                found = _whole(model, ours, theirs, owner, batch_size)
            if reverse:
                found = [on_other_strand(part, pairs) for part in found]
            totals = [a + b for a, b in zip(totals, found, strict=True)] if totals else found
    ref, alt = (total / len(views) for total in totals)
    return ref, alt


def _whole(
    model: nn.Module, genome: Windows, alleles: Alleles, owner: Owner, batch_size: int
) -> list[Tensor]:
    """Predict with any model; a window that is the genome's own has its prediction."""
    ref = torch.cat([model(one_hot(part)) for part in torch.split(genome, batch_size)])
    alt = torch.cat([model(one_hot(part)) for part in torch.split(alleles, batch_size)])
    same = (alleles == genome[owner]).all(1)
    return [ref, torch.where(same[:, None, None], ref[owner], alt)]


def _with_tower(
    model: SequenceModel,
    states: States,
    genome: Windows,
    alleles: Alleles,
    owner: Owner,
    batch_size: int,
) -> list[Tensor]:
    """Predict, with only those bins of the tower computed again that the changes reach."""
    contexts = torch.cat([model.context(part) for part in torch.split(states, batch_size)])
    ref = torch.cat([model.coverage_of(part) for part in torch.split(contexts, batch_size)])
    cropped = model.shape.crop // model.shape.bin_size
    reached = _reached(alleles != genome[owner], model.shape.bin_size)
    order = (reached[1] - reached[0]).argsort()  # those that change as many bins go together
    alt = ref.new_empty(len(alleles), *ref.shape[1:])
    for rows in torch.split(order, batch_size):
        own = owner[rows]
        changed = _changed(model, alleles[rows], states[own], reached[:, rows])
        context = model.context(changed)
        same = (context == contexts[own]).all(1) | (changed == states[own]).all(1).all(1)[:, None]
        same = same[:, cropped : cropped + ref.shape[1], None]
        alt[rows] = torch.where(same, ref[own], model.coverage_of(context))
    return [ref, alt]


def _window_states(
    model: SequenceModel, genome: GenomeWindows, windows: Windows, shift: int
) -> States:
    """Give the tower's states of windows, of whose stretches it is computed once."""
    size, bins = model.shape.bin_size, genome.length // model.shape.bin_size
    whole = [model.tower(one_hot(stretch[None]))[0] for stretch in genome.stretches]
    states = torch.stack(
        [whole[n][:, start // size : start // size + bins] for n, start in genome.places]
    )
    if len(windows) == len(whole):
        return states
    left, right = (min(-(-(side + abs(shift)) // size), bins) for side in reach(size))
    for first, behind in ((0, left), (bins - right, bins)):
        ends = torch.tensor([[first], [behind]], device=states.device).expand(2, len(windows))
        states = _changed(model, windows, states, ends)
    return states


def _reached(differs: Bool[Tensor, "allele position"], bin_size: int) -> Int64[Tensor, "2 allele"]:
    """Give the first bin whose state a change reaches, and the one behind the last.

    Where nothing differs, the first is not before the other.
    """
    left, right = reach(bin_size)
    length = differs.shape[1]
    place = torch.arange(length, device=differs.device)
    first = place.where(differs, length + left + right + bin_size).amin(1)
    last = place.where(differs, -left - bin_size).amax(1)
    start = (first - right).div(bin_size, rounding_mode="floor")
    return torch.stack([start, (last + left) // bin_size + 1]).clamp(0, length // bin_size)


def _changed(
    model: SequenceModel, windows: Windows, states: States, reached: Int64[Tensor, "2 allele"]
) -> States:
    """Compute some bins of the tower's states again, from the first to the one behind the last."""
    size, (start, end) = model.shape.bin_size, reached
    before, after = (-(-distance // size) for distance in reach(size))
    width = min(max(int((end - start).amax()), 1) + before + after, states.shape[2])
    begin = (start - before).clamp(0, states.shape[2] - width)
    bins = begin[:, None] + torch.arange(width, device=begin.device)
    bases = begin[:, None] * size + torch.arange(width * size, device=begin.device)
    fresh = model.tower(one_hot(windows.gather(1, bases))).transpose(1, 2)
    inside = (bins >= start[:, None]) & (bins < end[:, None])
    rows, _ = inside.nonzero(as_tuple=True)
    states[rows, :, bins[inside]] = fresh[inside]
    return states
