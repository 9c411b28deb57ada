"""Building blocks that several architectures share."""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

TransformName = Literal["counts", "log1p", "depth-normalised"]


def check_signal(
    signal: Float[Tensor, "batch mark bin"], marks: int, bins: int | None = None
) -> None:
    """Check that a signal has as many marks, and where ``bins`` is given as many bins, as expected.

    Raises:
        ValueError: it has not.
    """
    if signal.shape[1] != marks:
        raise ValueError(f"expected {marks} marks on axis 1, found {signal.shape[1]}")
    if bins is not None and signal.shape[2] != bins:
        raise ValueError(f"expected {bins} bins on axis 2, found {signal.shape[2]}")


class InputTransform(nn.Module):
    """What is done to the signal before the first layer; stored with the model.

    - ``counts``: nothing, as published.
    - ``log1p``: log(1 + signal).
    - ``depth-normalised``: log(1 + signal / mean), with the mean signal per bin of each mark in the
      training genes, so that marks sequenced to different depths meet on one scale.
    """

    mean: Tensor

    def __init__(self, name: TransformName, marks: int) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("mean", torch.ones(marks))

    @torch.no_grad()
    def fit(self, signal: Float[Tensor, "gene mark bin"]) -> None:
        """Take the mean signal of each mark from the training genes where it was measured."""
        mean = signal.nanmean(dim=(0, 2))
        self.mean.copy_(torch.where(mean > 0, mean, torch.ones_like(mean)))

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> Float[Tensor, "batch mark bin"]:
        """Transform the signal."""
        if self.name == "counts":
            return signal
        if self.name == "log1p":
            return signal.log1p()
        return (signal / self.mean[:, None]).log1p()


class MarkwiseLSTM(nn.Module):
    """One LSTM per mark over its bins, AttentiveChrome eq. 2–4.

    This is the only place that knows how the recurrence is computed.
    """

    def __init__(self, marks: int, hidden: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.lstms = nn.ModuleList(
            nn.LSTM(1, hidden, bidirectional=bidirectional, batch_first=True) for _ in range(marks)
        )

    def forward(
        self, signal: Float[Tensor, "batch mark bin"]
    ) -> list[Float[Tensor, "batch bin hidden"]]:
        """Encode each bin with the bins around it; one tensor per mark."""
        steps = signal.unsqueeze(-1)
        return [lstm(steps[:, mark])[0] for mark, lstm in enumerate(self.lstms)]


class BinConvolution(nn.Module):
    """A convolution over bins, then ReLU, with as many positions as bins.

    Bins beyond the window count as zero. Of an even number of bins that a filter covers, one more
    is after the bin it is placed at than before it.
    """

    def __init__(self, marks: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.padding = ((kernel - 1) // 2, kernel // 2)
        self.convolution = nn.Conv1d(marks, filters, kernel)

    def forward(self, signal: Float[Tensor, "batch mark bin"]) -> Float[Tensor, "batch bin hidden"]:
        """Encode each bin with the bins around it."""
        found: Tensor = self.convolution(functional.pad(signal, self.padding))
        return found.relu().transpose(1, 2)


class ContextAttention(nn.Module):
    """Attention by a learned context vector u: w_t = softmax_t(h_t · u), AttentiveChrome eq. 5.

    Gives the weighted sum Σ_t w_t h_t and the weights w.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.context = nn.Parameter(torch.empty(hidden).uniform_(-0.1, 0.1))

    def forward(
        self, states: Float[Tensor, "batch step hidden"]
    ) -> tuple[Float[Tensor, "batch hidden"], Float[Tensor, "batch step"]]:
        """Weigh the steps and sum over them."""
        weights = (states @ self.context).softmax(dim=1)
        return torch.bmm(weights.unsqueeze(1), states).squeeze(1), weights


class MarkwiseAttention(nn.ModuleList):
    """One attention per mark over its bins: m_j = Σ_t α_jt h_jt."""

    def __init__(self, marks: int, hidden: int) -> None:
        super().__init__(ContextAttention(hidden) for _ in range(marks))

    def forward(
        self, states: list[Float[Tensor, "batch bin hidden"]]
    ) -> tuple[Float[Tensor, "batch mark hidden"], Float[Tensor, "batch mark bin"]]:
        """Weigh the bins of each mark and sum over them."""
        attended = [attention(of_mark) for attention, of_mark in zip(self, states, strict=True)]
        marks, alpha = zip(*attended, strict=True)
        return torch.stack(marks, dim=1), torch.stack(alpha, dim=1)


def softmax_over(
    scores: Float[Tensor, "*batch mark"], present: Bool[Tensor, "*#batch mark"]
) -> Float[Tensor, "*batch mark"]:
    """Give the softmax over the marks that are present, and 0 to the others.

    Finite where no mark is present, too: then all are 0.
    """
    masked = scores.masked_fill(~present, torch.finfo(scores.dtype).min)
    return masked.softmax(dim=-1) * present


def hide_marks(present: Bool[Tensor, "batch mark"], share: float) -> Bool[Tensor, "batch mark"]:
    """Hide each mark of each gene with a probability; all stay where none would be left."""
    kept = present & (torch.rand(present.shape, device=present.device) >= share)
    return torch.where(kept.any(dim=1, keepdim=True), kept, present)
