"""Distal attention by rows: the scores of some bins at a time, so that they stay in the cache.

Weights are not kept for the gradients, which work them out again, and neither are scores where they
are many. Products of matrices are in the precision of the states (bfloat16 under autocast),
everything else in that of f (float32).

Keys are walked through from the last to the first. Bin j then meets f at the offsets
positions − 1 − j − k of the keys k = 0, 1, ...: a row further is one element further in the
reversed profile, and f of all pairs is a view of it.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

CPU_ROWS = 512
"""Fewer make the products of matrices slower, more take more memory for no more speed."""
KEPT = 2**25
"""Scores up to which they are kept for the gradients: 128 MiB, where the tower takes gigabytes."""


def attend_by_rows(
    queries: Float[Tensor, "batch head channel position"],
    states: Float[Tensor, "batch channel position"],
    profile: Float[Tensor, "head offset"],
    *,
    relu_scores: bool = False,
    rows: int | None = None,
) -> Float[Tensor, "batch head channel position"]:
    """Give the contexts, equal to those of ``attend_plainly``.

    Args:
        queries: tanh(h_j W + b) of each head.
        states: h, in the precision of the queries.
        profile: f of each head at the offsets t − j from 1 − positions to positions − 1.
        relu_scores: whether scores go through ReLU before f multiplies them.
        rows: number of bins at a time; by default 512 on a CPU, and all on a GPU.
    """
    positions = states.shape[2]
    if rows is None:
        rows = CPU_ROWS if states.device.type == "cpu" else positions
    keep = torch.is_grad_enabled() and queries.shape[:2].numel() * positions**2 <= KEPT
    contexts: Tensor = _ByRows.apply(  # type: ignore[no-untyped-call]
        queries, states.flip(2), profile.flip(1), relu_scores, min(rows, positions), keep
    )
    return contexts


class _ByRows(torch.autograd.Function):
    """The contexts from queries, and from states and profile that are reversed."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - PyTorch's
        queries: Tensor,
        keys: Tensor,
        profile: Tensor,
        relu_scores: bool,
        rows: int,
        keep: bool,
    ) -> Tensor:
        f = profile.unfold(1, keys.shape[2], 1)
        contexts = torch.empty_like(queries)
        kept = f.new_empty(*queries.shape[:2], *f.shape[1:]) if keep else None
        room = f.new_empty(rows, keys.shape[2])
        for batch, head, part in _parts(queries, rows):
            weights = room[: part.stop - part.start]
            scores = weights if kept is None else kept[batch, head, part]
            _score(scores, queries[batch, head, :, part], keys[batch], relu=relu_scores)
            torch.mul(scores, f[head, part], out=weights)
            torch.softmax(weights, -1, out=weights)
            transposed = weights.to(keys.dtype).t()
            _multiply(contexts[batch, head, :, part], keys[batch], transposed)
        ctx.save_for_backward(queries, keys, profile, contexts, kept)
        ctx.relu_scores, ctx.rows = relu_scores, rows
        return contexts

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401 - PyTorch's
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        queries, keys, profile, contexts, kept = ctx.saved_tensors
        f = profile.unfold(1, keys.shape[2], 1)
        of_queries, of_f = torch.empty_like(queries), _Diagonals(profile, ctx.rows)
        of_keys = torch.zeros_like(keys, dtype=profile.dtype)
        room = f.new_empty(3, ctx.rows, keys.shape[2])
        for batch, head, part in _parts(queries, ctx.rows):
            query, outer = queries[batch, head, :, part], gradient[batch, head, :, part]
            scores, weights, change = room[:, : part.stop - part.start]
            if kept is None:
                _score(scores, query, keys[batch], relu=ctx.relu_scores)
            else:
                scores = kept[batch, head, part]
            torch.mul(scores, f[head, part], out=weights)
            torch.softmax(weights, -1, out=weights)
            _add_product(of_keys[batch], outer, weights.to(keys.dtype))
            # Through the softmax: weight × (its gradient − the weights' mean of theirs).
            _multiply(change, outer.t(), keys[batch])
            change -= (outer * contexts[batch, head, :, part]).sum(0, dtype=f.dtype)[:, None]
            change *= weights
            if ctx.needs_input_grad[2]:
                of_f.add(head, part.start, change, scores)
            change *= f[head, part]
            if ctx.relu_scores:
                change.masked_fill_(scores <= 0, 0)
            change = change.to(keys.dtype)
            _multiply(of_queries[batch, head, :, part], keys[batch], change.t())
            _add_product(of_keys[batch], query, change)
        return of_queries, of_keys.to(keys.dtype), of_f.total, None, None, None


class _Diagonals:
    """Sums along the diagonals of scores: element r + k takes what row r has of key k.

    Args:
        profile: gives the shape of the sums.
        rows: number of rows at a time.
    """

    def __init__(self, profile: Tensor, rows: int) -> None:
        self.total = torch.zeros_like(profile)
        # The view below steps by one element more than a row has, so that each row stands one
        # further to the right than the last; what is around it stays zero.
        self.width = profile.shape[1] // 2 + rows
        self.sheared = profile.new_zeros(rows, self.width)

    def add(self, head: int, start: int, left: Tensor, right: Tensor) -> None:
        """Add the products, of rows from ``start`` on."""
        torch.mul(left, right, out=self.sheared.as_strided(left.shape, (self.width + 1, 1)))
        width = sum(left.shape) - 1
        self.total[head, start : start + width] += self.sheared[: len(left), :width].sum(0)


def _parts(queries: Tensor, rows: int) -> Iterator[tuple[int, int, slice]]:
    """Give each sequence, head and some bins."""
    batches, heads, _, positions = queries.shape
    for batch, head, start in product(range(batches), range(heads), range(0, positions, rows)):
        yield batch, head, slice(start, min(start + rows, positions))


def _score(out: Tensor, query: Tensor, keys: Tensor, *, relu: bool) -> None:
    """Write the scores of some bins, before f multiplies them."""
    _multiply(out, query.t(), keys)
    if relu:
        out.relu_()


def _multiply(out: Tensor, left: Tensor, right: Tensor) -> None:
    """Write a product of matrices."""
    if out.dtype == left.dtype:
        torch.mm(left, right, out=out)
    else:
        out.copy_(left @ right)


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add a product of matrices."""
    if total.dtype == left.dtype:
        torch.addmm(total, left, right, out=total)
    else:
        total += left @ right
