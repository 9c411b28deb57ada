"""Building blocks that several architectures share."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

TransformName = Literal["counts", "log1p", "depth-normalised"]


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
        """Take the mean signal of each mark from the training genes."""
        mean = signal.mean(dim=(0, 2))
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
