import numpy as np
import torch

from attendome.models.lstm_attention import LstmAttention, LstmAttentionSettings

from .plain import assert_close, plain_attention, plain_lstm, spread

SIGNAL = torch.from_numpy(np.random.default_rng(0).poisson(3, (4, 3, 15)).astype(np.float32))


@torch.no_grad()
def test_equals_the_equations_written_out():
    torch.manual_seed(1)
    model = spread(LstmAttention(3, 15, LstmAttentionSettings(bin_hidden=4)))
    output = model(SIGNAL)
    for gene, signal in enumerate(SIGNAL):
        states = plain_lstm(model.encoder, signal.T)
        summary, weights = plain_attention(states, model.attention.context)
        assert_close(output.prediction[gene], model.output(summary).squeeze(-1))
        for mark in range(3):  # one attention for all marks
            assert_close(output.alpha[gene, mark], weights)
