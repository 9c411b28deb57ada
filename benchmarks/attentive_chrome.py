"""Time attentive-chrome against straightforward PyTorch versions of the same equations.

At real size: one training epoch over 6,601 genes × 5 marks × 100 bins at batch sizes 16 and 256,
and inference on the same genes. Both plain versions run one nn.LSTM per mark, in a loop over the
marks; one attends gene by gene, as the published code does, the other to a whole batch at once. All
sides do the same arithmetic, run in turn in one process, and must agree to 1e-5 before they are
timed. Prints JSON: seconds of each side (median over rounds, scaled up from the share of the genes
that was run) and the ratios gene_by_gene / ours and batched / ours.

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


class GeneByGeneAttention(nn.Module):
    """Attention over the steps of one sequence per gene, gene by gene."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.context = nn.Parameter(torch.zeros(hidden))

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh the states, batch × step × hidden, and sum."""
        weights = torch.stack([torch.softmax(gene @ self.context, dim=0) for gene in states])
        sums = [weights[gene] @ states[gene] for gene in range(len(states))]
        return torch.stack(sums), weights


class BatchedAttention(GeneByGeneAttention):
    """The same, of all genes of a batch at once."""

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Weigh the states, batch × step × hidden, and sum."""
        weights = torch.softmax(states @ self.context, dim=1)
        return (weights.unsqueeze(1) @ states).squeeze(1), weights


class PlainAttentiveChrome(nn.Module):
    """The same network as most would write it: mark by mark."""

    def __init__(self, attention: type[GeneByGeneAttention]) -> None:
        super().__init__()
        self.lstms = nn.ModuleList(
            nn.LSTM(1, 32, bidirectional=True, batch_first=True) for _ in range(MARKS)
        )
        self.bin_attentions = nn.ModuleList(attention(64) for _ in range(MARKS))
        self.mark_lstm = nn.LSTM(64, 16, bidirectional=True, batch_first=True)
        self.mark_attention = attention(32)
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


Sides = dict[str, nn.Module]
PLAIN = {"gene_by_gene": GeneByGeneAttention, "batched": BatchedAttention}


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


def compare(rounds: int, share: float, run: Callable[[nn.Module], None], sides: Sides) -> dict:
    """Time all sides in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, model in sides.items():
            start = time.perf_counter()
            run(model)
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    result: dict = {
        f"{name}_seconds": round(statistics.median(times) / share, 2)
        for name, times in seconds.items()
    }
    for name in PLAIN:
        ratios = [p / o for o, p in zip(seconds["ours"], seconds[name], strict=True)]
        result[f"{name}_ratio"] = round(statistics.median(ratios), 2)
        result[f"{name}_ratio_range"] = [round(min(ratios), 2), round(max(ratios), 2)]
    return result


def main() -> None:
    """Compare training and inference."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.1, help="share of the genes that is run")
    options = parser.parse_args()
    torch.manual_seed(0)
    signal = torch.poisson(torch.full((int(GENES * options.share), MARKS, BINS), 3.0))
    label = torch.randint(2, (len(signal),)).float()
    sides: Sides = {"ours": (ours := AttentiveChrome(MARKS, BINS))}
    for name, attention in PLAIN.items():
        sides[name] = plain = PlainAttentiveChrome(attention)
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
        for name, run in (
            ("train_epoch", lambda model, batch=batch: train(model, signal, label, batch)),
            ("inference", lambda model, batch=batch: predict(model, signal, batch)),
        ):
            result[f"{name}_batch_{batch}"] = compare(*timing, run, sides)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
