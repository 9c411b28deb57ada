"""Time attentive-chrome against a straightforward PyTorch version of the same equations.

At real size: one training epoch over 6,601 genes × 5 marks × 100 bins at batch sizes 16 and 256,
and inference on the same genes. Both sides do the same arithmetic, run in turn in one process, and
must agree to 1e-5 before they are timed. Prints JSON: seconds of each side (median over rounds,
scaled up from the share of the genes that was run) and the ratio plain / ours.

    python benchmarks/attentive_chrome.py [--rounds 3] [--share 0.1]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from attendome import AttentiveChrome

GENES, MARKS, BINS = 6601, 5, 100


class PlainAttention(nn.Module):
    """Attention over the steps of one sequence per gene, gene by gene."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.context = nn.Parameter(torch.zeros(hidden))

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh the states, batch × step × hidden, and sum."""
        weights = torch.stack([torch.softmax(gene @ self.context, dim=0) for gene in states])
        sums = [weights[gene] @ states[gene] for gene in range(len(states))]
        return torch.stack(sums), weights


class PlainAttentiveChrome(nn.Module):
    """The same network as most would write it: mark by mark, attention gene by gene."""

    def __init__(self) -> None:
        super().__init__()
        self.lstms = nn.ModuleList(
            nn.LSTM(1, 32, bidirectional=True, batch_first=True) for _ in range(MARKS)
        )
        self.bin_attentions = nn.ModuleList(PlainAttention(64) for _ in range(MARKS))
        self.mark_lstm = nn.LSTM(64, 16, bidirectional=True, batch_first=True)
        self.mark_attention = PlainAttention(32)
        self.output = nn.Linear(32, 1)

    def forward(self, signal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give logit, α and β for a batch × mark × bin."""
        marks, alphas = [], []
        for mark in range(MARKS):
            states, _ = self.lstms[mark](signal[:, mark, :].unsqueeze(-1))
            summary, alpha = self.bin_attentions[mark](states)
            marks.append(summary)
            alphas.append(alpha)
        states, _ = self.mark_lstm(torch.stack(marks, dim=1))
        gene, beta = self.mark_attention(states)
        return self.output(gene).squeeze(-1), torch.stack(alphas, dim=1), beta

    def copy(self, ours: AttentiveChrome) -> None:
        """Take our weights."""
        self.lstms.load_state_dict(ours.bin_encoder.lstms.state_dict())
        self.bin_attentions.load_state_dict(ours.bin_attentions.state_dict())
        self.mark_lstm.load_state_dict(ours.mark_encoder.state_dict())
        self.mark_attention.context.data = ours.mark_attention.context.detach().clone()
        self.output.load_state_dict(ours.output.state_dict())


def check_equal(ours: AttentiveChrome, plain: PlainAttentiveChrome, signal: Tensor) -> None:
    """Compare outputs and the gradient of the input on one batch."""
    inputs = [signal[:64].clone().requires_grad_() for _ in range(2)]
    outputs = [ours(inputs[0]), plain(inputs[1])]
    for left, right in zip(*outputs, strict=True):
        torch.testing.assert_close(left, right, atol=1e-5, rtol=0)
    for output in outputs:
        output[0].sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, atol=1e-5, rtol=0)


def train(model: nn.Module, signal: Tensor, label: Tensor, batch: int) -> None:
    """Run the training steps of some genes."""
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    for x, y in zip(signal.split(batch), label.split(batch), strict=True):
        optimizer.zero_grad()
        functional.binary_cross_entropy_with_logits(model(x)[0], y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@torch.inference_mode()
def predict(model: nn.Module, signal: Tensor, batch: int) -> None:
    """Predict for some genes."""
    for x in signal.split(batch):
        model(x)


def compare(rounds: int, share: float, ours: Callable[[], None], plain: Callable[[], None]) -> dict:
    """Time both sides in turn."""
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for number in range(rounds + 1):
        for name, run in (("ours", ours), ("plain", plain)):
            start = time.perf_counter()
            run()
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    ratios = [p / o for o, p in zip(seconds["ours"], seconds["plain"], strict=True)]
    return {
        "ours_seconds": round(statistics.median(seconds["ours"]) / share, 2),
        "plain_seconds": round(statistics.median(seconds["plain"]) / share, 2),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def main() -> None:
    """Compare training and inference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.1, help="share of the genes that is run")
    options = parser.parse_args()
    torch.manual_seed(0)
    signal = torch.poisson(torch.full((int(GENES * options.share), MARKS, BINS), 3.0))
    label = torch.randint(2, (len(signal),)).float()
    ours, plain = AttentiveChrome(MARKS, BINS), PlainAttentiveChrome()
    plain.copy(ours)
    check_equal(ours, plain, signal)
    result: dict = {
        "genes": GENES,
        "marks": MARKS,
        "bins": BINS,
        "threads": torch.get_num_threads(),
    }
    timing = (options.rounds, len(signal) / GENES)
    for batch in (16, 256):
        result[f"train_epoch_batch_{batch}"] = compare(
            *timing,
            lambda batch=batch: train(ours, signal, label, batch),
            lambda batch=batch: train(plain, signal, label, batch),
        )
        result[f"inference_batch_{batch}"] = compare(
            *timing,
            lambda batch=batch: predict(ours, signal, batch),
            lambda batch=batch: predict(plain, signal, batch),
        )
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
