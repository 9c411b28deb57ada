"""The parts of the networks written out, one step, filter and bin at a time."""

import torch


def plain_lstm(lstm, steps):
    """The recurrence written out, one step at a time; steps × input → steps × hidden."""

    def direction(steps, suffix):
        weights = [getattr(lstm, name + suffix) for name in ("weight_ih_l0", "weight_hh_l0")]
        biases = [getattr(lstm, name + suffix) for name in ("bias_ih_l0", "bias_hh_l0")]
        hidden = cell = torch.zeros(lstm.hidden_size)
        states = []
        for step in steps:
            gates = weights[0] @ step + biases[0] + weights[1] @ hidden + biases[1]
            enter, forget, new, out = gates.chunk(4)
            cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
            hidden = out.sigmoid() * cell.tanh()
            states.append(hidden)
        return torch.stack(states)

    forward = direction(steps, "")
    if not lstm.bidirectional:
        return forward
    return torch.cat([forward, direction(steps.flip(0), "_reverse").flip(0)], dim=1)


def plain_attention(states, context):
    scores = torch.stack([state @ context for state in states]).exp()
    weights = scores / scores.sum()
    return sum(w * state for w, state in zip(weights, states, strict=True)), weights


def plain_convolution(convolution, signal, padding=(0, 0)):
    """ReLU of the convolution, sum by sum; mark × bin → bin × filter."""
    marks, bins = signal.shape
    kernel = convolution.kernel_size[0]
    positions = range(-padding[0], bins + padding[1] - kernel + 1)
    found = torch.zeros(len(positions), convolution.out_channels)
    for row, start in enumerate(positions):
        for number, weights in enumerate(convolution.weight):
            total = convolution.bias[number]
            for mark in range(marks):
                for step in range(kernel):
                    if 0 <= start + step < bins:
                        total = total + weights[mark, step] * signal[mark, start + step]
            found[row, number] = max(total, torch.tensor(0.0))
    return found


def spread(model):
    """Take the parameters far from zero, so that attention is far from uniform."""
    for parameter in model.parameters():
        parameter.mul_(5)
    return model.eval()


def assert_close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
