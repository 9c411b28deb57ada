"""AttentiveSet: attention over bins (α) and over a set of marks (β), with a value per mark and bin.

A model of this toolkit, made to keep AttentiveChrome's two readable attentions and to be better on
few genes, for any subset of the marks, and in no order of them. With x_jg the mean transformed
signal of mark j in the g-th group of bins, G groups and J marks, one member computes

    h_jg = ReLU(w_j x_jg + p_jg)                      what is seen there
    α_jg = softmax_g(c_j · h_jg + s_jg)               attention over bins
    m_j = Σ_g α_jg h_jg + e_j                         the mark, with an embedding of its own
    v_j = o · m_j + b + G Σ_g α_jg a_jg x_jg          what it says about the gene
    r_j = m_j + tanh(Σ_i softmax_i(q_j · k_i) y_i)    the mark among the others: q, k, y linear in m
    β_j = softmax_j(u · tanh(r_j))                    attention over marks
    log odds = J Σ_j β_j v_j

and the model gives the mean of its members. v_j depends on mark j alone: whatever marks do together
passes through β. G and J are there so that even attention has the weight 1: the model starts near a
linear one. On a few hundred genes it stays there, with α and β near even: then it is their order,
not their size, that tells where the model looks.

Marks are a set: every parameter belongs to one mark by its name, or to all of them, none to a place
in an order. docs/attentive-set.md takes each part away in turn.
"""

import math

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from attendome.config import Settings
from attendome.models.blocks import (
    InputTransform,
    TransformName,
    check_signal,
    hide_marks,
    softmax_over,
)
from attendome.models.outputs import ChromatinOutput


class AttentiveSetSettings(Settings):
    """Architecture of AttentiveSet."""

    transform: TransformName = "depth-normalised"
    """What is done to the signal first: counts, log1p or depth-normalised."""
    pool: int = Field(default=2, ge=1)
    """Bins in a group, whose mean is read; the last group is smaller where they do not divide."""
    hidden: int = Field(default=16, ge=1)
    """Size of the encoding of a group of bins, and of a mark."""
    interaction: bool = True
    """Whether β depends on what the marks say together; without, on each mark alone."""
    linear: bool = True
    """Whether a mark's value has a part that is linear in its signal."""
    dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of the encodings of marks that is dropped in training."""
    mark_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the marks of a gene that are hidden in training, at random, never all of them."""
    members: int = Field(default=4, ge=1)
    """Networks side by side, of which prediction, α and β are averaged."""


class Member(nn.Module):
    """One of the networks that are averaged.

    Args:
        marks: number of marks.
        groups: number of groups of bins.
        settings: sizes and options.
    """

    def __init__(self, marks: int, groups: int, settings: AttentiveSetSettings) -> None:
        super().__init__()
        hidden = settings.hidden
        self.weight = _parameter(marks, 1, hidden, bound=1.0)
        self.position = _parameter(marks, groups, hidden, bound=0.5)
        self.context = _parameter(marks, hidden, bound=0.1)
        self.place = nn.Parameter(torch.zeros(marks, groups))
        self.slope = nn.Parameter(torch.zeros(marks, groups)) if settings.linear else None
        self.embedding = _parameter(marks, hidden, bound=0.1)
        self.dropout = nn.Dropout(settings.dropout)
        self.among = nn.Linear(hidden, 3 * hidden, bias=False) if settings.interaction else None
        self.mark_context = _parameter(hidden, bound=1 / math.sqrt(hidden))
        self.output = nn.Linear(hidden, 1)

    def forward(
        self, signal: Float[Tensor, "batch mark group"], present: Bool[Tensor, "batch mark"]
    ) -> tuple[
        Float[Tensor, "batch"], Float[Tensor, "batch mark group"], Float[Tensor, "batch mark"]
    ]:
        """Give the log odds, α and β, with the marks that are present."""
        seen = (signal.unsqueeze(-1) * self.weight + self.position).relu()
        alpha = (torch.einsum("bmgh,mh->bmg", seen, self.context) + self.place).softmax(dim=2)
        marks = self.dropout(torch.einsum("bmg,bmgh->bmh", alpha, seen)) + self.embedding
        value = self.output(marks).squeeze(-1)
        if self.slope is not None:
            value = value + signal.shape[2] * (alpha * signal * self.slope).sum(dim=2)
        if self.among is not None:
            query, key, told = self.among(marks).chunk(3, dim=2)
            scores = query @ key.transpose(1, 2) / math.sqrt(query.shape[2])
            marks = marks + (softmax_over(scores, present.unsqueeze(1)) @ told).tanh()
        beta = softmax_over(marks.tanh() @ self.mark_context, present)
        odds = present.sum(dim=1) * (beta * value).sum(dim=1)
        return odds, alpha * present.unsqueeze(2), beta


class AttentiveSet(nn.Module):
    """Predict whether a gene is on from the signal of any subset of the marks.

    A mark whose signal is NaN for a gene was not measured there: it takes no part, and its α and β
    are 0. α is the same for the bins of a group.

    Args:
        marks: number of marks.
        bins: number of bins.
        settings: sizes and options.

    >>> model = AttentiveSet(marks=5, bins=100).eval()
    >>> signal = torch.ones(2, 5, 100)
    >>> signal[:, 3] = torch.nan
    >>> output = model(signal)
    >>> output.alpha.shape, (output.beta[0] > 0).tolist()
    (torch.Size([2, 5, 100]), [True, True, True, False, True])
    """

    def __init__(self, marks: int, bins: int, settings: AttentiveSetSettings | None = None) -> None:
        super().__init__()
        settings = settings or AttentiveSetSettings()
        self.marks, self.bins, self.settings = marks, bins, settings
        self.transform = InputTransform(settings.transform, marks)
        groups = math.ceil(bins / settings.pool)
        self.members = nn.ModuleList(
            Member(marks, groups, settings) for _ in range(settings.members)
        )

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> ChromatinOutput:
        """Predict, with the attention over bins and over marks.

        Raises:
            ValueError: the signal is not of as many marks and bins as the model.
        """
        check_signal(signal, self.marks, self.bins)
        present = ~signal.isnan().any(dim=2)
        if self.training:
            present = hide_marks(present, self.settings.mark_dropout)
        # Before the transform, not after it, where the gradient of NaN is NaN.
        known = self.transform(torch.where(present.unsqueeze(2), signal, 0.0))
        pooled = functional.avg_pool1d(known, self.settings.pool, ceil_mode=True)
        parts = zip(*(member(pooled, present) for member in self.members), strict=True)
        odds, alpha, beta = (torch.stack(part).mean(dim=0) for part in parts)
        return ChromatinOutput(odds, self._over_bins(alpha), beta)

    def _over_bins(
        self, alpha: Float[Tensor, "batch mark group"]
    ) -> Float[Tensor, "batch mark bin"]:
        """Share the attention of each group evenly among its bins."""
        group = torch.arange(self.bins, device=alpha.device) // self.settings.pool
        return (alpha / group.bincount())[:, :, group]


def _parameter(*shape: int, bound: float) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


DEFAULT = {"epochs": 60, "patience": 15, "batch_size": 32, "learning_rate": 5e-4}
"""Found by cross-validation, without the test splits: docs/attentive-set.md."""
