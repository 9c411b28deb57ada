"""Links between bins: how much the prediction for one bin, the target, looks at each other bin.

Three ways to say that, each of which gives a row of numbers per target, one per bin of the input:

- attention: the weight that the target gives to the bin, mean over heads, and of each head.
- gradients: the gradient of the target's log coverage, as ``gradient-x-input`` has it, summed over
  the bases of the bin.
- masking: the target's log coverage minus that with N for all bases of the bin.

Attention says where a bin reads, of whichever track; a row adds up to 1. The others are about the
log coverage of some tracks, and have a sign: above 0 the bin raises the target.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from attendome.genome.fasta import N
from attendome.interpretation.sequence.mutagenesis import Predict
from attendome.interpretation.sequence.substitutions import effect_of_gradient, importance
from attendome.interpretation.sequence.targets import Coverage, OneHot
from attendome.models.sequence.bases import one_hot
from attendome.models.sequence.model import SequenceModel

Sequence = UInt8[Tensor, " base"]
Bins = Int64[Tensor, " target"]
Links = Float[Tensor, "target position"]
Level = Callable[[Coverage], Float[Tensor, "batch bin"]]
"""Gives the log coverage of each bin."""


def level_of(tracks: Int64[Tensor, " kept"], pseudocount: float) -> Level:
    """Give the function ln(Σ coverage + pseudo-count), with the sum over some tracks."""
    return lambda coverage: (coverage[..., tracks].sum(dim=2) + pseudocount).log()


@torch.no_grad()
def attention_links(
    model: SequenceModel, sequence: Sequence, targets: Bins, *, both_strands: bool = False
) -> Float[Tensor, "head target position"]:
    """Give the attention of targets, of the heads of all layers, those of the first layer first.

    Args:
        model: the model, in evaluation mode.
        sequence: A C G T N = 0..4, on the device of the model.
        targets: bins of those predicted.
        both_strands: whether to give the mean with the attention on the reverse complement.

    Raises:
        ValueError: the model has no attention.
    """
    rows = targets + model.shape.crop // model.shape.bin_size
    coded = one_hot(sequence)[None]
    found = _heads(model, coded)[:, rows]
    if both_strands:
        found = (found + _heads(model, coded.flip(1, 2)).flip(1, 2)[:, rows]) / 2
    return found


def _heads(model: SequenceModel, sequence: OneHot) -> Float[Tensor, "head bin other_bin"]:
    layers = model.attend(sequence).attention
    if not layers:
        raise ValueError("the model has no attention")
    return torch.cat([layer[0] for layer in layers]).float()


def gradient_links(
    coverage: Callable[[OneHot], Coverage],
    sequence: Sequence,
    targets: Bins,
    level: Level,
    bin_size: int,
) -> Links:
    """Sum, over the bases of each bin, the gradient of each target's level times the input.

    The input is taken as its difference from a quarter of each base, which leaves out what the
    derivatives for all four bases have in common (see ``substitutions``).

    Args:
        coverage: predicts coverage from a one-hot sequence.
        sequence: A C G T N = 0..4, on the device of the model.
        targets: bins of those predicted.
        level: what is explained of each bin.
        bin_size: length of a bin, in bp.
    """
    point = one_hot(sequence)[None].requires_grad_()
    levels = level(coverage(point))[0, targets]
    rows = []
    for number, one in enumerate(levels):  # one graph for all, so that its memory is that of one
        kept = number + 1 < len(levels)
        (gradient,) = torch.autograd.grad(one, point, retain_graph=kept)
        effect = effect_of_gradient(gradient[0], sequence)
        each = importance(effect[None], sequence)[0]
        rows.append(each.view(-1, bin_size).sum(dim=1))
    return torch.stack(rows)


@torch.no_grad()
def masking_links(
    predict: Predict, sequence: Sequence, targets: Bins, level: Level, bin_size: int, at_once: int
) -> Links:
    """Put N in the place of all bases of a bin, one bin at a time, and see what that takes.

    Args:
        predict: gives the coverage of a sequence, and of sequences that differ from it in few
            places; quickest where it uses that.
        sequence: A C G T N = 0..4.
        targets: bins of those predicted.
        level: what is explained of each bin.
        bin_size: length of a bin, in bp.
        at_once: bins masked at once, each in a copy of the sequence.
    """
    parts = []
    for masked in torch.split(torch.arange(len(sequence) // bin_size), at_once):
        copies = sequence.repeat(len(masked), 1)
        copies.view(len(masked), -1, bin_size)[torch.arange(len(masked)), masked] = N
        whole, without = predict(sequence[None], copies)
        parts.append((level(whole) - level(without))[:, targets])
    return torch.cat(parts).T
