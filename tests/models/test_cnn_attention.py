import numpy as np
import pytest
import torch

from attendome.models.cnn_attention import CnnAttention, CnnAttentionSettings

from .plain import assert_close, plain_attention, plain_convolution, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@pytest.mark.parametrize(("kernel", "padding"), [(1, (0, 0)), (4, (1, 2)), (5, (2, 2))])
@torch.no_grad()
def test_equals_the_equations_written_out(kernel, padding):
    torch.manual_seed(1)
    model = spread(CnnAttention(3, 15, CnnAttentionSettings(filters=4, kernel=kernel)))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        states = plain_convolution(model.encoder.convolution, signal, padding)
        summary, weights = plain_attention(states, model.attention.context)
        assert_close(output.prediction[gene], model.output(summary).squeeze(-1))
        for mark in range(3):  # one attention for all marks
            assert_close(output.alpha[gene, mark], weights)


def test_fewer_bins_than_the_kernel_covers():
    assert CnnAttention(2, 4)(torch.ones(3, 2, 4)).alpha.shape == (3, 2, 4)
