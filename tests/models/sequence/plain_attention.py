"""Distal attention and exponential contexts written out: pair by pair of bins."""

import math

import torch


def random_inputs(positions, batch=2, heads=3, channels=5, dtype=torch.float32):
    """Queries, states and the profile of f, all with gradients."""
    torch.manual_seed(positions)
    shapes = (batch, heads, channels, positions), (batch, channels, positions)
    queries, states = (torch.randn(shape, dtype=dtype) for shape in shapes)
    profile = torch.rand(heads, 2 * positions - 1, dtype=dtype)
    return [tensor.requires_grad_() for tensor in (queries, states, profile)]


def plain_heads(queries, states, profile, relu_scores=False):
    """Contexts and weights, bin by bin."""
    contexts, weights = torch.zeros_like(queries), []
    for batch, of_heads in enumerate(queries):
        for head, query in enumerate(of_heads):
            h = states[batch]
            last = h.shape[1] - 1
            for j in range(h.shape[1]):
                scores = []
                for t in range(h.shape[1]):
                    score = query[:, j] @ h[:, t]
                    if relu_scores:
                        score = torch.where(score > 0, score, 0.0)
                    scores.append(profile[head, t - j + last] * score)
                powers = torch.stack(scores).exp()
                weights.append(powers / powers.sum())
                contexts[batch, head, :, j] = sum(w * h[:, t] for t, w in enumerate(weights[-1]))
    return contexts, torch.stack(weights).view(*queries.shape[:2], -1, states.shape[2])


def plain_decay(states, alpha, diagonal=True):
    """Contexts of each α, bin by bin."""
    contexts = torch.zeros(len(alpha), *states.shape, dtype=states.dtype)
    for k, rate in enumerate(alpha):
        for j in range(states.shape[2]):
            for t in range(states.shape[2]):
                if diagonal or t != j:
                    contexts[k, :, :, j] += math.exp(-rate * abs(j - t)) * states[:, :, t]
    return contexts.transpose(0, 1)


def gradients(function, inputs):
    """The outcome, and the gradients of all inputs of a sum that tells its elements apart."""
    outcome = function(*inputs)
    torch.manual_seed(0)
    return outcome, *torch.autograd.grad(outcome, inputs, torch.randn_like(outcome))


def assert_all_close(found, expected):
    """To 1e-5 of the largest, if above 1: what a sum is rounded by follows its terms."""
    for one, other in zip(found, expected, strict=True):
        tolerance = 1e-5 * max(1.0, other.detach().abs().max().item())
        torch.testing.assert_close(one, other, atol=tolerance, rtol=0)
